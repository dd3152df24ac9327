"""Credentials: where a Prometheus is and how one is let in, from files and the environment: never from arguments."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

from egresslang.files import Unreadable, read_bytes
from egresslang.record import record
from egresslang.traffic.prometheus import Access

TOKEN, BASIC = "EGRESSC_PROMETHEUS_TOKEN", "EGRESSC_PROMETHEUS_BASIC"
"""Variables of the environment: a bearer token; `user:password`."""


@record
class Asked:
    """What the options say: an address, the paths of files, empty where none is given, and how long to wait."""

    url: str
    token_file: str = ""
    basic_file: str = ""
    certificate: str = ""
    key: str = ""
    authority: str = ""
    tenant: str = ""
    timeout: float = 30.0
    retries: int = 2


def access(asked: Asked, environment: Mapping[str, str] = os.environ) -> Access:
    """How to ask the server; raises Unreadable, whose words hold no secret."""
    url = asked.url.rstrip("/")
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or True)
    except ValueError:
        parts, is_whole = urlsplit(""), False
    if "@" in (parts.netloc or url.partition("://")[2].partition("/")[0]):
        raise Unreadable(f"--prometheus takes no user or password: put `user:password` into a file, or into {BASIC}")
    if not is_whole or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise Unreadable("--prometheus takes an address such as `https://prometheus.example.com:9090`")
    headers = [("Accept", "application/json"), ("User-Agent", "egressc")]
    authorization = _authorization(asked, environment)
    if authorization:
        headers.append(("Authorization", authorization))
    if asked.tenant:
        headers.append(("X-Scope-OrgID", _plain(asked.tenant, "--tenant")))
    return Access(url, tuple(headers), _tls(asked), asked.timeout, asked.retries)


def _authorization(asked: Asked, environment: Mapping[str, str]) -> str:
    """The header's value; a file that is named counts before the environment."""
    token = _secret(asked.token_file, "" if asked.basic_file else environment.get(TOKEN, ""), TOKEN)
    basic = _secret(asked.basic_file, "" if asked.token_file else environment.get(BASIC, ""), BASIC)
    if token and basic:
        raise Unreadable("there are a bearer token and a user with a password: give one of them")
    if basic and ":" not in basic:
        raise Unreadable(f"`{asked.basic_file or BASIC}` does not hold `user:password`")
    if basic:
        return f"Basic {b64encode(basic.encode()).decode()}"
    return f"Bearer {token}" if token else ""


def _secret(path: str, otherwise: str, variable: str) -> str:
    if not path:
        return _plain(otherwise.strip(), variable)
    try:
        text = read_bytes(path).decode().strip()
    except UnicodeDecodeError:
        raise Unreadable(f"`{path}` is not UTF-8") from None
    if not text:
        raise Unreadable(f"`{path}` is empty")
    return _plain(text, path)


def _plain(text: str, where: str) -> str:
    """A text that may stand in a header."""
    if not text.isprintable() or not text.isascii():
        raise Unreadable(f"`{where}` holds what no header can: one line of ASCII is expected")
    return text


def _tls(asked: Asked) -> ssl.SSLContext | None:
    if not (asked.authority or asked.certificate or asked.key):
        return None
    if asked.key and not asked.certificate:
        raise Unreadable("--client-key belongs to a --client-certificate")
    for path in filter(None, (asked.authority, asked.certificate, asked.key)):
        read_bytes(path)  # tells of a missing file as everywhere else
    try:
        context = ssl.create_default_context(cafile=asked.authority or None)
    except (ssl.SSLError, OSError) as problem:
        raise Unreadable(f"`{asked.authority}` holds no certificate in PEM") from problem
    if asked.certificate:
        try:
            # A password would be asked for on the terminal; an empty one makes such a key an error instead.
            context.load_cert_chain(asked.certificate, asked.key or None, password="")
        except (ssl.SSLError, OSError, ValueError) as problem:
            where = f"`{asked.certificate}`" + (f" and `{asked.key}`" if asked.key else "")
            raise Unreadable(f"{where}: no certificate with its key in PEM, without a password") from problem
    return context
