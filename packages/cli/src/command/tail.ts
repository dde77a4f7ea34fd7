import type { Command } from 'commander';
import { Follower, type Happening } from '../circuits/follow.ts';
import { whyMoved } from '../render/circuits.ts';
import { whatWasDone, whyDone } from '../render/history.ts';
import { printable } from '../render/printable.ts';
import { moment } from '../render/time.ts';
import { inSession, withStore } from './session.ts';
import type { StoreFlags } from './settings.ts';
import { note, noteGoingOn, out, pause, style, untilInterrupted } from './terminal.ts';

/** Between two readings where the store cannot push, and where it can, for what a broken connection kept back. */
const POLL_MS = 2_000;
const PUSHED_POLL_MS = 15_000;

export function registerTail(program: Command): void {
  withStore(program.command('tail'))
    .description('follow transitions and what operators do (overrides, settings) as it happens, until Ctrl-C')
    .option('--json', 'one JSON object per line')
    .action((flags: StoreFlags & { readonly json?: true }) =>
      inSession(flags, ({ store }) =>
        untilInterrupted(async (signal) => {
          const follower = new Follower(store, (happening) =>
            out(flags.json ? `${JSON.stringify(happening)}\n` : `${line(happening)}\n`),
          );
          const unsubscribe = store.subscribe?.((record) => void follower.heard(record).catch(noteGoingOn));
          try {
            // A store that is not there at all ends the command; one that fails later is asked again.
            await follower.read();
            note(`following${unsubscribe ? '' : `, reading every ${POLL_MS / 1_000} s`}; Ctrl-C ends it`);
            while (!signal.aborted) {
              await pause(unsubscribe ? PUSHED_POLL_MS : POLL_MS, signal);
              if (!signal.aborted) await follower.read().catch(noteGoingOn);
            }
          } finally {
            unsubscribe?.();
          }
        }),
      ),
    );
}

function line(happening: Happening): string {
  const name = style.bold(printable(happening.name));
  if (happening.kind === 'transition') {
    const { transition } = happening;
    const to = style.state(transition.to);
    return `${moment(transition.atMs)}  ${name}  ${transition.from} → ${to}  ${whyMoved(transition)}`;
  }
  const { act } = happening;
  return `${moment(act.atMs)}  ${name}  ${style.bold(whatWasDone(act))}  ${whyDone(act)}`;
}
