"""`python -m egresslang` is `egressc`."""

import sys

from egresslang.cli import main

if __name__ == "__main__":
    sys.exit(main())
