"""Attributes: the `key=value` words of a statement, as values of their kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.binding import Binding, guess
from egresslang.policy.clusters import matches
from egresslang.policy.policy import Rule
from egresslang.policy.regions import Regions, is_misspelt, vocabulary
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import is_nobodys
from egresslang.source import Span
from egresslang.suggest import Vocabulary
from egresslang.syntax import nodes
from egresslang.syntax.print import show_target
from egresslang.syntax.words import read_network


class Attributes:
    """Reads attributes for one cluster; what is wrong with a value goes to `found`."""

    def __init__(self, binding: Binding, profile: ClusterProfile, found: list[Finding]) -> None:
        self.binding = binding
        self.profile = profile
        self.found = found
        self._named = dict.fromkeys(_named_regions(profile))
        self.regions = Regions(profile.regions)

    def hold_here(self, attributes: tuple[nodes.Attribute, ...]) -> bool:
        """Whether `cluster=` lets a statement hold in this cluster."""
        for attribute in attributes:
            if attribute.key == "cluster":
                patterns = [self.text(value) for value in attribute.values]
                if any(pattern is not None and not pattern for pattern in patterns):
                    self.found.append(
                        finding(
                            codes.BAD_VALUE,
                            attribute.span,
                            "`cluster=` names no cluster",
                            "an empty value",
                            help="write a profile's name or a pattern such as `dev-*`, or remove `cluster=`",
                        )
                    )
                return any(pattern is not None and matches(pattern, self.profile.name) for pattern in patterns)
        return True

    def rule(
        self, kind: str, span: Span, attributes: tuple[nodes.Attribute, ...]
    ) -> tuple[Rule, nodes.Attribute | None]:
        """The rule of a statement, and its `address=` attribute."""
        values: dict[str, str] = {}
        expires = address = None
        for attribute in attributes:
            if attribute.key == "address":
                address = attribute
            elif attribute.key == "expires":
                expires = self._date(attribute)
            elif attribute.key != "cluster":
                texts = [text for value in attribute.values if (text := self.text(value)) is not None]
                values[attribute.key] = ", ".join(texts)
                if attribute.key == "region" and not (
                    len(texts) == len(attribute.values) and self._is_region(attribute, values["region"])
                ):
                    values["region"] = ""
        return Rule(kind, span, expires=expires, **values), address

    def text(self, value: nodes.Value, is_address: bool = False) -> str | None:
        """A value without variables; None after telling which is not defined."""
        if "${" not in value.text:
            return value.text
        return self.binding.substitute(value.text, value.span, is_address)

    def _date(self, attribute: nodes.Attribute) -> date | None:
        text = self.text(attribute.values[0])
        if text is None:
            return None
        try:
            if len(attribute.values) > 1 or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            self.found.append(
                finding(
                    codes.BAD_VALUE,
                    attribute.span,
                    f"`{text}` is not a date" if len(attribute.values) == 1 else "a rule has one last day",
                    "the last day of the rule",
                    help="write it as year-month-day, as in `2027-06-30`",
                )
            )
            return None

    def knows_region(self, region: str) -> bool:
        """Whether a region is a cloud's or the profile names it."""
        return region in self._named or self.regions.is_known(region)

    def near_region(self, region: str) -> str:
        """The region that an unknown one most likely means, empty when none is near."""
        return self._vocabulary.meant(region) or self._vocabulary.nearest(region)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return vocabulary(self._named)

    def _is_region(self, attribute: nodes.Attribute, region: str) -> bool:
        one = len(attribute.values) == 1
        if one and re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", region):
            if self.knows_region(region) or not is_misspelt(region):
                return True
            meant = self.near_region(region)
            self.found.append(
                finding(
                    codes.BAD_VALUE,
                    attribute.span,
                    f"`{region}` is not a region",
                    "no cloud has it, and the profile does not name it",
                    help=f"write `{meant}`, or declare `{region}` under `regions:` of the profile",
                    fix=guess(region, meant, attribute.span),
                )
            )
            return False
        self.found.append(
            finding(
                codes.BAD_VALUE,
                attribute.span,
                f"`{region}` is not a region",
                "one region is needed here",
                help="name one region, as in `region=us-east1`; group several under `regions:` of the profile",
            )
        )
        return False

    def addresses(self, attribute: nodes.Attribute) -> list[nodes.Network]:
        """The addresses and networks of `address=`."""
        networks = []
        for value in attribute.values:
            text = self.text(value, is_address=True)
            if text is None:
                continue
            network = read_network(text, value.span)
            if isinstance(network, Finding):
                self.found.append(network)
            elif is_nobodys(network.version, network.first, network.prefix):
                self.found.append(no_host(network, value.span))
            elif network.prefix == 0:
                self.found.append(
                    finding(
                        codes.ANY_ADDRESS,
                        value.span,
                        f"`{text}` is every address",
                        "the cluster's own included",
                        help="write the addresses of the destination",
                    )
                )
            else:
                networks.append(network)
        return networks


def _named_regions(profile: ClusterProfile) -> Iterator[str]:
    """The regions that a profile names: those it declares, the cluster's own, and those of destinations."""
    yield from filter(None, [profile.region])
    for region, members in profile.regions.items():
        yield from (region, *members)
    for known in profile.destinations.values():
        yield from filter(None, [known.region, *(endpoint.region for endpoint in known.endpoints)])


def no_host(network: nodes.Network, span: Span) -> Finding:
    """An address that no other host can have."""
    return finding(
        codes.BAD_ADDRESS,
        span,
        f"no host has the address `{show_target(network).strip('[]')}`",
        "0.0.0.0/8 means this host itself" if network.version == 4 else "`::` means no address",
        help="write the address of the destination",
    )
