import { StoreError } from '../../errors.ts';

/** `reads`, of which those without an answer after `ms` fail once another one has one: a silent node must not keep the others waiting. */
export function together<T>(reads: readonly Promise<T>[], ms: number | undefined): readonly Promise<T>[] {
  if (ms === undefined) return reads;
  const silence = new Promise<never>((_, reject) => {
    const late = () => reject(new StoreError(`no answer within ${ms} ms, while others came`, 'unknown'));
    // Where none has come, they are all waited for: what comes late is better than nothing.
    const timer = setTimeout(() => Promise.any(reads).then(late, () => {}), ms);
    void Promise.allSettled(reads).then(() => clearTimeout(timer));
  });
  silence.catch(() => {});
  return reads.map((read) => Promise.race([read, silence]));
}
