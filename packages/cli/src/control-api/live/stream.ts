import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Clock } from 'switchgear';
import { Refusal } from '../problem.ts';
import type { EventLog } from './event-log.ts';
import type { Watcher } from './watcher.ts';

/** Streams at the same time; each holds a connection for good. */
export const MAX_STREAMS = 100;
/** A line now and then keeps proxies from closing the stream, and tells of a connection that is gone. */
const HEARTBEAT_MS = 15_000;

export interface Live {
  readonly log: EventLog;
  readonly watcher: Watcher;
  readonly clock: Clock;
  /** Aborts when the server closes: streams end by themselves never. */
  readonly closing: AbortSignal;
}

/** Sends what happens from now on, or behind `lastEventId`, until the client goes or the server closes. */
export function eventStream(
  c: Context,
  { log, watcher, clock, closing }: Live,
  lastEventId?: string,
): Response {
  // Nobody reads the body of an answer to HEAD: a stream behind it would never end.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
  if (watcher.listeners >= MAX_STREAMS)
    throw new Refusal(503, 'TOO_MANY_STREAMS', `${MAX_STREAMS} streams are open already; try again later`);
  return streamSSE(c, async (stream) => {
    const done = watcher.listen();
    const end = () => stream.abort();
    closing.addEventListener('abort', end);
    // The stream keeps for good who listens to its end: one, however many events it sends.
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    try {
      let last = lastEventId ?? log.latest;
      // An id without data is no event, but the browser keeps it: a client that loses the connection at once misses nothing.
      await stream.write(`retry: 1000\nid: ${last.replace(/[^\w-]/g, '')}\n\n`);
      while (!stream.aborted && !closing.aborted) {
        const entries = log.after(last);
        if (!entries) {
          last = log.latest;
          await stream.writeSSE({ event: 'reset', id: last, data: '{}' });
          continue;
        }
        for (const entry of entries) {
          await stream.writeSSE(entry);
          last = entry.id;
        }
        if (entries.length === 0 && !(await nextEvent(log, clock, gone.signal)))
          await stream.write(': alive\n\n');
      }
    } finally {
      closing.removeEventListener('abort', end);
      done();
    }
  });
}

/** Waits for an event, a heartbeat or the end of the stream; says whether it was no heartbeat. */
function nextEvent(log: EventLog, clock: Clock, gone: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (heard: boolean) => {
      forget();
      timer.cancel();
      gone.removeEventListener('abort', end);
      resolve(heard);
    };
    const end = () => settle(true);
    const forget = log.onNext(() => settle(true));
    const timer = clock.setTimer(() => settle(false), HEARTBEAT_MS);
    gone.addEventListener('abort', end);
  });
}
