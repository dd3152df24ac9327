"""What makes a shell complete the command line: a script for each of bash, fish and zsh, from the parsers.

Libraries that make such scripts (shtab, argcomplete) leave out one shell or run the program at each key, and none knows
what a list with commas may hold.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

from egresslang.cli import COMMANDS, actions, summary
from egresslang.codes import ALL
from egresslang.commands.audit import NOT_READY
from egresslang.output import KINDS
from egresslang.record import record
from egresslang.traffic.audit import KINDS as FOUND

WRITTEN = "Written by docs/generate.py from what egressc says of itself."
FILES = {"FILE", "PATH", "MANIFEST", "CONFIG"}
FOLDERS = {"DIR"}
CODES = tuple(sorted(code.id for code in ALL))
LISTS = {"CODE,…": CODES, "KIND,…": KINDS, "FOUND,…": (*FOUND, NOT_READY)}
"""What stands between the commas of a value, by the word that help has for it."""

WORDS = {"FLOW": CODES}
"""What a value may be besides what nobody can complete."""

HELP = "show this help message and exit"
GENERAL = {"--help": HELP, "--version": "show program's version number and exit"}


@record
class Argument:
    """An argument and what completes it: words, words between commas, `files` or `folders`; `flags` are empty for a place."""

    flags: tuple[str, ...]
    meaning: str
    value: str
    words: tuple[str, ...]
    kind: str
    is_repeated: bool

    @property
    def takes_value(self) -> bool:
        """Whether a value follows."""
        return bool(self.value)


def arguments(command: str) -> list[Argument]:
    """The arguments of a command."""
    return [*map(_argument, actions(command)), Argument(("-h", "--help"), HELP, "", (), "", False)]


def _argument(action: argparse.Action) -> Argument:
    words = tuple(map(str, action.choices or ()))
    value = "" if action.nargs == 0 else str(action.metavar or action.dest).strip()
    kind = "words"
    if value in LISTS:
        kind, words = "list", LISTS[value]
    elif value in WORDS:
        words = WORDS[value]
    elif not words:
        kind = "files" if value in FILES else "folders" if value in FOLDERS else ""
    repeated = isinstance(action, argparse._AppendAction) or action.nargs in ("*", "+")
    return Argument(tuple(action.option_strings), action.help or "", value, words, kind, repeated)


# bash

BASH = """# Completion of egressc in bash, 4 or newer. {written}

_egressc() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command= flags= words= list= files= each
    local codes='{codes}'
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
        case $each in
            {commands}) command=$each && break ;;
        esac
    done
    if [[ $word == = ]]; then # `--format=json` is three words here
        word=
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    case $command in
        '') flags='{general}' words='{names}' ;;
{cases}    esac
    if [[ $list ]]; then
        each=${{word%"${{word##*,}}"}}
        mapfile -t COMPREPLY < <(compgen -P "$each" -W "$list" -- "${{word##*,}}")
        compopt -o nospace
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        if [[ $files ]]; then
            compopt -o filenames
            mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -A "$files" -- "$word")
        fi
    fi
}}
complete -F _egressc egressc
"""


def bash() -> str:
    """The script of bash."""
    return BASH.format(
        written=WRITTEN,
        commands=" | ".join(COMMANDS),
        codes=" ".join(CODES),
        general=" ".join(GENERAL),
        names=" ".join(COMMANDS),
        cases="".join(map(_bash_case, COMMANDS)),
    )


def _bash_case(command: str) -> str:
    every = arguments(command)
    values: dict[str, list[str]] = {}
    for each in every:
        if each.flags and each.takes_value:
            values.setdefault(_bash_value([each]) or ":", []).extend(each.flags)
    flags = " ".join(flag for each in every for flag in each.flags)
    free = _bash_value([each for each in every if not each.flags])
    lines = [f"                {' | '.join(names)}) {value} ;;\n" for value, names in values.items()]
    lines.append(f"                *) flags='{flags}'{free and ' ' + free} ;;\n")
    return f"        {command})\n            case $before in\n{''.join(lines)}            esac\n            ;;\n"


def _bash_value(several: Iterable[Argument]) -> str:
    set_to = []
    for each in several:
        if each.kind == "list":
            set_to.append(f"list={_bash_words(each.words)}")
        elif each.words:
            set_to.append(f"words={_bash_words(each.words)}")
        elif each.kind:
            set_to.append("files=file" if each.kind == "files" else "files=directory")
    return " ".join(dict.fromkeys(set_to))


def _bash_words(words: tuple[str, ...]) -> str:
    return "$codes" if words == CODES else f"'{' '.join(words)}'"


# zsh

ZSH = """#compdef egressc
# Completion of egressc in zsh. {written}

