interface Waiting {
  readonly runs: Set<() => void>;
  readonly fire: () => void;
}

/** Calls of one request share its signal, and Node takes more than ten listeners on a signal for a leak: so they share one. */
const waiting = new WeakMap<AbortSignal, Waiting>();

/** Calls `run`, which must not throw, once `signal` is aborted. Returns what forgets it. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  let shared = waiting.get(signal);
  if (!shared) {
    const runs = new Set<() => void>();
    const fire = () => {
      for (const each of [...runs]) each();
    };
    shared = { runs, fire };
    waiting.set(signal, shared);
    signal.addEventListener('abort', shared.fire);
  }
  const { runs, fire } = shared;
  runs.add(run);
  return () => {
    if (!runs.delete(run) || runs.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', fire);
  };
}
