/** The shell functions that ask this program for proposals, by the hidden command `complete`. */

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

/** Each script works under whatever name or path the user calls the program by. */
export function shellScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Record<Shell, string> = {
  bash: `_funcx_endpoint() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _funcx_endpoint funcx-endpoint`,
  zsh: `_funcx_endpoint() {
  local line
  local -a proposals
  while IFS= read -r line; do
    proposals+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("$words[1]" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#proposals )); then _describe 'funcx-endpoint' proposals; else _files; fi
}
compdef _funcx_endpoint funcx-endpoint`,
  fish: `complete -c funcx-endpoint -a \\
  '(funcx-endpoint complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
};
