import type { Command } from 'commander';
import { circuitView } from '../circuits/circuit-view.ts';
import { readRecords } from '../circuits/read-records.ts';
import { type CircuitsShown, circuitsTable, ISOLATED } from '../render/circuits.ts';
import { doubtOf, select } from './select.ts';
import { inSession, type Session, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { note, noteGoingOn, out, pause, style, untilInterrupted, width } from './terminal.ts';

const WATCH_MS = 2_000;
const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

interface Flags extends StoreFlags {
  readonly watch?: true;
  readonly json?: true;
}

export function registerStatus(program: Command): void {
  withStore(program.command('status'))
    .description('show circuits: all, or those that are named')
    .argument('[circuit...]', 'names or patterns such as pay*')
    .option('--watch', `show them again every ${WATCH_MS / 1_000} s, until Ctrl-C`)
    .option('--json', 'JSON instead of a table; with --watch one line each time')
    .action((asked: string[], flags: Flags) =>
      inSession(flags, async (session) => {
        const doubt = asked.length > 0 && doubtOf(select(asked, await session.store.list()));
        if (doubt) note(`switchgear: ${doubt}`);
        if (!flags.watch) return show(await shown(session, asked), flags);
        await untilInterrupted(async (signal) => {
          // A store that is not there at all ends the command; one that fails later is asked again.
          let circuits: CircuitsShown | undefined = await shown(session, asked);
          while (!signal.aborted) {
            if (circuits) {
              if (!flags.json && process.stdout.isTTY) out(CLEAR);
              show(circuits, flags);
            }
            await pause(WATCH_MS, signal);
            if (!signal.aborted) circuits = await shown(session, asked).catch(noteGoingOn);
          }
        });
      }),
    );
}

/** The circuits as they are now. */
export async function shown({ store }: Session, asked: readonly string[]): Promise<CircuitsShown> {
  const names = asked.length > 0 ? select(asked, await knownNames(store, asked)).names : undefined;
  const { records, unreadable } = await readRecords(store, names);
  const nowMs = store.now() ?? Date.now();
  return { nowMs, circuits: records.map((record) => circuitView(record, nowMs)), unreadable };
}

/** Names in full need no list. */
async function knownNames(store: Session['store'], asked: readonly string[]): Promise<string[]> {
  return asked.some((each) => each.includes('*')) ? store.list() : [];
}

export function show(circuits: CircuitsShown, { json }: Pick<Flags, 'json'>): void {
  if (json) out(`${JSON.stringify(circuits)}\n`);
  else if (circuits.circuits.length + circuits.unreadable.length === 0)
    out('no circuits yet: a circuit is stored with its first failure or the first act of an operator\n');
  else {
    out(circuitsTable(circuits, style, width()));
    if (circuits.circuits.some(({ evidence }) => evidence.isolated > 0)) note(ISOLATED);
  }
}
