"""The output folder: only what is ours changes, each file is whole at every moment, and a killed run is recognised."""

from __future__ import annotations

import builtins
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang import directory
from egresslang.directory import OutputRefused, below, compare, plan, write

OPERATOR = "installation/istio-operator.yaml"
OLD = {"a.yaml": "old a\n", "b.yaml": "old b\n", "same.yaml": "same\n", OPERATOR: "old\n"}
NEW = {"a.yaml": "new a\n", "c.yaml": "new c\n", "same.yaml": "same\n"}


def put(folder: Path, files: Mapping[str, str], part: set[str] | None = None) -> None:
    write(plan(str(folder), files, part))


def standing(folder: Path) -> dict[str, str]:
    """Every file below a folder but the index."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != ".egressc"]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def drifts(folder: Path, files: Mapping[str, str], part: set[str] | None = None) -> list[tuple[str, str]]:
    return [(drift.path, drift.kind) for drift in compare(str(folder), files, part)]


def unread(state: os.stat_result) -> tuple[int, int, int, int]:
    """What reading a file leaves as it is."""
    return state.st_mode, state.st_ino, state.st_size, state.st_mtime_ns


def refusal(folder: Path, files: Mapping[str, str], part: set[str] | None = None) -> str:
    """What is said when a plan is refused; nothing was touched."""
    before = {path: unread(os.lstat(path)) for path in folder.rglob("*")}
    with pytest.raises(OutputRefused) as refused:
        plan(str(folder), files, part)
    assert {path: unread(os.lstat(path)) for path in folder.rglob("*")} == before
    assert refused.value.help
    return refused.value.message.replace(f"{folder}{os.sep}", "")


def test_files_are_written_and_indexed(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    put(folder, OLD)
    assert standing(folder) == OLD
    lines = [f"{hashlib.sha256(OLD[path].encode()).hexdigest()}  {path}\n" for path in sorted(OLD)]
    assert (folder / ".egressc").read_text() == "".join(["egressc 1 finished\n", *lines])
    assert drifts(folder, OLD) == []


def test_what_is_no_longer_wanted_goes_with_its_folder(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    put(tmp_path, NEW)
    assert standing(tmp_path) == NEW
    assert not (tmp_path / "installation").exists()
    assert drifts(tmp_path, NEW) == []


def test_a_folder_that_holds_something_else_stays(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "installation" / "mine.yaml").write_text("mine\n")
    put(tmp_path, NEW)
    assert standing(tmp_path) == {**NEW, "installation/mine.yaml": "mine\n"}


def test_what_stands_there_already_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    before = {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*")}
    put(tmp_path, OLD)
    assert {path: os.stat(path).st_mtime_ns for path in tmp_path.rglob("*")} == before
    same = os.stat(tmp_path / "same.yaml").st_ino
    put(tmp_path, NEW)
    assert os.stat(tmp_path / "same.yaml").st_ino == same


def test_a_changed_file_of_ours_is_written_again(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "a.yaml").write_text("by hand\n")
    (tmp_path / "b.yaml").unlink()
    put(tmp_path, OLD)
    assert standing(tmp_path) == OLD


def test_the_current_folder_is_a_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".", "", "out/", "./out/."):
        write(plan(name, OLD))
        assert compare(name, OLD) == []
    assert standing(tmp_path / "out") == OLD


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    for name in ("out", "out/"):
        write(plan(f"{tmp_path}/{name}", OLD))
    assert standing(tmp_path / "real") == OLD


def test_an_empty_output_empties_the_folder(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    put(tmp_path, {})
    assert standing(tmp_path) == {}
    assert (tmp_path / ".egressc").read_text() == "egressc 1 finished\n"


# --- comparing ---


def test_each_drift_is_told(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "b.yaml").unlink()
    found = compare(str(tmp_path), {"a.yaml": "new a\n", "b.yaml": "old b\n", "same.yaml": "same\n"})
    assert [(d.path, d.kind, d.old, d.new) for d in found] == [
        ("a.yaml", "different", "old a\n", "new a\n"),
        ("b.yaml", "missing", "", "old b\n"),
        (OPERATOR, "stale", "old\n", ""),
    ]


def test_a_file_that_is_not_ours_is_no_drift(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "kustomization.yaml").write_text("mine\n")
    assert drifts(tmp_path, OLD) == []


def test_comparing_writes_nothing(tmp_path: Path) -> None:
    assert drifts(tmp_path / "out", {"a.yaml": "a\n"}) == [("a.yaml", "missing")]
    assert list(tmp_path.iterdir()) == []


def test_the_index_is_told_when_it_alone_is_wrong(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / ".egressc").unlink()
    assert drifts(tmp_path, OLD) == [(".egressc", "missing")]
    assert drifts(tmp_path, {**OLD, "a.yaml": "new\n"}) == [("a.yaml", "different")]
    put(tmp_path, OLD)
    (tmp_path / "b.yaml").unlink()
    assert drifts(tmp_path, {p: t for p, t in OLD.items() if p != "b.yaml"}) == [(".egressc", "different")]


# --- a part ---


def test_a_part_leaves_the_other_files_alone(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "same.yaml").write_text("not looked at\n")
    put(tmp_path, {"a.yaml": "new a\n"}, {"a.yaml"})
    assert standing(tmp_path) == {**OLD, "a.yaml": "new a\n", "same.yaml": "not looked at\n"}
    assert drifts(tmp_path, {"a.yaml": "new a\n"}, {"a.yaml"}) == []
    assert drifts(tmp_path, {**OLD, "a.yaml": "new a\n"}) == [("same.yaml", "different")]


def test_a_part_that_is_empty_goes(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    assert drifts(tmp_path, {}, {"a.yaml"}) == [("a.yaml", "stale")]
    put(tmp_path, {}, {"a.yaml"})
    assert standing(tmp_path) == {path: text for path, text in OLD.items() if path != "a.yaml"}


# --- refusals ---


def test_a_file_that_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("mine\n")
    assert refusal(tmp_path, NEW) == "`a.yaml` was not written by egressc"
    put(tmp_path, {"c.yaml": "c\n"})
    assert refusal(tmp_path, NEW) == "`a.yaml` was not written by egressc"


def test_a_file_that_is_already_the_same_becomes_ours(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("new a\n")
    put(tmp_path, NEW)
    assert drifts(tmp_path, NEW) == []


def test_a_stale_file_that_was_changed_by_hand_goes_as_a_wanted_one_is_written_again(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    (tmp_path / "b.yaml").write_text("by hand\n")
    assert ("b.yaml", "stale") in drifts(tmp_path, NEW)
    put(tmp_path, NEW)
    assert standing(tmp_path) == NEW


def test_the_files_of_another_cluster_stay(tmp_path: Path) -> None:
    write(plan(str(tmp_path), OLD, cluster="recipes-us"))
    assert (tmp_path / ".egressc").read_text().startswith("egressc 1 finished for recipes-us\n")
    for act in (plan, compare):
        with pytest.raises(OutputRefused, match="holds what cluster `recipes-us` is given"):
            act(str(tmp_path), NEW, cluster="recipes-eu")
    assert refusal(tmp_path, NEW).endswith("holds what cluster `recipes-us` is given")
    assert compare(str(tmp_path), OLD, cluster="recipes-us") == []
    write(plan(str(tmp_path), NEW, cluster="recipes-us"))
    assert standing(tmp_path) == NEW


def test_a_folder_of_no_known_cluster_becomes_one_of_the_first_that_is_known(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    assert [d.kind for d in compare(str(tmp_path), OLD, cluster="recipes-us")] == ["different"]
    write(plan(str(tmp_path), OLD, cluster="recipes-us"))
    assert compare(str(tmp_path), OLD, cluster="recipes-us") == []


def test_the_folder_of_a_cluster_may_be_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    assert below(str(tmp_path / "out"), "eu") == str(tmp_path / "out" / "eu")
    (tmp_path / "out" / "eu").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputRefused, match=r"`.*eu` is a link, and nothing is written through one"):
        below(str(tmp_path / "out"), "eu")


@pytest.mark.parametrize("locked", [".", "installation", ".."])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: str
) -> None:
    folder = tmp_path / "out" / "new" if locked == ".." else tmp_path / "out"
    if locked != "..":
        put(folder, {**OLD, "b.yaml": "other\n", OPERATOR: "other\n"})
    closed = os.path.normpath(tmp_path / "out" / locked)
    access = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: os.path.normpath(place) != closed and access(place, mode))
    with pytest.raises(PermissionError) as told:
        plan(str(folder), OLD)
    assert os.path.normpath(told.value.filename) == closed
    if locked == "installation":
        plan(str(folder), {**OLD, OPERATOR: "other\n"})


def test_two_runs_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = plan(str(tmp_path), OLD), plan(str(tmp_path), NEW)
    replace = os.replace

    def meanwhile(source: str, target: str, **held: int | None) -> None:
        with pytest.raises(OutputRefused, match="another run is writing to"):
            write(second)
        replace(source, target, **held)

    monkeypatch.setattr(os, "replace", meanwhile)
    write(first)
    with pytest.raises(OutputRefused, match=r"another run has written to .* meanwhile"):
        write(second)
    assert standing(tmp_path) == OLD


@pytest.mark.parametrize("path", ["a.yaml", "b.yaml", ".egressc", OPERATOR])
@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_nothing_is_written_or_removed_through_a_link(tmp_path: Path, path: str, target: str) -> None:
    put(tmp_path, OLD)
    (tmp_path / "elsewhere").write_text("old b\n")
    (tmp_path / path).unlink()
    (tmp_path / path).symlink_to(tmp_path / target)
    said = f"`{path}` is a link, and nothing is written through one"
    assert refusal(tmp_path, NEW) == said
    with pytest.raises(OutputRefused, match="is a link"):
        compare(str(tmp_path), NEW)


def test_no_folder_below_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "installation").symlink_to(tmp_path / "other")
    assert refusal(tmp_path / "out", OLD) == "`installation` is a link, and nothing is written through one"


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    assert refusal(tmp_path, NEW) == "`a.yaml` is not a file"


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "installation").write_text("mine\n")
    assert refusal(tmp_path, OLD) == "`installation` is not a folder"


@pytest.mark.parametrize(
    "path",
    [
        "../a.yaml",
        "/a.yaml",
        "a/b.yaml",
        "installation/../../a.yaml",
        "A.yaml",
        "é.yaml",
        ".yaml",
        "a.yaml\n",
        "a\\b.yaml",
    ],
)
def test_no_path_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    assert refusal(tmp_path, {path: "x\n"}) == f"`{path}` cannot be the file of a namespace"


ZEROS = "0" * 64


@pytest.mark.parametrize(
    "index",
    [
        "",
        "hello\n",
        "egressc 1 done\n",
        "egressc 1 finished",
        f"egressc 1 finished\n{ZEROS}  ../../etc/passwd\n",
        f"egressc 1 finished\n{ZEROS}  a.yaml",
        f"egressc 1 finished\n{ZEROS} a.yaml\n",
        f"egressc 1 finished\n<<<<<<< HEAD\n{ZEROS}  a.yaml\n",
        "egressc 1 finished\n\xff\n",
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / ".egressc").write_bytes(index.encode("latin-1"))
    assert refusal(tmp_path, NEW) == "`.egressc` is not as egressc wrote it"


def test_an_index_of_a_newer_egressc_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".egressc").write_text("egressc 2 finished\nanything\n")
    assert refusal(tmp_path, NEW) == "`.egressc` was written by a newer egressc"


def test_what_the_system_refuses_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file\n")
    with pytest.raises(NotADirectoryError):
        plan(str(tmp_path / "out"), NEW)


# --- killed runs ---

STEPS = ("open", "replace", "unlink", "mkdir", "rmdir", "fsync")


def killed_after(count: int, act: Callable[[], None]) -> bool:
    """Run in a child that dies at once, cleaning up nothing, before its `count`th step; whether it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = count

    def counted(step: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **options: object) -> object:
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            return step(*arguments, **options)

        return run

    try:
        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        builtins.open = counted(builtins.open)  # type: ignore[assignment]
        act()
    finally:
        os._exit(0)


