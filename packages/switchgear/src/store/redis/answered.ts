/** The other side has said nothing for too long. */
export class Silence extends Error {
  override readonly name = 'Silence';
  readonly code = 'ETIMEDOUT';
}

/** What `step` comes to. Rejects with `Silence` where that takes longer than `ms`; the step itself goes on. */
export function answered<T>(step: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Silence(`no answer within ${ms} ms`)), ms);
    step.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
