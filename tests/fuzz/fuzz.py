"""`make fuzz`: every target for a time, by coverage; fails where anything was found, and leaves what did it in a file.

    python tests/fuzz/fuzz.py [--seconds 3600] [--jobs 1] [TARGET …]      fuzz, by turns or side by side
    python tests/fuzz/fuzz.py --replay TARGET FILE …                      run a target on files, and nothing else

Fuzzing needs atheris, from the extra `fuzz`; replaying needs nothing. A target ends at its first find; what a run learned
is kept in build/fuzz, and the next one starts from it. An input that takes ten seconds of processor time, or a gigabyte,
is a find; one that never ends is one after two minutes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from random import Random

import mutation
import seeds

BUILT = seeds.ROOT / "build" / "fuzz"
SLOWEST, LARGEST = 10, 1024
"""Seconds of processor time and MiB that an input may take."""

ENDLESS = 120
"""Seconds after which an input is taken for one that never ends: machines stand still for a while, and then go on."""

_EXECUTED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")


def _fuzz(name: str, seconds: int, seed: int) -> tuple[str, int, list[Path]]:
    """A target in a process of its own: how often it ran, and the files that hold what was found."""
    learned, found = BUILT / "corpus" / name, BUILT / "found"
    for each in (learned, found):
        each.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    (BUILT / "words").write_text(_dictionary())
    command = [
        sys.executable, __file__, "--inside", name, str(learned), str(_start(name)), f"-artifact_prefix={found}/{name}-", f"-dict={BUILT / 'words'}",
        f"-max_total_time={seconds}", f"-timeout={ENDLESS}", f"-rss_limit_mb={LARGEST}", f"-max_len={mutation.LONGEST}", f"-seed={seed}",
        "-print_final_stats=1", "-verbosity=1",
    ]  # fmt: skip
    log = BUILT / f"{name}.log"
    with log.open("wb") as output:
        ended = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    said = log.read_bytes()
    executed = _EXECUTED.search(said)
    files = sorted(set(found.iterdir()) - before)
    if ended and not files:
        files = [log]
    return name, int(executed[1]) if executed else 0, files


def _start(name: str) -> Path:
    """A folder with the seeds of a target, and with what once was a bug: some of it lies all over the repository."""
    folder = BUILT / "seeds" / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, path in enumerate([*seeds.paths(name), *seeds.crashes(name)]):
        (folder / f"{number:03}").write_bytes(path.read_bytes()[: mutation.LONGEST])
    return folder


def _dictionary() -> str:
    """The words of the language, as libFuzzer reads them."""
    return "".join(
        '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n' for word in mutation.WORDS if word.encode()
    )


def _inside(arguments: list[str]) -> None:
    """Be the process that fuzzes a target."""
    import atheris

    with atheris.instrument_imports(include=["egresslang", "lark"]):
        import targets
    pool = seeds.seeds(arguments[0])

    def target(data: bytes) -> None:
        start = time.process_time()
        targets.TARGETS[arguments[0]](data)
        assert time.process_time() - start < SLOWEST, f"it took more than {SLOWEST} s"

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.3:
            return bytes(atheris.Mutate(data, longest))
        return mutation.mutated(data, pool, random)[:longest]

    def cross(data: bytes, other: bytes, longest: int, seed: int) -> bytes:
        return mutation.mutated(data, [other], Random(seed))[:longest]

    atheris.Setup([__file__, *arguments[1:]], target, custom_mutator=mutate, custom_crossover=cross)
    atheris.Fuzz()


def _replay(name: str, files: Sequence[str]) -> None:
    import targets

    for file in files:
        start = time.monotonic()
        targets.TARGETS[name](Path(file).read_bytes())
        print(f"{file}: nothing found, {time.monotonic() - start:.1f} s")


def main(arguments: Sequence[str]) -> int:
    """Fuzz; returns the status."""
    import targets

    parser = argparse.ArgumentParser(description="Fuzz every target by coverage.")
    parser.add_argument("--seconds", type=int, default=3600, help="for how long in all (default: an hour)")
    parser.add_argument("--jobs", type=int, default=1, help="how many targets at a time (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="where chance starts (default: the time)")
    parser.add_argument("--replay", metavar="TARGET", choices=list(targets.TARGETS), help="run a target on files")
    parser.add_argument(
        "names", nargs="*", metavar="TARGET|FILE", help="which targets (default: all), or the files to replay"
    )
    options = parser.parse_args(arguments)
    if options.replay:
        _replay(options.replay, options.names)
        return 0
    names = options.names or list(targets.TARGETS)
    if unknown := set(names) - set(targets.TARGETS):
        parser.error(f"no target is called {', '.join(sorted(unknown))}; there are {', '.join(targets.TARGETS)}")
    if find_spec("atheris") is None:
        parser.error("fuzzing needs atheris, for CPython on Linux: `make fuzz` installs it")
    each = max(1, options.seconds * options.jobs // len(names))
    seed = options.seed or int(time.time())
    print(f"{len(names)} targets for {each} s each, {options.jobs} at a time, seed {seed}", flush=True)
    total, finds = 0, 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, executed, files in pool.map(lambda name: _fuzz(name, each, seed), names):
            print(f"{name:16} {executed:>10,} executions", flush=True)
            for file in files:
                is_log = file.suffix == ".log"
                how = "it ended early" if is_log else f"found: {sys.executable} {__file__} --replay {name} {file}"
                print(f"  {how}; what was said is in {BUILT / name}.log", flush=True)
            total += executed
            finds += len(files)
    print(f"{'':16} {total:>10,} executions, {finds or 'nothing'} found")
    return 1 if finds else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        _inside(sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