@pytest.mark.parametrize("former", [{}, OLD], ids=["first run", "second run"])
def test_a_run_killed_at_any_moment_leaves_whole_files_and_a_state_that_is_recognised(
    tmp_path: Path, former: dict[str, str]
) -> None:
    wholes = {path: {former.get(path), NEW.get(path)} for path in {**former, **NEW}}
    count, seen = 0, set()
    while True:
        folder = tmp_path / str(count)
        put(folder, former)
        planned = plan(str(folder), NEW)
        if not killed_after(count, lambda planned=planned: write(planned)):  # type: ignore[misc]
            break
        texts = {path: text for path, text in standing(folder).items() if not path.endswith(".tmp")}
        assert all(texts.get(path) in whole for path, whole in wholes.items())
        state = drifts(folder, NEW)
        again = plan(str(folder), NEW)
        unfinished = (".egressc", "unfinished") in state
        assert again.interrupted == unfinished
        assert unfinished or texts in (former, NEW)
        seen.add((unfinished, texts == former, texts == NEW))
        if unfinished:
            with pytest.raises(OutputRefused, match="unfinished"):
                plan(str(folder), {}, {"a.yaml"})
        write(again)
        assert standing(folder) == NEW
        assert drifts(folder, NEW) == []
        count += 1
    assert count > 15
    assert standing(folder) == NEW
    assert {(False, True, False), (True, True, False), (True, False, False), (True, False, True)} <= seen


