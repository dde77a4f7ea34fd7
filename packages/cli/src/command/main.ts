import { CommanderError } from 'commander';
import { EXIT, endOf } from './exit.ts';
import { programFor } from './program.ts';
import { note } from './terminal.ts';

/** Runs the command line and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // The AWS SDK's notice of the Node versions it will ask for in years to come is for developers, not for who looks at circuits.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  // `switchgear status | head`: the reader has had enough.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      // Without stderr a server goes on: its notes have no reader, its circuits do.
      if (stream === process.stdout) process.exit(EXIT.done);
    });
  try {
    await programFor().parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    // It has been said already, help too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { exitCode, message } = endOf(error);
    note(`switchgear: ${message}`);
    return exitCode;
  }
}
