/** What may stand at the cursor, out of the command line itself. */

import type { Argument, Command, Option } from 'commander';
import { POLICY } from 'switchgear/operate';
import { printable } from '../render/printable.ts';

export interface Candidate {
  readonly word: string;
  readonly meaning?: string;
}

/** Names of circuits in the store that these flags, by their long names without dashes, lead to. */
export type Names = (flags: Readonly<Record<string, string>>) => Promise<readonly string[]>;

/** The words before the cursor, understood as the command would. */
interface Place {
  readonly command: Command;
  readonly given: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
  /** The flag whose value stands at the cursor. */
  readonly awaited: Option | undefined;
}

/**
 * Candidates for the last of `words`, which follow the program's name; empty where only its writer knows, or where it is a file.
 * `names` is asked where circuits may stand, and only there.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  names: Names,
): Promise<Candidate[]> {
  const place = placeOf(program, words.slice(0, -1));
  const begun = words.at(-1) ?? '';
  const fitting = (candidates: readonly Candidate[]) =>
    // A tab or a line break within a word would be two of them; what turns the cursor about stays away too.
    candidates.filter(({ word }) => word.startsWith(begun) && printable(word) === word);
  if (place.awaited) return fitting(plain(place.awaited.argChoices));
  const flags = flagsOf(place.command);
  if (begun.startsWith('-')) return fitting(flags);
  const found = fitting(await positionals(place, names));
  // Where nothing but flags may follow, they are shown without being asked for.
  return found.length > 0 || begun !== '' ? found : fitting(flags);
}

function placeOf(program: Command, before: readonly string[]): Place {
  let command = program;
  let awaited: Option | undefined;
  const given: string[] = [];
  const flags: Record<string, string> = {};
  for (const word of before) {
    if (awaited) {
      flags[awaited.name()] = word;
      awaited = undefined;
    } else if (word.startsWith('--')) {
      const [long, ...value] = word.split('=');
      const option = command.options.find((each) => each.long === long);
      if (option?.required && value.length === 0) awaited = option;
      else if (option) flags[option.name()] = value.join('=');
    } else {
      const next = command.commands.find((each) => each.name() === word);
      if (next) command = next;
      else given.push(word);
    }
  }
  return { command, given, flags, awaited };
}

async function positionals({ command, given, flags }: Place, names: Names): Promise<readonly Candidate[]> {
  const verbs = command.createHelp().visibleCommands(command);
  if (verbs.length > 0) return verbs.map((each) => ({ word: each.name(), meaning: each.description() }));
  const last = command.registeredArguments.at(-1);
  const argument: Argument | undefined =
    command.registeredArguments[given.length] ?? (last?.variadic ? last : undefined);
  switch (argument?.name()) {
    case 'circuit':
      return plain((await names(flags)).filter((name) => !given.includes(name)));
    case 'setting':
      return plain(Object.keys(POLICY));
    case 'setting=value':
      return plain(Object.keys(POLICY).map((setting) => `${setting}=`));
    default:
      return plain(argument?.argChoices);
  }
}

function flagsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, description }) => ({ word: long ?? '', meaning: description }));
}

function plain(words: readonly string[] = []): Candidate[] {
  return words.map((word) => ({ word }));
}
