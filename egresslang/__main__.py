"""Where `egressc` starts: `python -m egresslang` is the same."""

import sys


def main() -> int:
    """Run `egressc` with the arguments of the process; returns its exit status."""
    try:
        from egresslang.cli import main

        status = main()
    except KeyboardInterrupt:
        return 130
    import gc

    gc.freeze()  # what is left need not be looked through at the end
    return status


if __name__ == "__main__":
    sys.exit(main())
