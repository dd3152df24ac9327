"""What a word may be: a host, a wildcard, an address, a workload, a set.

Each reader turns the text of one word into a node or into the finding that says why it is none. The same
readers serve the parser and, once the variables of a profile are known, `${env}.example.com`.
"""

from __future__ import annotations

import re

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, finding
from egresslang.ranges import mapped
from egresslang.source import Span
from egresslang.syntax.look_alikes import punycode, read_as
from egresslang.syntax.nodes import (
    PROTOCOLS,
    AllWorkloads,
    Anything,
    Host,
    Network,
    Port,
    Target,
    Template,
    Wildcard,
    Word,
    WorkloadName,
)

_ONE = r"[a-z0-9][a-z0-9-]{0,62}+(?<!-)"
_LABEL = re.compile(_ONE)
_HOST = re.compile(rf"(?:{_ONE}\.)++{_ONE}")
_SUBDOMAIN = re.compile(r"(?:[a-z0-9][a-z0-9-]*+(?<!-)\.)*+[a-z0-9][a-z0-9-]*+(?<!-)")
_ADDRESS_LIKE = re.compile(r"[0-9.]+(?:/[^/]*)?|.*\.[0-9]+(?:/[^/]*)?")
_OCTET = r"(0|[1-9][0-9]{0,2})"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?:/([0-9]{{1,2}}))?")
_RESERVED_PORTS = {
    15001: "its own outbound traffic",
    15006: "its own inbound traffic",
    15021: "health",
    15090: "metrics",
}

_USUAL_PORTS = {
    "http": "80 http",
    "https": "443 https",
    "tls": "443 tls",
    "postgres": "5432 postgres",
    "postgresql": "5432 postgres",
    "mysql": "3306 mysql",
    "redis": "6379 redis",
    "mongo": "27017 mongo",
    "mongodb": "27017 mongo",
    "ssh": "22 tcp",
    "smtp": "587 tcp",
    "ldaps": "636 tcp",
}
"""What names of protocols and services stand for, as a rule has it."""

INVENTED = "egressc.invalid"
"""Names below this one are invented for destinations that have only an address."""


def read_target(text: str, span: Span) -> Target | Finding:
    """A destination word: a host, wildcard, IPv4 address or network, set, `*`, or a template with variables."""
    if _HOST.fullmatch(text) and not text[-1].isdigit():
        return _named(text, text, span)
    if "${" in text:
        return Template(text, span)
    if text == "*":
        return Anything(span)
    if text.startswith("*."):
        return _read_wildcard(text, span)
    if _ADDRESS_LIKE.fullmatch(text):
        return read_network(text, span)
    if "/" in text:
        namespace, _, name = text.partition("/")
        if _LABEL.fullmatch(namespace) and _LABEL.fullmatch(name):
            return Word(namespace, name, span)
        return _bad_host(text, span, "a host has no path", "write the host alone, and the port after `:`")
    if "." not in text and _LABEL.fullmatch(text):
        return Word("", text, span)
    return read_host(text, span)


def _read_wildcard(text: str, span: Span) -> Wildcard | Finding:
    """`*.example.com`; also `*.com`, which can be denied."""
    is_top = bool(text[2:]) and "." not in text[2:-1]
    host = read_host(f"any.{text[2:]}" if is_top else text[2:], span, shown=text)
    if isinstance(host, Finding):
        return host
    suffix = host.name.removeprefix("any.") if is_top else host.name
    if f".{INVENTED}".endswith(f".{suffix}"):
        return _bad_host(text, span, "reserved for destinations without a name", "use the names of real hosts")
    return Wildcard(suffix, span)


def read_bracketed(text: str, span: Span) -> Target | Finding:
    """`[2001:db8::/32]`: an IPv6 address or network in brackets, or a template of one."""
    return Template(text, span) if "${" in text else read_network(text[1:-1], span)


