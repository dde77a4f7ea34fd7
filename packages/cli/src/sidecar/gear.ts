/** The gear of a sidecar, from the command line and the environment. */

import type { Command } from 'commander';
import { type StateChange, Switchgear } from 'switchgear';
import { createStore, type EnvironmentOptions, optionsFromEnv } from 'switchgear/config';
import { reportTraffic } from 'switchgear/telemetry';
import { withStore } from '../command/session.ts';
import { type StoreFlags, settingsFrom } from '../command/settings.ts';
import { note } from '../command/terminal.ts';

export interface GearFlags extends StoreFlags {
  readonly reportTo?: string;
}

/** Adds the flags by which a gear finds its store, and whom it tells of its calls. */
export function withGear(command: Command): Command {
  return withStore(command).option(
    '--report-to <url>',
    'control API that is told how many calls were admitted, rejected and failed; its token: SWITCHGEAR_REPORTER_TOKEN',
  );
}

export interface SidecarGear {
  readonly gear: Switchgear;
  /** What the environment says of circuits. */
  readonly options: EnvironmentOptions['options'];
  /** Tells the rest, and gives back what it holds. */
  close(): Promise<void>;
}

/**
 * Opens the fleet's store, or `memory:` for a process that shares with nobody; says what is wrong with it and what becomes of
 * circuits on stderr.
 * @throws ConfigurationError (`INVALID_CONFIGURATION`), CommandError where no store is named.
 */
export async function openGear(flags: GearFlags): Promise<SidecarGear> {
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
  const stopReports = await reports(gear, flags.reportTo);
  return {
    gear,
    options,
    async close() {
      await stopReports?.();
      await gear.close();
    },
  };
}

/** Tells the control API at `to`, where there is one. Returns the end of that. */
async function reports(gear: Switchgear, to: string | undefined): Promise<(() => Promise<void>) | undefined> {
  if (to === undefined) return undefined;
  const token = process.env.SWITCHGEAR_REPORTER_TOKEN;
  try {
    return reportTraffic(gear, { to, ...(token && { token }) });
  } catch (error) {
    // Connections to the store would hold a command that has failed.
    await gear.close();
    throw error;
  }
}

function inWords({ circuit, from, to, reason, lastFailure, atMs, by, source, note }: StateChange): string {
  const why = [reason, lastFailure, note].filter((word) => word !== undefined).join(', ');
  return `${new Date(atMs).toISOString()} ${circuit}: ${from} to ${to} (${why}; ${source}, by ${by})`;
}
