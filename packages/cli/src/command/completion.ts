import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/script.ts';
import { out } from './terminal.ts';

export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and flags in a shell')
    .addArgument(new Argument('<shell>', 'of which shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\n  bash  eval "$(switchgear completion bash)"           in ~/.bashrc' +
        '\n  zsh   eval "$(switchgear completion zsh)"            in ~/.zshrc, behind compinit' +
        '\n  fish  switchgear completion fish | source           in ~/.config/fish/config.fish\n',
    )
    .action((shell: Shell) => out(completionScript(shell, program)));
}
