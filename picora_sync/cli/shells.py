"""What the shells ask while a command line is typed, and the scripts that ask it.

All three say the same in ``COMP_LINE``: the command line up to the cursor, as it is typed. The answer is one candidate
a line, ``KIND<tab>VALUE<tab>HELP``. What is of the kind ``path`` may go on behind a slash; ``file`` and ``dir`` leave
it to the shell.
"""

from __future__ import annotations

import os
import shlex
from typing import ClassVar

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

VARIABLE = "_PICORA_SYNC_COMPLETE"
PATH = "path"
_CURSOR = "\x1f"


class _Shell(ShellComplete):
    """What they have in common."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one at the cursor, and what there is of that one."""
        *words, last = _words(os.environ.get("COMP_LINE", "") + _CURSOR)
        return words[1:], last.removesuffix(_CURSOR)

    def format_completion(self, item: CompletionItem) -> str:
        """One line."""
        return f"{item.type}\t{item.value}\t{item.help or ''}"


def _words(line: str) -> list[str]:
    """As the shell splits them; what is not closed yet ends with the line."""
    for end in ("", "'", '"'):
        try:
            return shlex.split(line + end)
        except ValueError:  # a quote is open; an escape cannot be, since the cursor's mark comes after it
            continue
    return [line]


class Bash(_Shell):
    """Bash 4.4 and later; that of macOS does without."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = r"""
%(complete_func)s() {
    local kind value help
    COMPREPLY=()
    while IFS=$'\t' read -r kind value help; do
        case $kind in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            path)
                [[ $value == */ ]] && compopt -o nospace
                if [[ $2 == *[\'\"]* ]]; then compopt -o filenames; else printf -v value %%q "$value"; fi
                COMPREPLY+=("$value")
                ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:$COMP_POINT}" %(complete_var)s=bash_complete "${1/#\~/$HOME}" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class Zsh(_Shell):
    """Zsh, by ``eval`` or from a directory of ``fpath``."""

    name: ClassVar[str] = "zsh"
    source_template: ClassVar[str] = r"""#compdef %(prog_name)s

%(complete_func)s() {
    local kind value help
    local -a files directories described
    while IFS=$'\t' read -r kind value help; do
        case $kind in
            file) _files ;;
            dir) _files -/ ;;
            path) if [[ $value == */ ]]; then directories+=("$value"); else files+=("$value"); fi ;;
            *) described+=("${value//:/\\:}:$help") ;;
        esac
    done < <(
        COMP_LINE="${(j: :)words[1,CURRENT-1]} $PREFIX" %(complete_var)s=zsh_complete \
            ${~${(Q)words[1]}} 2>/dev/null
    )
    (( $#files )) && compadd -- $files
    (( $#directories )) && compadd -S '' -- $directories
    (( $#described )) && _describe -V '%(prog_name)s' described
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Fish(_Shell):
    """Fish 3.0 and later."""

    name: ClassVar[str] = "fish"
    source_template: ClassVar[str] = r"""
function %(complete_func)s
    set -l program (string replace -r '^~' $HOME -- (commandline -opc)[1])
    for line in (COMP_LINE=(commandline -cp | string collect) %(complete_var)s=fish_complete $program 2>/dev/null)
        set -l parts (string split -m 2 \t -- $line)
        switch $parts[1]
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
            case '*'
                printf '%%s\t%%s\n' $parts[2] $parts[3]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
complete --force-files --command %(prog_name)s --condition "string match -qr '^[~./]' -- (commandline -ct)"
"""


SHELLS = {kind.name: kind for kind in (Bash, Zsh, Fish)}


def know_the_shells() -> None:
    """Have the program answer in the words of these scripts."""
    for kind in SHELLS.values():
        add_completion_class(kind)
