/** Completion scripts, made from the command line itself. */

import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command by the words that lead to it, and what may follow them. */
interface Place {
  /** `policy set`; empty for the program itself. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly meaning: string }[];
}

export function completionScript(shell: Shell, program: Command): string {
  const places = placesOf(program, '');
  return { bash, zsh, fish }[shell](places);
}

function placesOf(command: Command, path: string): Place[] {
  const commands = command.commands.map((each) => ({ word: each.name(), meaning: each.description() }));
  const flags = command.options.map(({ long, description }) => ({ word: long ?? '', meaning: description }));
  const help = { word: '--help', meaning: 'what it does and takes' };
  const own: Place = { path, words: [...commands, ...flags, help].filter(({ word }) => word !== '') };
  return [own, ...command.commands.flatMap((each) => placesOf(each, `${path} ${each.name()}`.trim()))];
}

/** The place that the words before the cursor lead to: the longest path that they begin with. */
function cases(places: readonly Place[], line: (place: Place) => string): string {
  return places
    .filter(({ path }) => path !== '')
    .sort((a, b) => b.path.length - a.path.length)
    .map((place) => `    ${quoted(place.path)}|${quoted(`${place.path} `)}*) ${line(place)} ;;`)
    .join('\n');
}

function bash(places: readonly Place[]): string {
  const words = ({ words }: Place) => quoted(words.map(({ word }) => word).join(' '));
  return `_switchgear() {
  local before="\${COMP_WORDS[*]:1:COMP_CWORD-1}" words
  case "$before" in
${cases(places, (place) => `words=${words(place)}`)}
    *) words=${words(places[0] as Place)} ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _switchgear switchgear
`;
}

function zsh(places: readonly Place[]): string {
  const words = ({ words }: Place) =>
    words.map(({ word, meaning }) => quoted(`${word.replaceAll(':', '\\:')}:${meaning}`)).join(' ');
  return `_switchgear() {
  local -a items
  local before="\${(j: :)words[2,CURRENT-1]}"
  case "$before" in
${cases(places, (place) => `items=(${words(place)})`)}
    *) items=(${words(places[0] as Place)}) ;;
  esac
  _describe switchgear items
}
compdef _switchgear switchgear
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) =>
    words.map(({ word, meaning }) => {
      const when =
        path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`;
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c switchgear -n ${quoted(when)} ${what} -d ${quoted(meaning)}`;
    }),
  );
  return `complete -c switchgear -f\n${lines.join('\n')}\n`;
}

/** For every shell: nothing within is special. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
