"""Where `egressc` starts: `python -m egresslang` is the same."""

import gc
import sys


def main() -> int:
    """Run `egressc` with the arguments of the process; returns its exit status."""
    return _started(sys.argv[1:])


def krm() -> int:
    """Run `egressc-krm`, the plugin that kustomize calls: `egressc kustomize` with the arguments of the process."""
    return _started(["kustomize", *sys.argv[1:]])


def _started(arguments: list[str]) -> int:
    gc.disable()  # before anything is imported
    try:
        from egresslang.interruption import ignore, obey

        obey()
        from egresslang.cli import main

        status = main(arguments)
        ignore()
    except KeyboardInterrupt as signal:
        from egresslang.commands.streams import interrupted
        from egresslang.interruption import ignore

        ignore()
        return interrupted(signal)
    gc.freeze()  # what is left need not be looked through at the end
    return status


if __name__ == "__main__":
    sys.exit(main())
