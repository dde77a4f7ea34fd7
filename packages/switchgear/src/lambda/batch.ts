/** Records of one batch, each through a guard; what was not done is known by name. */

import type { CallContext } from '../call.ts';
import { isSwitchgearError } from '../errors.ts';
import { failureName } from '../guard/classify.ts';
import { compose, type Guard } from '../guard/guard.ts';
import { wasRefused } from '../guard/was-refused.ts';
import { invocationDeadline } from './invocation-deadline.ts';

/** Does what a record asks for. `signal` is aborted when the record is given up: heed it, for the record will come again. */
export type RecordHandler<Record> = (record: Record, call: CallContext) => PromiseLike<unknown> | unknown;

export interface ConsumerOptions<Record> {
  /** What all records go through: a breaker, or a composition with one inside. Where its circuit is open no record is tried. */
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

/** Handles the batches of one consumer. */
export class Batches<Record> {
  readonly #handle: RecordHandler<Record>;
  readonly #guard: Guard<unknown>;
  readonly #onFailure: ((record: Record, error: unknown) => void) | undefined;

  constructor(handle: RecordHandler<Record>, { guard, onFailure }: ConsumerOptions<Record>) {
    this.#handle = handle;
    this.#guard = guard ? compose(guard, invocationDeadline()) : invocationDeadline();
    this.#onFailure = onFailure;
  }

  /**
   * Handles each lane's records one after the other, up to the first that is not done; `concurrency` lanes at the same time.
   * Returns all records that were not done, in no order.
   */
  async notDone(lanes: readonly (readonly Record[])[], concurrency: number): Promise<Set<Record>> {
    const undone = new Set(lanes.flat());
    const total = undone.size;
    const errors: unknown[] = [];
    const waiting = lanes.values();
    const work = async () => {
      for (const lane of waiting)
        for (const record of lane) {
          const outcome = await this.#try(record);
          if (outcome) {
            errors.push(outcome.error);
            // Time does not come back: no use asking the guard for the others.
            if (isSwitchgearError(outcome.error, 'NO_TIME_LEFT')) return;
            break;
          }
          undone.delete(record);
        }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, lanes.length) }, work));
    if (errors.length > 0 && !this.#onFailure) sayAloud(undone.size, total, errors);
    return undone;
  }

  async #try(record: Record): Promise<{ readonly error: unknown } | undefined> {
    try {
      await this.#guard.execute((call) => this.#handle(record, call));
      return undefined;
    } catch (error) {
      this.#tell(record, error);
      return { error };
    }
  }

  #tell(record: Record, error: unknown): void {
    // What it throws, now or later, must not take the records that are done back to the queue.
    new Promise<void>((resolve) => resolve(this.#onFailure?.(record, error))).catch((thrown) =>
      console.error('switchgear: onFailure threw', thrown),
    );
  }
}

/**
 * One line, however many failed. With the stack of the first error, if the handler threw one: nothing else would show it. Not the
 * error whole, which of an HTTP client has the request in it, credentials and all.
 */
function sayAloud(undone: number, total: number, errors: readonly unknown[]): void {
  const names = [...new Set(errors.map(failureName))].join(', ');
  const told = errors.find((error): error is Error => error instanceof Error && !wasRefused(error));
  console.error(
    `switchgear: ${undone} of ${total} records not done (${names})`,
    ...(told ? [told.stack] : []),
  );
}
