/** Where a command finds its store and its author: flags, then environment, then a file. */

import { existsSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { usageError } from './exit.ts';

/** The flags that all commands with a store have. */
export interface StoreFlags {
  readonly store?: string;
  readonly by?: string;
  readonly config?: string;
}

export interface Settings {
  /** Address of the store. */
  readonly store: string;
  /** Who acts. */
  readonly by: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Read from the working directory where `--config` names no other. */
export const CONFIG_FILE = 'switchgear.json';
const MAX_BY = 64;

/** What the file may say. */
const KEYS = ['store', 'by'] as const;
type File = Readonly<Partial<Record<(typeof KEYS)[number], string>>>;

/** @throws CommandError (usage) where no store is named, it is of no use to a command, or the file is wrong. */
export function settingsFrom(flags: StoreFlags, env: Environment): Settings {
  const file = readConfig(flags.config);
  const store = flags.store ?? (env.SWITCHGEAR_STORE?.trim() || file.store);
  if (!store)
    throw usageError(
      `no store: give --store <address>, set SWITCHGEAR_STORE, or write { "store": "<address>" } into ${CONFIG_FILE}; ` +
        'an address is dynamodb://<table>?region=… or redis://<host>:6379',
    );
  if (store === 'memory:')
    throw usageError(
      'memory: lies within one process, so that a command sees none of its circuits; name the store of the fleet, ' +
        'dynamodb://<table> or redis://<host>',
    );
  const by = flags.by ?? (env.SWITCHGEAR_BY?.trim() || file.by) ?? thisUser();
  if (by.length > MAX_BY || by === '')
    throw usageError(`--by is not usable; allowed: 1 to ${MAX_BY} characters`);
  return { store, by };
}

function readConfig(path: string | undefined): File {
  const name = path ?? CONFIG_FILE;
  if (!existsSync(name)) {
    if (path === undefined) return {};
    throw usageError(`--config: there is no file ${path}`);
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(name, 'utf8'));
  } catch (error) {
    throw usageError(`${name} is no JSON: ${(error as Error).message}`);
  }
  const problems = problemsOf(content).map((problem) => `${name}: ${problem}`);
  if (problems.length === 0) return content as File;
  throw usageError([...problems, `allowed: ${KEYS.join(', ')}`].join('\n'));
}

function problemsOf(content: unknown): string[] {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return ['it is no JSON object'];
  return Object.entries(content).flatMap(([key, value]) => {
    if (!KEYS.some((each) => each === key)) return [`${key} is not a setting`];
    return typeof value === 'string' ? [] : [`${key} is not a text`];
  });
}

/** Some containers have no name for their user. */
function thisUser(): string {
  let user = 'cli';
  try {
    user = userInfo().username;
  } catch {}
  return `${user}@${hostname()}`.slice(0, MAX_BY);
}