def test_after_a_killed_run_a_third_policy_still_knows_what_is_ours(tmp_path: Path) -> None:
    third = {"d.yaml": "third\n"}
    for count in range(60):
        folder = tmp_path / str(count)
        put(folder, OLD)
        planned = plan(str(folder), NEW)
        killed = killed_after(count, lambda planned=planned: write(planned))  # type: ignore[misc]
        planned = plan(str(folder), third)
        killed_after(count // 2, lambda planned=planned: write(planned))  # type: ignore[misc]
        put(folder, third)
        assert standing(folder) == third
        if not killed:
            return
    pytest.fail("never ran to the end")


def test_readers_see_whole_files_while_we_write(tmp_path: Path) -> None:
    big, small = {"a.yaml": "x" * 100_000 + "\n"}, {"a.yaml": "y\n"}
    put(tmp_path, big)
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.add((tmp_path / "a.yaml").read_text())

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        for _ in range(20):
            put(tmp_path, small)
            put(tmp_path, big)
    finally:
        stop.set()
        reader.join()
    assert seen <= {big["a.yaml"], small["a.yaml"]}


def test_what_two_files_have_in_common_is_aside_twice(tmp_path: Path) -> None:
    put(tmp_path, {"a.yaml": "same\n", "b.yaml": "same\n"})
    assert standing(tmp_path) == {"a.yaml": "same\n", "b.yaml": "same\n"}


def test_several_folders_change_together_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    put(one, OLD)
    before = (standing(one), (one / ".egressc").read_text())
    plans = [plan(str(one), NEW), plan(str(other), NEW)]

    def full(handle: int) -> None:
        if any(other.glob(".egressc.c.yaml.*")):
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write(*plans)
    assert (standing(one), (one / ".egressc").read_text()) == before
    assert not other.exists()
    write(*plans)
    assert standing(one) == standing(other) == NEW


def test_a_run_killed_before_the_first_rename_is_cleaned_up_after_without_a_word(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    count = next(n for n in range(60) if _leaves_two_aside(n, tmp_path))
    assert count > 3
    assert drifts(tmp_path, OLD) == []
    again = plan(str(tmp_path), OLD)
    assert not again.interrupted
    write(again)
    assert standing(tmp_path) == OLD


def _leaves_two_aside(count: int, folder: Path) -> bool:
    """Whether a run that is killed before a step leaves two files aside."""
    assert killed_after(count, lambda: write(plan(str(folder), NEW)))
    return len(list(folder.glob(".egressc.*.yaml.*.tmp"))) == 2


def test_a_failed_run_leaves_nothing_aside_and_says_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, OLD)
    replace = os.replace

    def full(source: str, target: str, **held: int | None) -> None:
        if target.endswith("c.yaml"):
            raise OSError("no space left")
        replace(source, target, **held)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        put(tmp_path, NEW)
    assert standing(tmp_path) == {**OLD, "a.yaml": "new a\n"}
    assert (".egressc", "unfinished") in drifts(tmp_path, NEW)


def test_what_a_killed_run_left_aside_goes_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    planned = plan(str(tmp_path), {**OLD, "a.yaml": "new\n", OPERATOR: "new\n"})
    (tmp_path / ".egressc").write_bytes(planned.unfinished)
    new = hashlib.sha256(b"new\n").hexdigest()
    mine = {f".egressc.a.yaml.{ZEROS}.tmp": "mine\n", ".egressc-a.yaml.tmp": "mine\n"}
    for path, text in mine.items():
        (tmp_path / path).write_text(text)
    for folder in (tmp_path, tmp_path / "installation"):
        name = "a.yaml" if folder == tmp_path else "istio-operator.yaml"
        (folder / f".egressc.{name}.{new}.tmp").write_text("ne")
    (tmp_path / ".egressc.tmp").write_text("egressc 1 fini")
    put(tmp_path, OLD)
    assert standing(tmp_path) == {**OLD, **mine}


def test_a_file_that_only_is_called_like_an_index_aside_stays(tmp_path: Path) -> None:
    (tmp_path / ".egressc.tmp").write_text("mine\n")
    with pytest.raises(FileExistsError):
        put(tmp_path, OLD)
    assert standing(tmp_path) == {".egressc.tmp": "mine\n"}


FILES = st.dictionaries(st.sampled_from(["a.yaml", "b.yaml", "c.yaml", OPERATOR]), st.sampled_from(["1\n", "2\n"]))


@given(st.lists(FILES, max_size=4))
def test_whatever_stood_there_the_folder_is_the_output(
    tmp_path_factory: pytest.TempPathFactory, outputs: list[dict[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    for files in outputs:
        before = standing(folder)
        found = dict(drifts(folder, files))
        assert {p for p in found if p != ".egressc"} == {
            p for p in {**before, **files} if before.get(p) != files.get(p)
        }
        put(folder, files)
        assert standing(folder) == files
        assert drifts(folder, files) == []


@pytest.mark.skipif(not directory._HOLDS, reason="a system that cannot hold a folder")
@pytest.mark.parametrize("what", ["written", "removed"])
def test_a_link_that_takes_the_place_of_a_folder_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    (other / os.path.basename(OPERATOR)).write_text("theirs\n")
    out.mkdir()
    put(out, OLD)
    planned = plan(str(out), {**OLD, OPERATOR: "changed\n"} if what == "written" else {"a.yaml": OLD["a.yaml"]})
    really = os.open

    def swapped(place: str, *rest: Any, **more: Any) -> int:
        if str(place).endswith("installation") and not (out / "installation").is_symlink():
            (out / "installation").rename(tmp_path / "gone")
            (out / "installation").symlink_to(other)
        return really(place, *rest, **more)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(OSError, match="installation"):
        write(planned)
    assert {each.name: each.read_text() for each in other.iterdir()} == {os.path.basename(OPERATOR): "theirs\n"}
