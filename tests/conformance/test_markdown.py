"""The Markdown of a diff before the renderer of GitHub: cells say what the policy says, and nothing else is markup."""

from __future__ import annotations

import html
import re
from pathlib import Path

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

from egresslang.cli import main

pytestmark = pytest.mark.conformance

OWNERS = (
    r"`|<img src=x onerror=alert(1)> @admins [x](http://evil.example) \\| ![y](z) <!-- </details> #1 www.evil.example",
    "plain <b>bold</b> @admins https://evil.example **x** ~~y~~",
    r"ends in \\",
    "``two` ticks ` and | bars ||",
)


def test_what_a_policy_says_is_shown_and_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.egress").write_text("", encoding="utf-8")
    rules = [f'allow shop/w{at} -> a.example.com:443 tls owner="{owner}"\n' for at, owner in enumerate(OWNERS)]
    Path("new.egress").write_text("".join(rules), encoding="utf-8")
    assert main(["diff", "--base", "old.egress", "new.egress", "-q", "--format", "markdown"]) == 0
    page: str = cmarkgfm.github_flavored_markdown_to_html(capsys.readouterr().out, options=Options.CMARK_OPT_UNSAFE)
    rows = re.findall(r"<tr>\n(<td>.*?)</tr>", page, re.DOTALL)
    assert [row.count("<td>") for row in rows] == [4] * len(OWNERS)
    for row, owner, rule in zip(rows, OWNERS, rules, strict=True):
        said = [html.unescape(each) for each in re.findall(r"<code>(.*?)</code>", row)]
        assert f"owner {owner}".replace("\\\\", "\\") in said
        assert rule.strip() in said
    assert set(re.findall(r"</?(\w+)", page)) == {
        *("h3", "p", "code", "h4", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    }
