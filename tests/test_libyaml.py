"""PyYAML is as it always is, and only what is asked of a pattern compiles it."""

import re
import subprocess
import sys

READ = """
import re
from egresslang.libyaml import yaml
print(isinstance(yaml.reader.Reader.NON_PRINTABLE, re.Pattern))
print(yaml.load("a: [1, 2024-01-02, yes, 0x1f, 1.5]", yaml.SafeLoader))
"""


def test_its_own_reader_still_reads() -> None:
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", "{'a': [1, datetime.date(2024, 1, 2), True, 31, 1.5]}"]


def test_patterns_of_others_are_compiled_at_once() -> None:
    import egresslang.libyaml

    assert egresslang.libyaml.yaml.__name__ == "yaml"
    assert isinstance(re.compile("a"), re.Pattern)
