import { Command } from 'commander';
import { printableLines } from '../render/printable.ts';
import { registerSidecar } from '../sidecar/command.ts';
import { VERSION } from '../version.ts';
import { registerActs } from './acts.ts';
import { registerCompletion } from './completion.ts';
import { registerDoctor } from './doctor.ts';
import { EXIT_CODES } from './exit.ts';
import { registerHistory } from './history.ts';
import { registerPolicy } from './policy.ts';
import { registerServe } from './serve.ts';
import { registerSimulate } from './simulate.ts';
import { registerStatus } from './status.ts';
import { registerTable } from './table.ts';
import { registerTail } from './tail.ts';

/** The whole command line. A new one for each run: commander keeps what it parsed. */
export function programFor(): Command {
  const program = new Command('switchgear')
    .description('see and operate the circuits of a fleet')
    .version(VERSION, '--version', 'the version')
    .helpOption('--help', 'what a command does and takes')
    .helpCommand(false)
    .showHelpAfterError('(--help says what is allowed)')
    .configureOutput({ writeErr: (text) => process.stderr.write(printableLines(text)) })
    .exitOverride()
    .addHelpText('after', `\nExit codes:\n${exitCodes()}\n`);
  registerStatus(program);
  registerActs(program);
  registerHistory(program);
  registerTail(program);
  registerPolicy(program);
  registerDoctor(program);
  registerServe(program);
  registerSidecar(program);
  registerTable(program);
  registerSimulate(program);
  registerCompletion(program);
  return program;
}

function exitCodes(): string {
  return Object.entries(EXIT_CODES)
    .map(([code, meaning]) => `  ${code}  ${meaning}`)
    .join('\n');
}