def read_host(text: str, span: Span, shown: str = "") -> Host | Finding:
    """An exact DNS name, by IDNA 2008; RFC 1035 bounds: labels of 1 to 63 octets, 253 in all."""
    shown = shown or text
    name = text.removesuffix(".")
    if not name.isascii():
        encoded = _encode(name, shown, span)
        if isinstance(encoded, Finding):
            return encoded
        name = encoded
    name = name.lower()
    return _named(name, shown, span) if _HOST.fullmatch(name) else _explain_host(name, shown, span)


def _named(name: str, shown: str, span: Span) -> Host | Finding:
    """The host of a name whose labels are those of one."""
    if len(name) > 253:
        return _bad_host(shown, span, f"{len(name)} characters, a DNS name has at most 253", "shorten it")
    if "xn--" in name and (problem := _decode_problem(name)):
        return _bad_host(shown, span, problem, "write the name in its own letters")
    if name[-1].isdigit() and name.rpartition(".")[2].isdigit():
        return _bad_address(shown, span, "a name whose last label is a number is an address", "write a whole address")
    if name.endswith(INVENTED) and f".{name}".endswith(f".{INVENTED}"):
        return _bad_host(shown, span, "reserved for destinations without a name", "use the name of a real host")
    return Host(name, span)


def read_network(text: str, span: Span) -> Network | Finding:
    """An IPv4 or IPv6 address or CIDR: four decimal numbers without leading zeros, no host bits, no zone."""
    if ipv4 := _read_ipv4(text, span):
        return ipv4
    import ipaddress

    try:
        if "%" in text:
            raise ValueError
        interface = ipaddress.ip_interface(text)
        if "/" in text and not text.partition("/")[2].isdigit():
            return _bad_address(text, span, "not a prefix length", "write the length of the prefix, as in `/24`")
    except ValueError:
        return _explain_address(text, span)
    network = interface.network
    if interface.ip != network.network_address:
        return _bad_address(
            text,
            span,
            "bits are set after the prefix",
            f"write `{network}` for the network, or `{interface.ip}` for the address",
        )
    made = Network(network.version, int(network.network_address), network.prefixlen, span)
    if same := mapped(made.version, made.first, made.prefix):
        return finding(
            codes.BAD_ADDRESS,
            span,
            f"`{text}` is IPv4, written as IPv6",
            f"a sidecar sees `{same}`",
            help=f"write `{same}`",
        )
    return made


def _read_ipv4(text: str, span: Span) -> Network | None:
    """An IPv4 address or network without a fault: `ipaddress` takes ten times as long and is for what is left."""
    if (match := _IPV4.fullmatch(text)) is None:
        return None
    *octets, prefix = map(int, match.groups("32"))
    if max(octets) > 255 or prefix > 32:
        return None
    first = int.from_bytes(octets, "big")
    return None if first & (0xFFFFFFFF >> prefix) else Network(4, first, prefix, span)


def read_port(text: str, span: Span) -> int | Finding:
    """A port number from 1 to 65535 that no sidecar listens on itself (istio.io, Application Requirements)."""
    if not (text.isascii() and text.isdigit()):
        if text.startswith("//"):
            return finding(
                codes.BAD_HOST,
                span,
                "a URL is not a destination",
                "host and port are needed here",
                help="write the host and its port, as in `example.com:443 tls`",
            )
        return _explain_port(text, span)
    number = int(text) if len(text) < 9 else 0
    if not 1 <= number <= 65535:
        return finding(
            codes.BAD_PORT,
            span,
            f"port `{text}` does not exist",
            "outside 1 to 65535",
            help="write a number from 1 to 65535",
        )
    if number in _RESERVED_PORTS:
        return finding(
            codes.BAD_PORT,
            span,
            f"port `{number}` belongs to the sidecar",
            f"a sidecar uses it for {_RESERVED_PORTS[number]}",
            notes=["traffic to this port of another host never reaches a listener"],
            help="reach the destination on another port",
        )
    if text[0] == "0":
        return finding(
            codes.BAD_PORT,
            span,
            f"`{text}` is not a port",
            "a leading zero",
            help=f"write `{number}`",
            fix=Fix(f"write `{number}`", (Edit(span, str(number)),), safe=True),
        )
    return number


