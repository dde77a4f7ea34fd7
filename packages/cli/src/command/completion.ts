import { Argument, type Command } from 'commander';
import { createStore } from 'switchgear/config';
import { type Candidate, complete } from '../completion/complete.ts';
import { COMPLETION_SCRIPTS, SHELLS, type Shell } from '../completion/script.ts';
import { EXIT } from './exit.ts';
import { settingsFrom } from './settings.ts';
import { out } from './terminal.ts';

/** Somebody has pressed Tab and waits. */
const WITHIN_MS = 2_000;

export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands, flags and names of circuits in a shell')
    .addArgument(new Argument('<shell>', 'of which shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\n  bash  eval "$(switchgear completion bash)"           in ~/.bashrc' +
        '\n  zsh   eval "$(switchgear completion zsh)"            in ~/.zshrc, behind compinit' +
        '\n  fish  switchgear completion fish | source           in ~/.config/fish/config.fish\n',
    )
    .action((shell: Shell) => out(COMPLETION_SCRIPTS[shell]));
  program
    .command('complete', { hidden: true })
    .description('what may stand in the place of the last word, for the scripts of `completion`')
    .argument('[word...]', 'what stands behind `switchgear`, up to the cursor')
    .action(async (words: string[]) => {
      // A store that hangs holds up nobody. What it kept open must not either.
      const late = setTimeout(() => process.exit(EXIT.done), WITHIN_MS);
      out((await complete(program, words, names)).map(line).join(''));
      clearTimeout(late);
    });
}

/** In the middle of a command line nobody wants to read what is wrong with it, or with the store. */
async function names(flags: Readonly<Record<string, string>>): Promise<readonly string[]> {
  try {
    const store = await createStore(settingsFrom(flags, process.env).store);
    try {
      return await store.list();
    } finally {
      await store.close?.();
    }
  } catch {
    return [];
  }
}

function line({ word, meaning }: Candidate): string {
  return meaning === undefined ? `${word}\n` : `${word}\t${meaning}\n`;
}
