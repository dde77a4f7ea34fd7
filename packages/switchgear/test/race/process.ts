/** One operating system process of a fleet, as the test sees it. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { EffectiveState } from '../../src/circuit/status.ts';
import type { BreakerOptions, Epoch, StateChange } from '../../src/index.ts';
import type { GearOptions } from '../../src/options.ts';
import type { DynamoDBStoreOptions } from '../../src/store/dynamodb/index.ts';
import { bundle } from '../lambda/rig/bundle.ts';

/** How a call ended for its caller. `wrong`: with an error that is neither the dependency's nor a rejection. */
export interface CallOutcome {
  readonly how: 'ok' | 'failed' | 'rejected' | 'wrong';
  readonly message?: string;
}

/** A write that the library asked of the store. */
export interface Write {
  readonly verb: 'report' | 'transition' | 'lease' | 'settle';
  /** `refused`: its condition did not hold. `none`: it ended with an error. */
  readonly answer: 'pending' | 'accepted' | 'refused' | 'none';
  /** Failures that a report carried. */
  readonly failures?: number;
}

export interface Look {
  readonly state: EffectiveState;
  readonly epoch: Epoch;
  /** How far what it takes for the store's time is ahead of the machine's clock, which is the store's. */
  readonly clockErrorMs: number;
  readonly changes: readonly StateChange[];
  readonly writes: readonly Write[];
  /** What the store did wrong, as the gear tells it. */
  readonly storeErrors: readonly string[];
  readonly calls: {
    readonly ok: number;
    readonly failed: number;
    readonly rejected: number;
    readonly wrong: readonly string[];
    /** The most that a call took longer than its function and the store's budget together, milliseconds in which the process ran. */
    readonly overBudgetMs: number;
    /** The longest time from one call to the next, of those that it makes all the time: what the machine's load makes of 40 ms. */
    readonly longestRoundMs: number;
  };
}

export interface Settings {
  readonly circuit: string;
  readonly store: Pick<DynamoDBStoreOptions, 'tableName' | 'region' | 'endpoint'>;
  readonly gear: GearOptions & { readonly storeTimeout: number };
  readonly breaker: BreakerOptions;
  /** Address of the dependency. */
  readonly dependency: string;
}

/** What a process can be told after `open`, and what it answers. */
export interface Commands {
  /** Asks the store until its time is known. */
  warm: Look;
  /** One call. */
  call: CallOutcome;
  /** From now on it calls all the time. */
  startCalling: undefined;
  stopCalling: undefined;
  look: Look;
  /** Waits for the fate of everything that is under way to the store. */
  settle: Look;
  close: Look;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

let program: Promise<string> | undefined;

afterAll(async () => {
  if (program) await rm(dirname(await program), { recursive: true });
});

/** child.mjs in one file: to find and load those of the SDK one by one costs nearly as much again as all the rest of a start. */
async function bundled(): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'switchgear-fleet-')), 'child.mjs');
  await bundle(fileURLToPath(new URL('child.mjs', import.meta.url)), file);
  return file;
}

export class Process {
  readonly index: number;
  /** What its clock shows more than the machine's. */
  readonly skewMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #asked = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #lastId = 0;
  #complaint = '';
  #frozen: ChildProcess | undefined;

  private constructor(file: string, index: number, skewMs: number) {
    this.index = index;
    this.skewMs = skewMs;
    const credentials = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
    this.#child = fork(file, [String(index), String(skewMs)], {
      execArgv: [],
      env: { ...process.env, ...credentials },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#exited = once(this.#child, 'close').then(() => {
      for (const { reject } of this.#asked.values())
        reject(new Error(`process ${index} has ended\n${this.#complaint}`));
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-2_000);
    });
    this.#child.on('message', ({ id, value, error }: Reply) => {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (error === undefined) asked?.resolve(value);
      else asked?.reject(new Error(`process ${index}: ${error}`));
    });
  }

  /** Starts a process whose clock shows `skewMs` more than the machine's; it is in `living` from the beginning. */
  static async start(index: number, skewMs: number, living: Set<Process>): Promise<Process> {
    program ??= bundled();
    const started = new Process(await program, index, skewMs);
    living.add(started);
    await started.#reply(0);
    return started;
  }

  get usable(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && !this.#frozen;
  }

  /** Joins a circuit, with everything new but the process. */
  async open(settings: Settings): Promise<void> {
    await this.#ask('open', settings);
  }

  async ask<C extends keyof Commands>(command: C): Promise<Commands[C]> {
    return (await this.#ask(command)) as Commands[C];
  }

  /** SIGSTOP, as Lambda does to a process between two invocations. */
  freeze(): void {
    const pid = this.#child.pid as number;
    this.#child.kill('SIGSTOP');
    // A frozen process outlives its parent's death: only who still runs can see to it.
    this.#frozen = spawn('sh', ['-c', `read -r _ || kill -9 ${pid}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#frozen.unref();
    this.#frozen.stdin?.on('error', () => {});
  }

  thaw(): void {
    this.#frozen?.stdin?.end('\n');
    this.#frozen = undefined;
    this.#child.kill('SIGCONT');
  }

  /** SIGKILL; settles when the process has gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#frozen?.stdin?.end('\n');
  }

  #ask(command: string, argument?: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    const reply = this.#reply(id);
    this.#child.send({ id, command, argument });
    return reply;
  }

  #reply(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }
}
