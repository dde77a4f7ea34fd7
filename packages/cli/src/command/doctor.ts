import type { Command } from 'commander';
import { printable } from '../render/printable.ts';
import { CommandError, EXIT } from './exit.ts';
import { inSession, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { out, style } from './terminal.ts';

export function registerDoctor(program: Command): void {
  withStore(program.command('doctor'))
    .description(
      'try everything that the store needs, and say what is wrong with its mend; fails for errors, not for warnings',
    )
    .option('--json', 'JSON instead of text')
    .action((flags: StoreFlags & { readonly json?: true }) =>
      inSession(flags, async ({ operator }) => {
        const problems = await operator.check();
        if (flags.json) out(`${JSON.stringify({ problems })}\n`);
        else if (problems.length === 0)
          out(`${style.state('closed', 'well')}: nothing is wrong with the store\n`);
        else
          for (const { severity, what, mend } of problems)
            out(
              `${style.state(severity === 'error' ? 'open' : 'half-open', severity)}: ${printable(what)}\n  mend: ${printable(mend)}\n`,
            );
        const errors = problems.filter(({ severity }) => severity === 'error').length;
        if (errors > 0)
          throw new CommandError(EXIT.failed, `${errors} of it keeps circuits from being shared`);
      }),
    );
}
