import { answered } from './answered.ts';
import type { Subscriber } from './connection.ts';
import { ANSWER_TIMEOUT_MS, HEARTBEAT_MS, reconnectDelay } from './reconnect.ts';

/**
 * Keeps a subscription: opens a new subscriber each time the last one ends, and says whenever a subscription begins. The
 * clients could resubscribe by themselves, but not all of them say when they did, so the gap would go unnoticed.
 * A subscription whose `onLive` fails is begun anew, and so is one whose other side answers no more.
 */
export function keepSubscribed(
  open: () => Promise<Subscriber>,
  channel: string,
  onMessage: (message: string) => void,
  onLive: () => Promise<void>,
): () => void {
  let over = false;
  let current: Subscriber | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;

  async function begin(): Promise<void> {
    try {
      current = await open();
      if (over) return current.end();
      await current.subscribe(channel, (message) => {
        if (!over) onMessage(message);
      });
      await onLive();
      attempt = 0;
      await Promise.race([current.ended, silence(current)]);
    } catch {
      // Whatever it was, calls meet it too, and report it.
    }
    clearTimeout(timer);
    current?.end();
    current = undefined;
    attempt += 1;
    if (!over) timer = setTimeout(() => void begin(), reconnectDelay(attempt));
  }

  /** Rejects when the server does not answer. */
  async function silence(subscriber: Subscriber): Promise<void> {
    // Its end may come while a ping is under way: then the timer is the next subscription's.
    while (current === subscriber) {
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, HEARTBEAT_MS);
      });
      await answered(subscriber.ping(), ANSWER_TIMEOUT_MS);
    }
  }

  void begin();
  return () => {
    over = true;
    clearTimeout(timer);
    current?.end();
  };
}
