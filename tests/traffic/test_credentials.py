"""Credentials come from files and the environment, and stand in no message."""

from __future__ import annotations

from pathlib import Path

import pytest

from egresslang.files import Unreadable
from egresslang.traffic.credentials import BASIC, TOKEN, Asked, access

URL = "https://prometheus.example.com:9090/thanos/"


def header(asked: Asked, environment: dict[str, str] | None = None) -> dict[str, str]:
    return dict(access(asked, environment or {}).headers)


def test_the_address() -> None:
    assert access(Asked(URL), {}).url == "https://prometheus.example.com:9090/thanos"


@pytest.mark.parametrize(
    "url", ["prometheus:9090", "ftp://x", "https://", "http://x:99999", "http://x?a=b", "http://x#y", "http://[::1", "", "http://a b"]
)  # fmt: skip
def test_no_address(url: str) -> None:
    with pytest.raises(Unreadable, match="--prometheus takes an address such as"):
        access(Asked(url), {})


@pytest.mark.parametrize("url", ["https://me:hunter2@host", "https://me@host/", "https://me:hunter2@[::1"])
def test_no_secret_in_the_address(url: str) -> None:
    with pytest.raises(Unreadable, match="takes no user or password") as raised:
        access(Asked(url), {})
    assert "hunter2" not in str(raised.value)


def test_tokens(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    file = str(tmp_path / "token")
    assert "Authorization" not in header(Asked(URL))
    assert header(Asked(URL, token_file=file))["Authorization"] == "Bearer abc"
    assert header(Asked(URL), {TOKEN: "def"})["Authorization"] == "Bearer def"
    assert header(Asked(URL, token_file=file), {TOKEN: "def", BASIC: "u:p"})["Authorization"] == "Bearer abc"


def test_basic(tmp_path: Path) -> None:
    (tmp_path / "basic").write_text("me:pass:word\n")
    file = str(tmp_path / "basic")
    assert header(Asked(URL, basic_file=file))["Authorization"] == "Basic bWU6cGFzczp3b3Jk"
    assert header(Asked(URL), {BASIC: "me:pass:word"})["Authorization"] == "Basic bWU6cGFzczp3b3Jk"


def test_the_tenant() -> None:
    assert header(Asked(URL, tenant="team-a"))["X-Scope-OrgID"] == "team-a"


@pytest.mark.parametrize("content", [b"", b"\n", b"hunter2\nInjected: yes", "hünter2".encode(), b"hunter2\xff"])
def test_a_bad_file_is_told_without_its_content(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(Unreadable, match="secret`") as raised:
        access(Asked(URL, token_file=str(tmp_path / "secret")), {})
    assert "unter2" not in str(raised.value)


def test_what_is_wrong_with_the_rest(tmp_path: Path) -> None:
    (tmp_path / "junk").write_text("hunter2")
    junk = str(tmp_path / "junk")
    for asked, environment, said in (
        (Asked(URL, token_file=str(tmp_path / "none")), {}, "cannot read"),
        (Asked(URL, token_file=junk, basic_file=junk), {}, "give one of them"),
        (Asked(URL), {TOKEN: "a", BASIC: "b:c"}, "give one of them"),
        (Asked(URL, basic_file=junk), {}, "does not hold `user:password`"),
        (Asked(URL, key=junk), {}, "belongs to a --client-certificate"),
        (Asked(URL, authority=junk), {}, "holds no certificate in PEM"),
        (Asked(URL, certificate=junk), {}, "no certificate with its key in PEM"),
        (Asked(URL, authority=str(tmp_path / "none")), {}, "cannot read"),
        (Asked(URL, tenant="a\nb"), {}, "what no header can"),
    ):
        with pytest.raises(Unreadable, match=said) as raised:
            access(asked, environment)
        assert "hunter2" not in str(raised.value)
