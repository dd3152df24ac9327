"""What a question may be, and what is said of one that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.answers.question import Question, Unanswerable, read_question

ADDRESS = (4, 203 << 24 | 113 << 8 | 7)
GOOD = {
    "idgen -> httpbin.org:80 http": Question("", "idgen", "httpbin.org", None, 80, "http", None),
    "team-a/idgen->httpbin.org:80": Question("team-a", "idgen", "httpbin.org", None, 80, "http", None),
    "  idgen   ->  HTTPBIN.org.:443   # a comment": Question("", "idgen", "httpbin.org", None, 443, "tls", None),
    "idgen -> 203.0.113.7:5432 tcp": Question("", "idgen", "", ADDRESS, 5432, "tcp", None),
    "idgen -> 203.0.113.7:5432 tcp address=203.0.113.7": Question("", "idgen", "", ADDRESS, 5432, "tcp", ADDRESS),
    "a -> [2001:db8::1]:443 tls": Question("", "a", "", (6, 0x20010DB8 << 96 | 1), 443, "tls", None),
    "a -> evil.example:443 tls address=203.0.113.7": Question("", "a", "evil.example", None, 443, "tls", ADDRESS),
    'a -> evil.example:443 address="203.0.113.7" tls': Question("", "a", "evil.example", None, 443, "tls", ADDRESS),
    "a.b -> web:8080 grpc": Question("", "a.b", "web", None, 8080, "grpc", None),
    "a -> bücher.example:80": Question("", "a", "xn--bcher-kva.example", None, 80, "http", None),
}
BAD = {
    "": "not a flow; write `workload -> host:port protocol`, as in `idgen -> httpbin.org:80 http`",
    "idgen": "not a flow; write `workload -> host:port protocol`, as in `idgen -> httpbin.org:80 http`",
    "idgen ->": "not a flow; write `workload -> host:port protocol`, as in `idgen -> httpbin.org:80 http`",
    "# idgen -> httpbin.org:80": "not a flow; write `workload -> host:port protocol`, as in `idgen -> httpbin.org:80 http`",
    "* -> a.com:80": "`*` is many workloads; a question is about one",
    "team-a/* -> a.com:80": "`team-a/*` is many workloads; a question is about one",
    "{a, b} -> a.com:80": "a question is about one workload; ask about each member by itself",
    "[tier=web] -> a.com:80": "a question is about one workload; ask about each member by itself",
    "allow a -> a.com:80": "`allow a` is not the name of a workload; write one workload before `->`",
    "A -> a.com:80": "`A` is not the name of a workload: names are lower-case letters, digits and `-`; write `workload`, `namespace/workload`, `namespace/*` or `*`",
    "a -> *.a.com:80": "`*.a.com` is many destinations; a question is about one host or address",
    "a -> *:80": "`*` is many destinations; a question is about one host or address",
    "a -> internet:443": "`internet` is many destinations; a question is about one host or address",
    "a -> 10.0.0.0/8:80": "`10.0.0.0/8` is many destinations; a question is about one host or address",
    "a -> {a.com, b.com}:80": "a question is about one destination; ask about each by itself",
    "a -> a.com:{80, 443}": "a question is about one port; ask about each by itself",
    "a -> a.com": "a destination without a port; write it after `:`, as in `:443 tls`",
    "a -> a.com: 80": "a destination without a port; write it after `:`, as in `:443 tls`",
    "a -> ${env}.a.com:80": "`${env}.a.com` holds a variable; write what it stands for",
    "a -> 2001:db8::1:443": "`2001:db8::1:443` is ambiguous; write an IPv6 address in brackets, as in `[2001:db8::1]:443`",
    "a -> https://a.com:443": "a URL is not a destination: host and port are needed here; write the host and its port, as in `example.com:443 tls`",
    "a -> a.com:99999": "port `99999` does not exist: outside 1 to 65535; write a number from 1 to 65535",
    "a -> a.com:5432": "port `5432` has no default protocol; write it after the port, as in `5432 tcp`",
    "a -> a.com:80 htpp": "unknown protocol `htpp`; write `http`",
    "a -> a.com:80 http tls": "`tls` is too much; one protocol is enough",
    "a -> a.com:80 reason=x": "a question takes no `reason=`; `address=` is the address the client dials",
    "a -> a.com:80 address=10.0.0.0/8": "`10.0.0.0/8` is a network; a client dials one address",
    "a -> a.com:80 address=1.2.3.4 address=1.2.3.5": "`address=` is given twice",
    "a -> 1.2.3.4:80 address=1.2.3.5": "the destination is an address and `address=` is another; write one of the two",
    "a -> a_b.com:80": "`a_b.com` is not a host: `_` is not a letter of host names; check the name: hosts have letters, digits and `-`",
    "a" * 5000: "a question has at most 4096 characters",
}  # fmt: skip


@pytest.mark.parametrize(("text", "question"), GOOD.items(), ids=GOOD)
def test_a_question_is_a_flow_as_the_language_writes_it(text: str, question: Question) -> None:
    assert read_question(text) == question


@pytest.mark.parametrize(("text", "why"), BAD.items(), ids=[text[:40] for text in BAD])
def test_what_is_no_question_is_told_in_one_line(text: str, why: str) -> None:
    assert read_question(text) == Unanswerable(why)


words = st.sampled_from(["a", "team-a/idgen", "->", "a.com", ":", "80", "443", "tls", "address=", "1.2.3.4", "[", "]", "::", "{", "}", ",", "*", "#", "=", '"', "$", "{", "\x00", "\u202e", "é"])  # fmt: skip


@given(st.one_of(st.text(), st.lists(words).map("".join), st.lists(words).map(" ".join)))
def test_any_text_is_a_question_or_is_told_why_not(text: str) -> None:
    read = read_question(text)
    if isinstance(read, Unanswerable):
        assert read.why
    else:
        assert read.port
        assert read.host or read.destination
