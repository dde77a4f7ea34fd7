/** What every process of the demo does alike: obey the orchestrator, hand in notes, die with it. */

import type { StoreCall } from '../embedded-store.ts';
import type { FromChild, ToChild } from '../messages.ts';
import type { Note } from '../note.ts';

const FLUSH_MS = 200;

export interface Role {
  /** Address that this process serves, if it serves one. */
  readonly url?: string;
  /** Carries out a message; the orchestrator waits for it. */
  obey(message: Exclude<ToChild, { kind: 'finish' }>): void | Promise<void>;
  /** Ends what is running. */
  finish(): void | Promise<void>;
  /** State of the breaker in this process. */
  state?(): string;
}

let notes: Note[] = [];
let storeCalls: StoreCall[] = [];

/** Hands `note` in with the next flush. */
export function takeNote(note: Note): void {
  notes.push(note);
}

/** Hands `call` in with the next flush. */
export function takeStoreCall(call: StoreCall): void {
  storeCalls.push(call);
}

/** What the orchestrator gave this process at its start. */
export function setup<T>(): T {
  return JSON.parse(process.argv[2] ?? 'null') as T;
}

export function play(role: Role): void {
  const send = (message: FromChild) => process.send?.(message);
  const flush = () => {
    const state = role.state?.();
    send({ kind: 'notes', notes, storeCalls, ...(state === undefined ? {} : { state }) });
    notes = [];
    storeCalls = [];
  };

  const obey = async (message: ToChild) => {
    if (message.kind !== 'finish') {
      await role.obey(message);
      send({ kind: 'done' });
      return;
    }
    await role.finish();
    clearInterval(flushing);
    flush();
    process.disconnect();
  };

  const flushing = setInterval(flush, FLUSH_MS);
  process.on('message', (message: ToChild) => void obey(message));
  // The orchestrator has gone, killed perhaps: nobody may stay behind.
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches the whole process group; the orchestrator decides what follows.
  process.on('SIGINT', () => {});
  send({ kind: 'ready', ...(role.url === undefined ? {} : { url: role.url }) });
}
