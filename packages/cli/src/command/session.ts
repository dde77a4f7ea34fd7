/** A command's time with the store. */

import type { Command } from 'commander';
import type { OperatorStore } from 'switchgear';
import { createStore } from 'switchgear/config';
import { Operator } from 'switchgear/operate';
import { CONFIG_FILE, type Settings, type StoreFlags, settingsFrom } from './settings.ts';

export interface Session {
  readonly store: OperatorStore;
  readonly operator: Operator;
  readonly settings: Settings;
}

/** Adds the flags by which a command finds its store. */
export function withStore(command: Command): Command {
  return command
    .option(
      '--store <address>',
      'where the fleet keeps its circuits: dynamodb://<table>?region=… or redis://<host>:6379',
    )
    .option('--config <file>', `file with "store" and "by" (default: ${CONFIG_FILE}, where it is)`);
}

/** Adds the flag that names who acts. */
export function withAuthor(command: Command): Command {
  return command
    .requiredOption(
      '--reason <text>',
      'why: the circuit and its history show it, up to 256 characters',
      trimmed,
    )
    .option('--by <name>', 'who acts (default: SWITCHGEAR_BY, or user@host)');
}

/** Opens the store, runs, and gives its connections back whatever happened. */
export async function inSession<T>(flags: StoreFlags, run: (session: Session) => Promise<T>): Promise<T> {
  const settings = settingsFrom(flags, process.env);
  const store = await createStore(settings.store);
  try {
    return await run({ store, operator: new Operator({ store, by: settings.by }), settings });
  } finally {
    await store.close?.();
  }
}

/** A reason of blanks is none. */
function trimmed(text: string): string {
  return text.trim();
}
