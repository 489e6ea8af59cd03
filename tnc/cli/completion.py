"""`tnc completion`: what a shell needs in order to complete command lines."""

from __future__ import annotations

import argparse

from tnc.cli import terminal
from tnc.cli.exits import Exit

SUMMARY = "print what a shell needs to complete command lines"
DESCRIPTION = """\
Print a few lines for a shell, which then completes commands, options and their values, .tnn files,
the layers in them, modules of the standard library, and codes of diagnostics.

The shell asks this very command whenever Tab is pressed, so nothing has to be printed anew when
tnc changes."""
EPILOG = """\
examples:
  tnc completion bash >>~/.bashrc
  tnc completion zsh >>~/.zshrc
  tnc completion fish >~/.config/fish/completions/tnc.fish

exit codes: 0 ok, 2 wrong usage"""

SCRIPTS = {
    "bash": """\
_tnc() {
  local IFS=$'\\n'
  COMPREPLY=($(tnc completion bash --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
  [[ ${#COMPREPLY[@]} = 1 && ${COMPREPLY[0]} = *[/:=] ]] && compopt -o nospace
}
complete -o filenames -F _tnc tnc
""",
    "zsh": """\
_tnc() {
  local -a ends goes_on
  local line word told found=1
  local typed="${(j: :)${(@q)words[1,CURRENT]}}"
  for line in "${(@f)$(tnc completion zsh --line "$typed" 2>/dev/null)}"; do
    word=${line%%$'\\t'*}
    told=${word//:/\\\\:}:${line#*$'\\t'}
    case $word in
      '') ;;
      *[/:=]) goes_on+=("$told") ;;
      *) ends+=("$told") ;;
    esac
  done
  (( $#goes_on )) && _describe tnc goes_on -S '' && found=0
  (( $#ends )) && _describe tnc ends && found=0
  return found
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _tnc tnc
""",
    "fish": """\
function __tnc
  tnc completion fish --line (commandline -cp | string collect) 2>/dev/null
end
complete -c tnc -f -a '(__tnc)'
""",
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=[*SCRIPTS], metavar="SHELL", help=", ".join(SCRIPTS))
    parser.add_argument("--line", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    if arguments.line is None:
        terminal.exactly(SCRIPTS[arguments.shell].encode())
        return Exit.OK
    from tnc.cli.candidates import shown

    if lines := shown(arguments.line, arguments.shell):
        terminal.data("\n".join(lines))
    return Exit.OK
