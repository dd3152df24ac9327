"""What the tests of reports share: their folder, so that they find the sample of findings."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
