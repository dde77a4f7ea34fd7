/** One environment of a function: an OS process that is stopped whenever it has nothing to do. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Invocation } from './invocation.ts';
import type { World } from './world.ts';

const BOOTSTRAP = fileURLToPath(new URL('bootstrap.mjs', import.meta.url));

export interface EnvironmentOptions {
  readonly world: World;
  /** Address of the Runtime API for this environment, without `http://`. */
  readonly api: string;
  /** The bundled function. */
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  /** Invocations that it takes at the same time. */
  readonly pollers: number;
}

export class Environment {
  readonly #options: EnvironmentOptions;
  readonly #child: ChildProcess;
  readonly #watchdog: ChildProcess;
  readonly #log: string;
  /** The process asks for an invocation, and there is none. */
  readonly #parked: ServerResponse[] = [];
  /** Invocations that the process has not asked for yet. */
  readonly #waiting: Invocation[] = [];
  /** Those and the ones under way. */
  readonly #taken = new Map<string, Invocation>();
  #timedOut = false;
  #dead = false;
  /** Resolves when the process has gone. */
  readonly exited: Promise<void>;

  constructor(id: number, options: EnvironmentOptions) {
    this.#options = options;
    this.#log = join(options.world.folder, `${id}.log`);
    const log = openSync(this.#log, 'w');
    this.#child = spawn(process.execPath, [BOOTSTRAP], {
      env: {
        PATH: process.env.PATH,
        AWS_LAMBDA_RUNTIME_API: options.api,
        AWS_LAMBDA_FUNCTION_NAME: 'rig',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_REGION: 'eu-central-1',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        RIG_HANDLER: options.handler,
        RIG_POLLERS: String(options.pollers),
        RIG_CLOCK: options.world.clockFile,
        ...options.env,
      },
      // A pipe that a stopped process holds open would hold up whoever waits for its end.
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#watchdog = killWhenOrphaned(this.#child.pid as number);
    this.exited = once(this.#child, 'exit').then(([code, signal]) => {
      this.#dead = true;
      this.#watchdog.stdin?.end('\n');
      const why = `${signal ?? `code ${code}`}\n${this.log}`;
      for (const invocation of this.#taken.values())
        invocation.settle(this.#timedOut ? { how: 'timed out' } : { how: 'exited', why });
    });
  }

  /** What the function wrote. */
  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Whether it takes another invocation. */
  get free(): boolean {
    return !this.#dead && this.#taken.size < this.#options.pollers;
  }

  /** Resolves when the process is stopped, as the kernel sees it. */
  async stopped(): Promise<void> {
    while (/^\d+ \(.*\) (\w)/.exec(readFileSync(`/proc/${this.pid}/stat`, 'utf8'))?.[1] !== 'T')
      await sleep(1);
  }

  take(invocation: Invocation): void {
    this.#taken.set(invocation.id, invocation);
    const response = this.#parked.shift();
    if (response) this.#begin(invocation, response);
    else this.#waiting.push(invocation);
  }

  /** The process asks for an invocation. */
  asked(response: ServerResponse): void {
    const invocation = this.#waiting.shift();
    if (invocation) {
      this.#begin(invocation, response);
      return;
    }
    this.#parked.push(response);
    if (this.#parked.length === this.#options.pollers) this.#child.kill('SIGSTOP');
  }

  taken(id: string): Invocation | undefined {
    return this.#taken.get(id);
  }

  /** The process has answered; it goes on with asking for the next one. */
  ended(id: string): void {
    this.#taken.delete(id);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #begin({ id, event, timeoutMs, outcome }: Invocation, response: ServerResponse): void {
    this.#child.kill('SIGCONT');
    const headers = {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': String(this.#options.world.now() + timeoutMs),
    };
    response.writeHead(200, headers).end(JSON.stringify(event));
    const timer = setTimeout(() => {
      this.#timedOut = true;
      this.#child.kill('SIGKILL');
    }, timeoutMs);
    void outcome.then(() => clearTimeout(timer));
  }
}

/** A stopped process outlives its parent's death: only who still runs can see to it. */
function killWhenOrphaned(pid: number): ChildProcess {
  const watchdog = spawn('sh', ['-c', `read -r _ || kill -9 ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  watchdog.stdin?.on('error', () => {});
  return watchdog;
}