def _explain_port(text: str, span: Span) -> Finding:
    """What somebody wrote who wanted a port, and how to write it here."""
    message, label, help = (
        f"`{text}` is not a port",
        "a port is a number",
        "write a number from 1 to 65535, then the protocol",
    )
    if text in _USUAL_PORTS:
        help = f"write `{_USUAL_PORTS[text]}`"
    elif match := re.fullmatch(r"([0-9]+)(?:-|\.\.\.?|–)([0-9]+)", text):
        message, label = f"`{text}` is a range of ports", "a rule names each port"
        first, last = (int(each) if len(each) < 6 else 0 for each in match.groups())
        few = range(first, last + 1) if 0 < first < last < min(first + 5, 65536) else ()
        help = (
            f"write `{{{', '.join(map(str, few))}}}`, each with its protocol"
            if few
            else "write the ports one by one, as in `{8000 tcp, 8001 tcp}`"
        )
    elif match := re.fullmatch(r"([0-9]+)/?([a-z][a-z0-9]*)|([a-z][a-z0-9]*)/([0-9]+)", text):
        number, protocol = match[1] or match[4], match[2] or match[3]
        if protocol in PROTOCOLS:
            label, help = "a port, then a space and the protocol", f"write `{number} {protocol}`"
    elif text in ("*", "any", "all"):
        message, label = f"`{text}` is every port", "a rule names each port"
        help = "write the ports that are needed; a `deny` or `expect` without a port is about all of them"
    elif text.isdigit():
        label, help = "digits of another script", "write it with the digits 0 to 9"
    return finding(codes.BAD_PORT, span, message, label, help=help)


def read_member(text: str, span: Span) -> WorkloadName | AllWorkloads | Finding:
    """A source word: `*`, `ns/*`, a workload or set with or without its namespace."""
    if text == "*":
        return AllWorkloads("*", span)
    namespace, slash, name = text.rpartition("/")
    if (slash and not _LABEL.fullmatch(namespace)) or not (
        name == "*" or (len(name) <= 253 and _SUBDOMAIN.fullmatch(name))
    ):
        return _bad_name(text, span)
    return AllWorkloads(namespace, span) if name == "*" else WorkloadName(namespace, name, span)


def is_label(text: str) -> bool:
    """Whether a text is an RFC 1123 label: what namespaces and sets are called."""
    return bool(_LABEL.fullmatch(text))


def _bad_name(text: str, span: Span) -> Finding:
    fix = None
    if text.lower() != text and _SUBDOMAIN.fullmatch(text.lower().replace("/", "")):
        fix = Fix("write it in lower case", (Edit(span, text.lower()),), safe=True)
    if text == "*/*" or text.endswith("/**"):
        help = "write `*` for every workload of the mesh, `namespace/*` for those of a namespace"
    elif "*" in text:
        help = "write `namespace/*` for a whole namespace, or `[key=value]` for pods by label"
    else:
        help = "write `workload`, `namespace/workload`, `namespace/*` or `*`"
    return finding(
        codes.SYNTAX,
        span,
        f"`{text}` is not the name of a workload",
        "names are lower-case letters, digits and `-`",
        help=help,
        fix=fix,
    )


def _bad_host(shown: str, span: Span, why: str, help: str) -> Finding:
    return finding(codes.BAD_HOST, span, f"`{shown}` is not a host", why, help=help)


def _explain_host(name: str, shown: str, span: Span) -> Finding:
    if not name or name.startswith(".") or ".." in name:
        return _bad_host(shown, span, "a label is empty", "remove the extra dot")
    if "*" in name:
        return _bad_host(
            shown,
            span,
            "`*` stands only before the first dot, alone",
            "write `*.` and the rest of the name, or list the names",
        )
    if "_" in name:
        return _bad_host(
            shown, span, "`_` is not a letter of host names", "check the name: hosts have letters, digits and `-`"
        )
    if "." not in name:
        return _bad_host(shown, span, "neither a name with a dot nor a set", "write the whole DNS name")
    long = next((label for label in name.split(".") if len(label) > 63), "")
    if long:
        return _bad_host(
            shown, span, f"`{long[:12]}…` has {len(long)} characters, a label at most 63", "shorten the label"
        )
    dash = next((label for label in name.split(".") if label.startswith("-") or label.endswith("-")), "")
    if dash:
        return _bad_host(shown, span, f"`{dash}` starts or ends with `-`", "remove the `-`")
    odd = next((c for c in name if not re.match(r"[a-z0-9.-]", c)), "")
    return _bad_host(
        shown,
        span,
        f"`{odd}` is not a letter of host names" if odd else "not a DNS name",
        "write a DNS name, as in `api.example.com`",
    )


