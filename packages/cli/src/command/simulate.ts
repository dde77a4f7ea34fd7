import type { Command } from 'commander';

export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('simulate a fleet in virtual time, to choose settings before you use them; --help says how')
    .helpOption(false)
    .allowUnknownOption()
    .argument('[options...]')
    // The simulator takes its arguments apart itself, so that it does so in one way wherever it runs.
    .action(async (_: unknown, __: unknown, command: Command) => {
      const { runSimulate } = await import('@switchgear/simulator/cli');
      process.exitCode = await runSimulate(command.args, 'switchgear simulate');
    });
}
