"""Limits: how much of each input is read, and how much is made of it, so that no text exhausts who reads it.

A limit is stated here once: the finding that names it, the option that changes it, the configuration and `docs/limits.md`
are made from it. What a limit is changed to holds for the whole process and is set at its start, by the command line and
the configuration: it changes no result, only whether there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.record import record
from egresslang.source import Source, Span

_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_MiB = _UNITS["MiB"]
_NUMBER = r"([1-9][0-9]{0,14}) ?([KMG]iB)?"


@record
class Limit:
    """A limit: what it bounds, in bytes where `is_size` and else in number; it is raised to `highest` at most, if any.

    `exceeded` says of a file or folder that it is more, with `name` and `shown` in braces.
    """

    name: str
    default: int
    bounds: str
    is_size: bool = False
    highest: int | None = None
    exceeded: str = "`{name}` holds more than {shown}"

    @property
    def now(self) -> int:
        """What holds in this process."""
        return _changed.get(self.name, self.default)

    @property
    def shown(self) -> str:
        """What holds, as people write it."""
        return self.show(self.now)

    def show(self, number: int) -> str:
        """A number of this limit, as people write it."""
        return size(number) if self.is_size else f"{number:,}"

    @property
    def help(self) -> str:
        """How it is raised, as an imperative."""
        if self.highest is not None and self.now >= self.highest:
            return f"make less of it: `{self.name}` cannot be raised above {self.show(self.highest)}"
        more = min(2 * self.now, self.highest or 2 * self.now)
        written = size(more).replace(" ", "").removesuffix("bytes") if self.is_size else str(more)
        return f"make it smaller, or raise the limit with `--limit {self.name}={written}`, or under `[limits]` in egressc.toml"

    @property
    def words(self) -> str:
        """That it is exceeded and how it is raised, in one clause for where there is no place to show."""
        return f"more than {self.shown}, the limit `{self.name}`; {self.help}"


FILE_SIZE = Limit("file-size", 128 * _MiB, "a file or pipe, standard input, or a file of a git revision", is_size=True)
TOTAL_SIZE = Limit(
    "total-size",
    512 * _MiB,
    "all files of one policy, or all manifests of one run, together",
    is_size=True,
    exceeded="with `{name}` the files hold more than {shown} together",
)
FILES = Limit(
    "files", 50_000, "files found below the folders that are given", exceeded="`{name}` holds more than {shown} files"
)
FOLDERS = Limit("folders", 200_000, "folders searched for them", exceeded="`{name}` holds more than {shown} folders")
POLICY_SIZE = Limit("policy-size", 32 * _MiB, "one file of a policy", is_size=True)
PROFILE_SIZE = Limit("profile-size", 16 * _MiB, "a profile, or an EgressPolicy of kustomize", is_size=True)
CONFIG_SIZE = Limit(
    "config-size", _MiB, "`egressc.toml`, or a `pyproject.toml` that holds a configuration", is_size=True
)
VALUES = Limit("values", 8_000_000, "keys, values and entries of one YAML or JSON text")
NESTING = Limit("nesting", 100, "YAML or JSON values that stand in one another", highest=250)
ALIASED = Limit(
    "aliased-values",
    100_000,
    "values that the aliases of one text of manifests stand for, each as often as it is used",
)
STATEMENTS = Limit(
    "wrong-statements",
    10_000,
    "statements or documents of one file that do not parse, after which the rest is not read",
)
EXPANSION = Limit(
    "expansion",
    2_000_000,
    "flows that the rules of a policy stand for, sets written out: sources times destinations times ports",
)
FINDINGS = Limit("findings", 500_000, "findings about the words of a policy, after which the rest is not looked at")
IMPORTS = Limit("imports", 2_000_000, "hosts that all Sidecars of a cluster list, together")
ANSWER_SIZE = Limit("answer-size", 32 * _MiB, "an answer of Prometheus", is_size=True)
LINE_SIZE = Limit(
    "line-size",
    64 * 1024,
    "a line of an access log or of questions; a longer one is counted, or told, and not read",
    is_size=True,
)
LOGGED = Limit("logged-flows", 10_000, "different flows of one access log; lines about others are counted, and told")

ALL: dict[str, Limit] = {value.name: value for value in list(globals().values()) if isinstance(value, Limit)}
"""Every limit by its name."""

_changed: dict[str, int] = {}


class BadLimit(ValueError):
    """What is asked for is no limit, or none that can be; says why."""


def parse(name: str, text: str) -> int:
    """The number that a limit is to have, as `200000` or `64MiB`; raises BadLimit."""
    limit = ALL.get(name)
    if limit is None:
        from egresslang.suggest import nearest

        near = nearest(name, list(ALL))
        raise BadLimit(
            f"`{name}` is no limit" + (f"; did you mean `{near}`?" if near else f"; there are {', '.join(ALL)}")
        )
    match = re.fullmatch(_NUMBER, text)
    if match is None or (match[2] and not limit.is_size):
        raise BadLimit(f"`{text}` is not a {'size such as `64MiB`' if limit.is_size else 'number such as `200000`'}")
    number = int(match[1]) * _UNITS[match[2] or ""]
    if limit.highest is not None and number > limit.highest:
        raise BadLimit(f"`{name}` can be {limit.show(limit.highest)} at most")
    return number


def change(*wanted: Mapping[str, int]) -> None:
    """Let these limits hold, and of all others their defaults; of several that tell of one limit, the first counts."""
    _changed.clear()
    for each in reversed(wanted):
        _changed.update(each)


def size(number: int) -> str:
    """A number of bytes, as people write it."""
    for unit in ("GiB", "MiB", "KiB"):
        if number >= _UNITS[unit] and number % _UNITS[unit] == 0:
            return f"{number // _UNITS[unit]} {unit}"
    return f"{number} bytes"


def over(limit: Limit, span: Span, message: str, label: str = "") -> Finding:
    """The finding that something is more than a limit, which it names."""
    return finding(
        codes.OVER_LIMIT, span, message, label or f"more than {limit.shown}, the limit `{limit.name}`", help=limit.help
    )


def over_as_a_whole(limit: Limit, name: str) -> Finding:
    """The finding that a file or folder, of which nothing was kept, is more than a limit."""
    return over(limit, Span(Source(name, ""), 0, 0), limit.exceeded.format(name=name, shown=limit.shown))
