"""What a compilation cannot do without: `python bench/floors.py POLICY PROFILE` prints its cost, as JSON.

- `regex`: one regular expression, written by hand, over the same statements; it reads words and checks none.
- `lark`: lark alone with the same grammar, from the same saved table, over the same statements one by one. It builds
  its trees and nothing else, no positions: that is the plain way of using lark.
- `yaml`: PyYAML with libyaml dumps the same documents as our emitter writes; making them is not counted.

Everything is measured in one process after the other floors, with the garbage collector off as in `stages.py`.
"""

from __future__ import annotations

import gc
import json
import re
import sys
from typing import Any

import yaml
from stages import TODAY, Stopwatch, read_source

from egresslang.compile import compile, read
from egresslang.findings import Severity
from egresslang.profile.load import load
from egresslang.source import Source
from egresslang.syntax import grammar
from egresslang.targets import documents

FLOORS = ("regex", "lark", "yaml")

_STATEMENT = re.compile(r"^[^ \t\n#].*(?:\n[ \t].*)*", re.MULTILINE)

_BY_HAND = re.compile(
    r"""^(?: (?P<keyword>allow) [ ]+ (?P<source>\{[^}]*\}|[^\s{]+) [ ]* -> [ ]*
             (?P<host>\{[^}]*\}|[^\s:{]+) (?: : (?P<port>\{[^}]*\}|\d+ (?:[ ]+ [a-z0-9]+ (?!=) \b)?))?
             (?: [ ]+ except [ ]+ (?P<holes>\{[^}]*\}|[^\s{]+))?
             (?P<attributes>(?:\s+ [a-z]+=(?:"(?:[^"\\\n]|\\.)*"|\{[^}]*\}|[^\s"{},]+))*)
         |  namespace [ ]+ (?P<namespace>[a-z0-9-]+)
         |  (?:workloads|hosts) [ ]+ (?P<set>[a-z0-9-]+) [ ]* = [ ]* (?P<members>.*)
         ) [ ]*$""",
    re.MULTILINE | re.VERBOSE,
)


class _Plain(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Plain.add_multi_representer(dict, yaml.CSafeDumper.represent_dict)  # maps that documents share, too


def by_hand(text: str) -> int:
    """Read every statement with one regular expression; how many there are."""
    return len([match.groups() for match in _BY_HAND.finditer(text)])


def lark_alone(statements: list[str]) -> int:
    """Parse each statement to a tree; how many there are."""
    parser = grammar.load()
    return len([parser.parse(statement) for statement in statements])


def main(policy: str, listing: str) -> None:
    """Measure the floors of one policy and print them."""
    gc.disable()
    source = read_source(policy)
    statements = _STATEMENT.findall(source.text)
    watch = Stopwatch()
    with watch("regex"):
        by_regex = by_hand(source.text)
    with watch("lark"):
        by_lark = lark_alone(statements)
    if not by_regex == by_lark == len(statements):
        raise SystemExit(f"the floors read different statements: {by_regex}, {by_lark} and {len(statements)}")
    made = _documents(source, read_source(listing))
    with watch("yaml"):
        yaml.dump_all(made, Dumper=_Plain, sort_keys=False, default_flow_style=False, width=10**6)
    print(json.dumps({"cpu": watch.cpu, "wall": watch.wall}))


def _documents(policy: Source, listing: Source) -> list[Any]:
    """What the emitter is given to write."""
    files, _ = read([policy])
    profile, _ = load(listing, lambda path: "")
    assert profile is not None
    manifests = compile(files, profile, TODAY, Severity.WARNING).manifests
    assert manifests is not None
    return [
        *map(documents.service_entry, manifests.service_entries),
        *map(documents.sidecar, manifests.sidecars),
        documents.installation(manifests.installation),
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
