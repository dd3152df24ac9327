"""The folder that the tests of the verification share modules with: that of the mutants and of the random policies."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
