import { type Command, InvalidArgumentError } from 'commander';
import { historyTable } from '../render/history.ts';
import { inSession, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { out, style, width } from './terminal.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

export function registerHistory(program: Command): void {
  withStore(program.command('history'))
    .description('show the transitions of a circuit and what operators did with it, newest first')
    .argument('<circuit>', 'its name')
    .option('--limit <n>', `how many at most, 1 to ${MAX_LIMIT}`, limit, DEFAULT_LIMIT)
    .option('--json', 'JSON instead of a table')
    .action((name: string, flags: StoreFlags & { readonly limit: number; readonly json?: true }) =>
      inSession(flags, async ({ operator }) => {
        const { limit } = flags;
        const [transitions, acts] = await Promise.all([
          operator.history(name, limit),
          operator.acts(name, limit),
        ]);
        if (flags.json) out(`${JSON.stringify({ name, transitions, acts })}\n`);
        else if (transitions.length + acts.length === 0)
          out('nothing yet: the circuit has been closed all the time, and no operator has touched it\n');
        else out(historyTable(transitions, acts, limit, style, width()));
      }),
    );
}

function limit(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MAX_LIMIT) return value;
  throw new InvalidArgumentError(`allowed: a whole number from 1 to ${MAX_LIMIT}.`);
}