def _encode(name: str, shown: str, span: Span) -> str | Finding:
    import idna

    if scripts := _mixed_scripts(name):
        return finding(
            codes.HOSTILE_TEXT,
            span,
            f"`{shown}` mixes letters that look alike",
            f"{' and '.join(scripts)} letters in one label",
            notes=[f"a name server sees `{punycode(name)}`"],
            help="write the name with the letters of one script",
        )
    if plain := read_as(name):
        return finding(
            codes.HOSTILE_TEXT,
            span,
            f"`{shown}` is not `{plain}`",
            "letters of another script that look like Latin ones",
            help=f"write `{plain}` in Latin letters, or `{punycode(name)}` if that is what is meant",
        )
    labels = []
    for label in name.lower().split("."):
        if label.isascii():
            labels.append(label)
            continue
        try:
            labels.append(idna.encode(label, strict=True).decode())
        except idna.IDNAError as problem:
            return _bad_host(
                shown,
                span,
                f"not allowed by IDNA 2008: {str(problem)[:120]}",
                "write the name as its owner registered it",
            )
    return ".".join(labels)


def _mixed_scripts(name: str) -> list[str]:
    import unicodedata

    confusable = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}
    for label in name.split("."):
        scripts = {unicodedata.name(c, "").partition(" ")[0] for c in label if c.isalpha()} & confusable
        if len(scripts) > 1:
            return sorted(script.title() for script in scripts)
    return []


def _decode_problem(name: str) -> str:
    import idna

    for label in name.split("."):
        if label.startswith("xn--"):
            try:
                idna.decode(label)
            except (idna.IDNAError, UnicodeError) as problem:
                return f"`{label}` is not punycode of a name: {str(problem)[:80]}"
    return ""


def _bad_address(shown: str, span: Span, why: str, help: str) -> Finding:
    return finding(codes.BAD_ADDRESS, span, f"`{shown}` is not an address", why, help=help)


def _explain_address(text: str, span: Span) -> Finding:
    address, slash, prefix = text.partition("/")
    if "%" in text:
        return _bad_address(
            text, span, "an address with a zone means something only on one machine", "remove the `%` and what follows"
        )
    octets = address.split(".")
    if ":" in address:
        return _bad_address(
            text, span, "not an IPv6 address or network", "write it as in `[2001:db8::1]` or `[2001:db8::/32]`"
        )
    if any(len(octet) > 1 and octet.startswith("0") and octet.isdigit() for octet in octets):
        plain = ".".join(str(int(o)) if o.isdigit() else o for o in octets) + slash + prefix
        return _bad_address(
            text,
            span,
            "a leading zero is octal to some programs and decimal to others",
            f"write `{plain}` if decimal is meant",
        )
    big = next((octet for octet in octets if octet.isdigit() and int(octet[:9]) > 255), "")
    if big:
        return _bad_address(text, span, f"`{big}` is more than 255", "write four numbers from 0 to 255")
    if len(octets) == 4 and all(octet.isdigit() for octet in octets):
        return _bad_address(
            text, span, f"`/{prefix}` is not a prefix length", "write a length from 0 to 32, as in `/24`"
        )
    if all(octet.isdigit() for octet in octets):
        return _bad_address(text, span, f"{len(octets)} numbers where an address has four", "write all four numbers")
    return _bad_address(
        text, span, "a name whose last label is a number is an address", "write a whole address, or the whole name"
    )


def port_node(number: str, protocol: str, span: Span, number_span: Span) -> Port | Finding:
    """A port with its protocol as written."""
    value = read_port(number, number_span)
    return value if isinstance(value, Finding) else Port(value, protocol, span)