_egressc() {{
    local context state state_descr line curcontext=$curcontext
    local -A opt_args
    local -a codes=({codes})
    _arguments -C {general} '1: :->command' '*:: :->arguments'
    case $state in
        command)
            local -a commands=(
{names}            )
            _describe -t commands command commands
            ;;
        arguments)
            case $words[1] in
{cases}            esac
            ;;
    esac
}}

if [[ $funcstack[1] == _egressc ]]; then
    _egressc "$@"
else
    compdef _egressc egressc
fi
"""


def zsh() -> str:
    """The script of zsh."""
    general = " ".join(_quoted(f"(- *){flag}[{_bracketed(meaning)}]") for flag, meaning in GENERAL.items())
    names = "".join(f"                {_quoted(f'{name}:{summary(name)}')}\n" for name in COMMANDS)
    return ZSH.format(
        written=WRITTEN, codes=" ".join(CODES), general=general, names=names, cases="".join(map(_zsh_case, COMMANDS))
    )


def _zsh_case(command: str) -> str:
    specs = [f"{' ' * 24}{spec}" for each in arguments(command) for spec in _zsh_specs(each)]
    called = " \\\n".join(["_arguments -S", *specs])
    return f"                {command})\n                    {called}\n                    ;;\n"


def _zsh_specs(each: Argument) -> list[str]:
    words = "$codes" if each.words == CODES else " ".join(each.words)
    action = {
        "files": "_files",
        "folders": "_files -/",
        "words": "{compadd -a codes}" if each.words == CODES else f"({words})",
        "list": f"_sequence compadd - {words}",
        "": " ",
    }[each.kind]
    value = f":{each.value}:{action}" if each.takes_value else ""
    if not each.flags:
        return [_quoted(f"{'*' if each.is_repeated else ''}{value}")]
    others = "*" if each.is_repeated else f"({' '.join(each.flags)})"
    specs = []
    for flag in each.flags:
        sign = "" if not value else "=" if flag.startswith("--") else "+"
        specs.append(_quoted(f"{others}{flag}{sign}[{_bracketed(each.meaning)}]{value}"))
    return specs


def _bracketed(text: str) -> str:
    return re.sub(r"([\[\]\\:])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# fish

FISH = """# Completion of egressc in fish. {written}

function __egressc_codes
    string split ' ' -- '{codes}'
end

complete -c egressc -f
"""


def fish() -> str:
    """The script of fish."""
    lines = [FISH.format(written=WRITTEN, codes=" ".join(CODES))]
    for flag, meaning in GENERAL.items():
        lines.append(_fish("__fish_use_subcommand", f"-l {flag[2:]}", meaning))
    for name in COMMANDS:
        lines.append(_fish("__fish_use_subcommand", f"-a {name}", summary(name)))
    for name in COMMANDS:
        lines.append("\n")
        lines += [_fish(f"__fish_seen_subcommand_from {name}", *_fish_argument(each)) for each in arguments(name)]
    return "".join(lines)


def _fish_argument(each: Argument) -> tuple[str, str]:
    flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in each.flags)
    words = " ".join(each.words)
    value = {
        "files": "-r -F",
        "folders": "-x -a '(__fish_complete_directories)'",
        "words": "-x -a '(__egressc_codes)'" if each.words == CODES else f"-x -a '{words}'",
        "list": f"-x -a '(__fish_complete_list , {'__egressc_codes' if each.words == CODES else _printing(words)})'",
        "": "-x" if each.takes_value else "",
    }[each.kind]
    if not each.flags:
        return value[3:], ""
    return f"{flags} {value}".strip(), each.meaning


def _printing(words: str) -> str:
    return f'"string split \\" \\" -- {words}"'


def _fish(condition: str, written: str, meaning: str) -> str:
    if not written:
        return ""
    told = " -d '" + re.sub(r"([\\'])", r"\\\1", meaning) + "'" if meaning else ""
    return f"complete -c egressc -n '{condition}' {written}{told}\n"


SCRIPTS = {"egressc.bash": bash, "egressc.fish": fish, "egressc.zsh": zsh}
"""Each script and what makes it."""
