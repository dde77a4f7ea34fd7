import type { Command } from 'commander';
import type { Duration, OverrideMode } from 'switchgear';
import type { CircuitStatus, Operator } from 'switchgear/operate';
import { resetCircuits } from '../circuits/reset.ts';
import { printable } from '../render/printable.ts';
import { CommandError, EXIT, usageError } from './exit.ts';
import { doubtOf, type Selection, select } from './select.ts';
import { inSession, withAuthor, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { show, shown } from './status.ts';
import { confirmed, interactive, note } from './terminal.ts';

interface Flags extends StoreFlags {
  readonly reason: string;
  readonly for?: Duration;
  readonly yes?: true;
  readonly json?: true;
}

/** The circuits as they were shown before the answer was yes; empty where nobody was asked. */
type Seen = Readonly<Record<string, CircuitStatus>>;

interface Act {
  readonly does: string;
  /** What will happen, for the question before it does. */
  readonly means: string;
  readonly run: (operator: Operator, names: readonly string[], flags: Flags, seen: Seen) => Promise<unknown>;
  /** Whether `--for` makes sense. */
  readonly ends?: true;
}

const override = (mode: OverrideMode): Act['run'] => {
  return (operator, names, { reason, for: forMs }, seen) => {
    const request = { mode, reason, ...(forMs !== undefined && { forMs }) };
    return operator.setStates(
      Object.fromEntries(names.map((name) => [name, { ...request, ...asSeen(seen[name]) }])),
    );
  };
};

/** The yes was for what was shown: an operator who came in between is not overruled by it. */
function asSeen(status: CircuitStatus | undefined): { readonly ifVersion?: number } {
  return status ? { ifVersion: status.overrideVersion } : {};
}

const ACTS: Readonly<Record<'open' | 'close' | 'disable' | 'release' | 'reset', Act>> = {
  open: {
    does: 'force circuits open: all calls are rejected',
    means: 'all calls will be rejected',
    run: override('forced-open'),
    ends: true,
  },
  close: {
    does: 'force circuits closed: all calls go through, failures are counted and trip nothing',
    means: 'all calls will go through, whatever fails',
    run: override('forced-closed'),
    ends: true,
  },
  disable: {
    does: 'disable circuits: all calls go through, for a dependency that needs no breaker at present',
    means: 'all calls will go through, whatever fails',
    run: override('disabled'),
    ends: true,
  },
  release: {
    does: 'end what was forced: forced-open ends into half-open, the others into a fresh closed state',
    means: 'the automatic state will be in force again; what was forced open is probed first',
    run: async (operator, names, { reason }, seen) => {
      const states = { ...(await operator.getStates(names)), ...seen };
      const held = names.filter((name) => states[name]?.override);
      if (held.length === 0)
        throw new CommandError(
          EXIT.nothingDone,
          `nothing to release: no override is in force on ${names.map(printable).join(', ')}`,
        );
      await operator.setStates(
        Object.fromEntries(held.map((name) => [name, { mode: 'release', reason, ...asSeen(seen[name]) }])),
      );
    },
  },
  reset: {
    does: 'put circuits into a fresh closed state, without override; history and stored policy stay',
    means: 'all calls will go through at once, evidence and overrides are dropped',
    run: (operator, names, { reason }, seen) =>
      resetCircuits(
        operator,
        Object.fromEntries(names.map((name) => [name, { reason, ...asSeen(seen[name]) }])),
      ),
  },
};

export function registerActs(program: Command): void {
  for (const [name, act] of Object.entries(ACTS)) {
    const command = withAuthor(withStore(program.command(name)))
      .description(act.does)
      .argument('<circuit...>', 'names or patterns such as pay*')
      .option('--yes', 'do not ask, however many circuits it touches')
      .option('--json', 'the circuits after it as JSON instead of a table')
      .action((asked: string[], flags: Flags) =>
        inSession(flags, async (session) => {
          const selection = select(asked, await session.operator.list());
          const seen = flags.yes
            ? {}
            : await agreed(`${name} ${count(selection)}: ${act.means}.`, selection, session.operator);
          await act.run(session.operator, selection.names, flags, seen);
          show(await shown(session, selection.names), flags);
        }),
      );
    if (act.ends)
      command.option('--for <duration>', 'how long, like 15m or 2h, up to 30 days (default: until released)');
  }
}

/** Asks before an act touches more than one circuit, or one that the store does not know: it may be misspelt. */
async function agreed(what: string, selection: Selection, operator: Operator): Promise<Seen> {
  const { names } = selection;
  const doubt = doubtOf(selection);
  if (names.length === 1 && doubt === undefined) return {};
  const doubted = doubt === undefined ? '' : `\n${doubt}`;
  if (!interactive())
    throw usageError(
      `${what}${doubted}\nnobody is here to ask; add --yes, or name one circuit that is in the store`,
    );
  // A reset mends a record that cannot be read.
  const seen = await operator.getStates(names, { unreadable: () => {} });
  note(
    `${what}\n${names.map((name) => `  ${printable(name)}  ${asShown(seen[name])}\n`).join('')}${doubted.trim()}`.trimEnd(),
  );
  if (!(await confirmed('Go on?'))) throw new CommandError(EXIT.nothingDone, 'nothing was done');
  return seen;
}

function count({ names }: Selection): string {
  return names.length === 1 ? printable(`${names[0]}`) : `${names.length} circuits`;
}

function asShown(status: CircuitStatus | undefined): string {
  if (!status) return 'unreadable';
  const { state, override } = status;
  return override ? `${state}: ${printable(`${override.reason} (${override.by})`)}` : state;
}
