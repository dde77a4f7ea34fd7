/** How a command ends, for the shell that called it. */

import { isSwitchgearError } from 'switchgear';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  nothingDone: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES: Readonly<Record<ExitCode, string>> = {
  0: 'done; also where Ctrl-C ends what runs until then (`--watch`, `tail`, `serve`, `proxy`)',
  1: 'it failed: the store did, or `doctor` found an error',
  2: 'wrong command line or configuration; nothing was done',
  3: 'nothing was done: the answer was no, no circuit matches, there was nothing to release, or somebody came first',
};

/** What ends a command early: in one sentence what is wrong, and its mend. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export const usageError = (message: string) => new CommandError(EXIT.usage, message);

/** The end that an error means. What nobody foresaw is a bug: it keeps its stack. */
export function endOf(error: unknown): { readonly exitCode: ExitCode; readonly message: string } {
  if (error instanceof CommandError) return error;
  if (isSwitchgearError(error, 'INVALID_CONFIGURATION'))
    return { exitCode: EXIT.usage, message: error.problems.join('\n') };
  if (isSwitchgearError(error, 'CONFLICT'))
    return { exitCode: EXIT.nothingDone, message: `${error.message}\nlook again, then repeat the command` };
  if (isSwitchgearError(error, 'STORE_FAILED'))
    return {
      exitCode: EXIT.failed,
      message: `${error.message}\nswitchgear doctor says what is wrong with the store`,
    };
  return { exitCode: EXIT.failed, message: String((error as Error)?.stack ?? error) };
}
