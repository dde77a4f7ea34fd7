/**
 * Completion scripts. They ask the command itself at each Tab (`switchgear complete -- <words>`, a line per candidate: the word, and
 * behind a tab what it means), so that they never grow stale. Nothing of an answer is evaluated: names are whatever somebody called
 * a circuit. The command is the one of the PATH, not the file that a line happens to begin with.
 */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** bash splits words at `:` and `=`, and replaces only what is behind the last of those. */
const BASH = `_switchgear() {
  local line="\${COMP_LINE:0:COMP_POINT}" word
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local begun="\${words[-1]}"
  local kept="\${begun%"\${begun##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    printf -v word %q "$word"
    COMPREPLY+=("\${word#"$kept"}")
  done < <(command switchgear complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${COMPREPLY[0]-} == *= ]] && compopt -o nospace
}
complete -o default -F _switchgear switchgear
`;

const ZSH = `_switchgear() {
  local word meaning
  local -a found as
  while IFS=$'\\t' read -r word meaning; do
    [[ $word == *= ]] && as=(-S '')
    word=\${word//\\\\/\\\\\\\\}
    found+=("\${word//:/\\\\:}\${meaning:+:$meaning}")
  done < <(command switchgear complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)
  if (( $#found )); then _describe switchgear found "$as[@]"; else _files; fi
}
compdef _switchgear switchgear
`;

const FISH = `function __switchgear_complete
  set -l before (commandline -opc)
  set -l begun (commandline -ct)
  set -l found (command switchgear complete -- $before[2..] $begun 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path $begun
  end
end
complete -c switchgear -f -a '(__switchgear_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
