"""What istiod does with every call of a mesh, asked so often that what it decides by chance shows.

A verdict is compared as one text, its token: `verdict|sees|host|port|dials`. Host and port are those of the cluster
the call ends in, also of a lost one. `dials` is `client` where the cluster connects to what the client dialled,
`registry` where it connects to what is registered, and `name` where an unregistered host is dialled by its name; it
is empty for what is not let through and for what simply passes through. Two tokens have a form of their own:
`refused||||` is a call over a listener or a route that a real Envoy would refuse, and a call dealt to several
clusters is the tokens of all that get some, in order, joined by `&` (a copy's verdict is `copied`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import Queue

from asking import Case, Judge, Share, Verdict
from drawing import Draw

STARTS = 2
"""How many istiods are started for a case, each with the manifests in another order."""
ROLLS = 20
"""How often each of them builds the configuration again, from what is registered in any order."""

Tokens = tuple[frozenset[str], ...]


class RefusedError(Exception):
    """istiod takes no such mesh."""


def token(verdict: Verdict) -> str:
    """The verdict as it is compared."""
    if verdict.refused or verdict.error == "multiple filter chains matched":
        return "refused||||"
    if verdict.shared:
        return "&".join(sorted({_share_token(share) for share in _taken(verdict.shared)}))
    return _token(verdict.verdict, verdict.sees, verdict.cluster, verdict.type)


def reordered(case: Case, number: int) -> Case:
    """The same case with its manifests in another order."""
    draw = Draw(number)
    return replace(case, istio=_shuffled(draw, case.istio), kubernetes=_shuffled(draw, case.kubernetes))


def judge_often(judge: Judge, case: Case, starts: int = STARTS, rolls: int = ROLLS) -> Tokens:
    """For each call the tokens seen; raises RefusedError where istiod takes no such mesh."""
    seen: list[set[str]] = [set() for _ in case.calls]
    for number in range(starts):
        answer = judge.ask(reordered(case, number) if number else case, rolls)
        if answer.error:
            raise RefusedError(f"{case.id}: {answer.error}")
        for verdicts in (answer.verdicts, *answer.rolls):
            for known, verdict in zip(seen, verdicts, strict=True):
                known.add(token(verdict))
    return tuple(map(frozenset, seen))


def judge_all(
    cases: Iterable[Case], jobs: int, starts: int = STARTS, rolls: int = ROLLS
) -> Iterator[tuple[Case, Tokens]]:
    """Every case with its tokens, in order, by so many judges at once."""
    free: Queue[_Renewed] = Queue()
    for _ in range(jobs):
        free.put(_Renewed())

    def judged(case: Case) -> tuple[Case, Tokens]:
        one = free.get()
        try:
            return case, judge_often(one.judge(), case, starts, rolls)
        finally:
            free.put(one)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(judged, cases)
    finally:
        while not free.empty():
            free.get().close()


class _Renewed:
    """A judge that makes place for a new one from time to time: what it has started stays in its memory."""

    def __init__(self) -> None:
        self._judge = Judge()
        self._cases = 0

    def judge(self) -> Judge:
        """The judge for one more case."""
        self._cases += 1
        if self._cases % 150 == 0:
            self.close()
            self._judge = Judge()
        return self._judge

    def close(self) -> None:
        """End the judge."""
        self._judge.close()


def _shuffled(draw: Draw, documents: str) -> str:
    found = [one for one in documents.split("---\n") if one.strip()]
    return "".join(f"---\n{one}" for one in draw.shuffled(found))


def _taken(shares: Iterable[Share]) -> list[Share]:
    """The shares that get any call."""
    return [share for share in shares if share.copied or share.weight > 0]


def _share_token(share: Share) -> str:
    sees = "answer" if share.verdict == "allowed" else ""
    found = _token(share.verdict, sees, share.cluster, share.type)
    return f"copied{found.removeprefix(share.verdict)}" if share.copied else found


def _token(verdict: str, sees: str, cluster: str, kind: str) -> str:
    parts = cluster.split("|")
    _, port, _, host = parts if len(parts) == 4 else ("", "", "", "")
    dials = ""
    if verdict == "allowed":
        dials = "client" if kind == "ORIGINAL_DST" else "registry"
    elif verdict == "passed-through" and kind:
        dials = "name"
    return f"{verdict}|{sees}|{host}|{port}|{dials}"
