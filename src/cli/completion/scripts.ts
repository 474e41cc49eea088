/**
 * The script of each shell: it hands the line to `mesoctl __complete` and the answer to the shell. Nothing of an answer is ever
 * evaluated. Works in a fresh shell, without bash-completion and without a compinit of the user's.
 */
import type { Shell } from './answer.js';

const BASH = `# mesoctl completion for bash. In ~/.bashrc: source <(mesoctl completion bash)
_mesoctl_complete() {
  local answer
  COMPREPLY=()
  mapfile -t answer < <(command mesoctl __complete bash "\${COMP_TYPE:-9}" "\${COLUMNS:-80}" "$COMP_WORDBREAKS" \\
    "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  case "\${answer[0]:-}" in
    files) compopt -o default ;;
    open) compopt -o nospace; COMPREPLY=("\${answer[@]:1}") ;;
    words) COMPREPLY=("\${answer[@]:1}") ;;
  esac
}
complete -o nosort -F _mesoctl_complete mesoctl
`;

const ZSH = `#compdef mesoctl
# mesoctl completion for zsh. In ~/.zshrc: source <(mesoctl completion zsh)
_mesoctl() {
  local -a answer values shown
  local line
  answer=("\${(@f)$(command mesoctl __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  case "\${answer[1]}" in
    files) compset -P '--*='; _files; return ;;
    words|open) ;;
    *) return 1 ;;
  esac
  local -i width=0
  for line in "\${(@)answer[2,-1]}"; do
    values+=("\${line%%$'\\t'*}")
    (( \${#values[-1]} > width )) && width=\${#values[-1]}
  done
  (( \${#values} )) || return 1
  for line in "\${(@)answer[2,-1]}"; do
    shown+=("\${(r:width:)\${line%%$'\\t'*}}  \${line#*$'\\t'}")
  done
  local -a options=(-V mesoctl -l -d shown)
  [[ "\${answer[1]}" == open ]] && options+=(-S '')
  compadd "\${options[@]}" -a -- values
}
(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit -i }
compdef _mesoctl mesoctl
[[ "\${funcstack[1]:-}" == _mesoctl ]] && _mesoctl
`;

const FISH = `# mesoctl completion for fish. In ~/.config/fish/config.fish: mesoctl completion fish | source
function __mesoctl_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l current (string unescape -- $typed)
    test -n "$current" -o -z "$typed"; or set current (string trim -l -c '"\\'' -- $typed)
    set -l answer (command mesoctl __complete fish $words[2..-1] "$current" 2>/dev/null)
    switch "$answer[1]"
        case files
            set -l head (string match -r -- '^--[^=]*=' "$current")
            for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$current"))
                printf '%s%s\\n' "$head" $path
            end
        case words open
            printf '%s\\n' $answer[2..-1]
    end
end
complete -c mesoctl -f -k -a '(__mesoctl_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
