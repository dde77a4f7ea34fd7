/** Records of one batch, each through a guard; what was not done is known by name. */

import type { CallContext } from '../call.ts';
import { isSwitchgearError } from '../errors.ts';
import { failureName } from '../guard/classify.ts';
import { compose, type Guard } from '../guard/guard.ts';
import { traceOf } from '../guard/trace-of.ts';
import { wasRefused } from '../guard/was-refused.ts';
import { invocationDeadline } from './invocation-deadline.ts';

/** Does what a record asks for. `signal` is aborted when the record is given up: heed it, for the record will come again. */
export type RecordHandler<Record> = (record: Record, call: CallContext) => PromiseLike<unknown> | unknown;

export interface ConsumerOptions<Record> {
  /** What all records go through: a breaker, or a composition with one inside. Where its circuit is open no record is tried, nor done by what it answers instead. */
  readonly guard?: Guard<unknown>;
  /**
   * Called with a record that was not done and why: the handler's error, or a `CircuitOpenError`, `BulkheadFullError` or
   * `NoTimeLeftError` where it was not tried. Not called for those that then stay untried behind it, and not awaited. Default: one
   * line per batch on `console.error`.
   */
  readonly onFailure?: (record: Record, error: unknown) => void;
}

/** What Lambda is told: these come again, the others are done. */
export interface BatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

export function batchResponse(identifiers: Iterable<string>): BatchResponse {
  return { batchItemFailures: [...identifiers].map((itemIdentifier) => ({ itemIdentifier })) };
}

/**
 * Handles each lane's records one after the other, up to the first that is not done; `concurrency` lanes at the same time. Returns
 * all records that were not done, in no order. Never rejects.
 */
export type HandleBatch<Record> = (
  lanes: readonly (readonly Record[])[],
  concurrency: number,
) => Promise<Set<Record>>;

export function batchHandler<Record>(
  handle: RecordHandler<Record>,
  guard: ConsumerOptions<Record>['guard'],
  onFailure: ConsumerOptions<Record>['onFailure'],
): HandleBatch<Record> {
  const deadline = invocationDeadline();
  const guards = guard ? compose(guard, deadline) : deadline;
  return async (lanes, concurrency) => {
    const undone = new Set(lanes.flat());
    const total = undone.size;
    const errors: unknown[] = [];
    const tell = onFailure && teller(onFailure);
    const waiting = lanes.values();
    const work = async () => {
      for (const lane of waiting)
        for (const record of lane)
          try {
            await done(guards, record, handle);
            undone.delete(record);
          } catch (error) {
            errors.push(error);
            tell?.(record, error);
            // Time does not come back: no use asking the guard for the others.
            if (isSwitchgearError(error, 'NO_TIME_LEFT')) return;
            break;
          }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, lanes.length) }, work));
    if (errors.length > 0 && !tell) sayAloud(undone.size, total, errors);
    return undone;
  };
}

/**
 * Settles once `handle` has done `record`; rejects where it has not. What a guard answers in its place, such as the last good
 * answer of a record before it, would else mark as done what nobody has tried.
 */
async function done<Record>(
  guards: Guard<unknown>,
  record: Record,
  handle: RecordHandler<Record>,
): Promise<void> {
  let isDone = false;
  let hidden: unknown = new Error('not done');
  const run = async (call: CallContext) => {
    const result = await handle(record, call);
    isDone = true;
    return result;
  };
  await guards.execute(run, {
    onFallback(error) {
      hidden = error;
    },
  });
  if (!isDone) throw hidden;
}

/** What `onFailure` throws, now or later, is said once per batch, and takes no record that is done back to the queue. */
function teller<Record>(onFailure: (record: Record, error: unknown) => void): typeof onFailure {
  let said = false;
  return (record, error) => {
    new Promise<void>((resolve) => resolve(onFailure(record, error))).catch((thrown) => {
      if (!said) console.error('switchgear: onFailure threw', traceOf(thrown));
      said = true;
    });
  };
}

/** One line, however many failed. With the first error that the handler threw, if it did. */
function sayAloud(undone: number, total: number, errors: readonly unknown[]): void {
  const names = [...new Set(errors.map(failureName))].join(', ');
  const first = errors.filter((error) => !wasRefused(error)).slice(0, 1);
  console.error(`switchgear: ${undone} of ${total} records not done (${names})`, ...first.map(traceOf));
}
