/** The gear of a sidecar, from the command line and the environment. */

import { type StateChange, Switchgear } from 'switchgear';
import { createStore, type EnvironmentOptions, optionsFromEnv } from 'switchgear/config';
import { type StoreFlags, settingsFrom } from '../command/settings.ts';
import { note } from '../command/terminal.ts';

export interface SidecarGear {
  readonly gear: Switchgear;
  /** What the environment says of circuits. */
  readonly options: EnvironmentOptions['options'];
}

/**
 * Opens the fleet's store, or `memory:` for a process that shares with nobody; says what is wrong with it and what becomes of
 * circuits on stderr.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`), CommandError where no store is named.
 */
export async function openGear(flags: StoreFlags): Promise<SidecarGear> {
  const { options, store } = optionsFromEnv();
  const address = flags.store ?? store;
  const own = address === 'memory:';
  const gear = new Switchgear({
    ...options,
    store: await createStore(own ? address : settingsFrom(flags, process.env).store),
  });
  gear.onStateChange((change) => note(inWords(change)));
  if (own) note('switchgear: memory: is of this process alone; name a store with --store to share circuits');
  for (const { severity, what, mend } of await gear.check())
    note(`switchgear: ${severity}: ${what}; mend: ${mend}`);
  return { gear, options };
}

function inWords({ circuit, from, to, reason, lastFailure, atMs, by, source, note }: StateChange): string {
  const why = [reason, lastFailure, note].filter((word) => word !== undefined).join(', ');
  return `${new Date(atMs).toISOString()} ${circuit}: ${from} to ${to} (${why}; ${source}, by ${by})`;
}
