import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/switchgear.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real command in processes of its own, with this environment and no other setting of the user's. */
export function commandWith(env: Readonly<Record<string, string>>) {
  const { PATH = '' } = process.env;
  const own = { PATH, HOME: tmpdir(), ...env };

  /** Starts the command and lets a test hear it while it runs. */
  function start(...args: string[]): Running {
    return new Running(spawn(process.execPath, [BIN, ...args], { cwd: tmpdir(), env: own }));
  }

  return {
    start,
    /** Runs the command to its end, with nobody at the keyboard. */
    run(...args: string[]): Promise<Ended> {
      const running = start(...args);
      running.child.stdin?.end();
      return running.ended;
    },
    /** Runs it in a terminal, where somebody types `answer`, having done `first`. */
    async inTerminal(
      answer: string,
      args: readonly string[],
      first?: () => Promise<unknown>,
    ): Promise<Ended> {
      const line = [process.execPath, BIN, ...args].map((each) => `'${each}'`).join(' ');
      const running = new Running(
        spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
          cwd: tmpdir(),
          env: { ...own, TERM: 'xterm-256color', SHELL: '/bin/sh' },
        }),
      );
      if (answer) {
        await running.says(/\[y\/N\]/);
        await first?.();
        running.child.stdin?.write(`${answer}\n`);
      }
      return running.ended;
    },
  };
}

export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  #out = '';
  #err = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
    });
    this.ended = once(child, 'close').then(([code]) => ({ code, out: this.#out, err: this.#err }));
  }

  /** Waits until the command has said something, on stdout or stderr. */
  async says(what: RegExp): Promise<string> {
    for (;;) {
      const said = what.exec(this.#out) ?? what.exec(this.#err);
      if (said) return said[0];
      const over = this.ended.then(({ code, out, err }) => {
        throw new Error(`it ended with ${code} and never said ${what}: ${out}${err}`);
      });
      const { stdout, stderr } = this.child;
      const heard = new AbortController();
      const { signal } = heard;
      await Promise.race([
        once(stdout as NodeJS.ReadableStream, 'data', { signal }),
        once(stderr as NodeJS.ReadableStream, 'data', { signal }),
        over,
      ]).finally(() => heard.abort());
    }
  }

  /** What it has said until now is no answer to what comes. */
  forget(): void {
    this.#out = '';
    this.#err = '';
  }

  /** Ctrl-C, and the end. */
  interrupt(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }
}
