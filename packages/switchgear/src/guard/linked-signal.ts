/** A signal for what outlives a call, such as the body of an answer. */

import { onAbort } from './on-abort.ts';

/** Keeps what aborts a signal for as long as somebody has that signal. */
const controllers = new WeakMap<AbortSignal, AbortController>();
const collected = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * Aborted with `call`, and with `caller`, whose signal may live as long as the process: it holds nothing of those that are over. Of
 * what `AbortSignal.any` gives it would hold all that anybody has listened to, 1 KB for each call.
 */
export function linkedSignal(call: AbortSignal, caller: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  controllers.set(signal, controller);
  const abort = abortOf(new WeakRef(signal), caller);
  if (caller.aborted) abort();
  else collected.register(signal, onAbort(caller, abort));
  if (call.aborted) controller.abort(call.reason);
  else call.addEventListener('abort', () => controller.abort(call.reason), { once: true });
  return signal;
}

/** Apart: functions made in one place keep whatever any of them refers to. */
function abortOf(weak: WeakRef<AbortSignal>, caller: AbortSignal): () => void {
  return () => {
    const signal = weak.deref();
    if (signal) controllers.get(signal)?.abort(caller.reason);
  };
}
