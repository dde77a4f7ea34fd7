/** One process of the demo, as the orchestrator sees it. */

import { type ChildProcess, fork } from 'node:child_process';
import type { StoreCall } from './embedded-store.ts';
import type { FromChild, ToChild } from './messages.ts';
import { forget, type Note } from './note.ts';

export type Service = 'client' | 'order' | 'payment' | 'ledger';

const living = new Set<ChildProcess>();

/** Ends every process that the demo started and that still lives, each by its id. */
export function killAll(): void {
  for (const child of living) child.kill('SIGKILL');
}

export class Child {
  readonly name: string;
  readonly pid: number;
  /** Everything that this process has noted so far. */
  readonly notes: Note[] = [];
  /** Calls that it has made on the user's own store. */
  readonly storeCalls: StoreCall[] = [];
  state = 'starting';
  url = '';
  /** It has ended, or was told to. */
  gone = false;
  /** Rejects if the process ends before it is told to. */
  readonly broken: Promise<never>;
  readonly #process: ChildProcess;
  /** Continues whoever waits for the process's next word. */
  #heard: () => void = () => {};

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.pid = child.pid ?? 0;
    this.#process = child;
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.on('message', (message: FromChild) => this.#hear(message));
    this.broken = new Promise((_, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        living.delete(child);
        if (!this.gone)
          reject(new Error(`${name} ended (${signal ?? `exit code ${code}`})\n${complaint}`.trim()));
      });
    });
    // Whoever runs the play listens; a process that breaks before that must not end the program unheard.
    this.broken.catch(() => {});
  }

  /** Starts a service as an operating system process of its own. */
  static async start(service: Service, name: string, setup: unknown = null): Promise<Child> {
    const module = new URL(`./services/${service}.js`, import.meta.url);
    const process = fork(module, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    living.add(process);
    const child = new Child(name, process);
    await Promise.race([child.#word(), child.broken]);
    return child;
  }

  /** Sends `message` and waits until it is carried out. */
  async tell(message: Exclude<ToChild, { kind: 'finish' }>): Promise<void> {
    const done = this.#word();
    this.#process.send(message);
    await Promise.race([done, this.broken]);
  }

  /** Lets the process end what it is doing, hand in its last notes and exit. */
  async finish(): Promise<void> {
    this.gone = true;
    const gone = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.send({ kind: 'finish' } satisfies ToChild);
    await gone;
  }

  /** Forgets what it noted before `beforeMs`. */
  forget(beforeMs: number): void {
    forget(this.notes, (note) => note.endedAt < beforeMs);
    forget(this.storeCalls, (call) => call.at < beforeMs);
  }

  #word(): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = resolve;
    });
  }

  #hear(message: FromChild): void {
    if (message.kind === 'notes') {
      this.notes.push(...message.notes);
      this.storeCalls.push(...message.storeCalls);
      this.state = message.state ?? '';
      return;
    }
    if (message.kind === 'ready') this.url = message.url ?? '';
    this.#heard();
  }
}
