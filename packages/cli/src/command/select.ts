/** Circuits that a command line names. */

import { printable } from '../render/printable.ts';
import { CommandError, EXIT } from './exit.ts';

/** What was asked for: names as they are, and patterns with `*`, of which each stands for any text. */
export interface Selection {
  readonly names: readonly string[];
  /** Named in full and not in the store, as a circuit is that has been healthy all its life, or misspelt. */
  readonly unknown: readonly string[];
}

/** A line for names that the store does not have. */
export function doubtOf({ unknown }: Selection): string | undefined {
  if (unknown.length === 0) return undefined;
  return `not in the store, healthy so far or misspelt: ${unknown.map(printable).join(', ')}`;
}

/** @throws CommandError (nothing done) for a pattern that nothing matches. */
export function select(asked: readonly string[], known: readonly string[]): Selection {
  const names = new Set<string>();
  for (const each of asked) {
    const matching = each.includes('*') ? known.filter((name) => matches(each, name)) : [each];
    if (matching.length === 0)
      throw new CommandError(
        EXIT.nothingDone,
        `no circuit matches ${each}; switchgear status lists the ${known.length} that there are`,
      );
    for (const name of matching) names.add(name);
  }
  const all = [...names].sort();
  return { names: all, unknown: all.filter((name) => !known.includes(name)) };
}

/** Whether `name` is `pattern` with some text for each `*`. Not a regular expression: those take years for some patterns. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
