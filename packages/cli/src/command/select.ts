/** Circuits that a command line names. */

import { CommandError, EXIT } from './exit.ts';

/** What was asked for: names as they are, and patterns with `*`, of which each stands for any text. */
export interface Selection {
  readonly names: readonly string[];
  /** Named in full and not in the store, as a circuit is that has been healthy all its life, or misspelt. */
  readonly unknown: readonly string[];
}

/** @throws CommandError (nothing done) for a pattern that nothing matches. */
export function select(asked: readonly string[], known: readonly string[]): Selection {
  const names = new Set<string>();
  for (const each of asked) {
    const matching = each.includes('*') ? known.filter((name) => patternOf(each).test(name)) : [each];
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

/** `*` alone is special; no text that a user types is run as an expression. */
function patternOf(pattern: string): RegExp {
  const parts = pattern.split(/\*+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*?')}$`, 'u');
}
