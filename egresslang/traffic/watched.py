"""Watched: whose traffic is watched, by which names telemetry knows it, and what the policy gives it.

Everybody is watched once: each workload that a rule, the profile or a manifest sets apart, the rest of each namespace,
the rest of the mesh. Selectors of different ones have no series in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from egresslang.policy.intent import Intents
from egresslang.policy.policy import ANY, Below, Everything, Grant, Policy, Subject
from egresslang.policy.regions import Regions
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.targets.declare import Declared, declare
from egresslang.traffic.inside import EXTERNAL, covers, hosts_of_entries, in_mesh_hosts
from egresslang.traffic.labels import NAMESPACE, WORKLOAD, equal, none_of, one_of

LOCKED, OPEN, FREE = "locked", "open", "free"
"""What is done about traffic that no rule grants: blocked; let through unasked; let through by an `allow … -> *`."""

DATABASES = frozenset({"mongo", "mysql", "postgres", "redis"})
"""Protocols of the language that are a database's."""

Matchers = tuple[str, ...]


@record
class Watched:
    """Workloads whose series fit `matchers`: what becomes of what they are not granted, and the hosts they may reach.

    `hosts` are those of ServiceEntries, as `destination_service_name` has them. `files` are the policy files that speak
    of them, or where none does, all files of the policy.
    """

    subject: Subject
    matchers: Matchers
    state: str
    hosts: tuple[str, ...]
    files: tuple[str, ...]


class Watch:
    """A policy in a cluster as telemetry sees it: who is watched, and the hosts of each grant."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.policy = policy
        self.profile = profile
        self.declared: Declared = declare(policy, profile)[0]
        self._intents = Intents(policy, profile)
        self._called = _Called(profile)
        self.regions = Regions(profile.regions)
        self._hosts: dict[int, list[str]] = {}
        for entry in self.declared.entries.values():
            for grant in entry.grants:
                self._hosts.setdefault(id(grant), []).append(entry.host)
        self._files: dict[str, set[str]] = {}
        for grant in policy.grants:
            self._files.setdefault(grant.subject.namespace, set()).add(grant.rule.file)

    def hosts_of(self, grant: Grant) -> tuple[str, ...]:
        """The hosts of the ServiceEntries that a grant becomes: several where it has many addresses."""
        return tuple(dict.fromkeys(self._hosts.get(id(grant), ())))

    @cached_property
    def cluster_hosts(self) -> tuple[str, ...]:
        """Every registered host outside: the policy's, and those of ServiceEntries that the profile knows."""
        hosts = {host for _, host in self.declared.entries} | hosts_of_entries(self.profile, EXTERNAL)
        mesh = self.in_mesh_hosts
        return tuple(sorted(host for host in hosts if not any(covers(pattern, host) for pattern in mesh)))

    @cached_property
    def in_mesh_hosts(self) -> tuple[str, ...]:
        """Names and wildcards of the mesh itself."""
        return in_mesh_hosts(self.policy, self.profile)

    def everybody(self) -> list[Watched]:
        """Each that is watched, the rest of the mesh last."""
        apart: dict[str, list[str]] = {}
        for subject in self._set_apart():
            apart.setdefault(subject.namespace, [])
            if subject.workload != ANY:
                apart[subject.namespace].append(subject.workload)
        everyone = [
            watched for namespace, names in sorted(apart.items()) for watched in self._in_namespace(namespace, names)
        ]
        rest = Subject(ANY, ANY)
        return [*everyone, self._watched(rest, (none_of(NAMESPACE, apart),))]

    def _set_apart(self) -> set[Subject]:
        """Subjects that may be unlike the rest of the mesh: those of rules, and of the profile's enforcement."""
        subjects = {*self.declared.wants, *self.policy.mesh, *self.policy.named}
        subjects.update(Subject(namespace, name) for namespace, name, _ in self.profile.observed)
        subjects.update(Subject(namespace, ANY) for namespace in self.profile.enforcement.namespaces)
        return {subject for subject in subjects if subject.namespace != ANY}

    def _in_namespace(self, namespace: str, names: Sequence[str]) -> Iterator[Watched]:
        here = equal(NAMESPACE, namespace)
        called = {name: self._called.names(self.policy, namespace, name) for name in sorted(names)}
        for name, found in called.items():
            yield self._watched(Subject(namespace, name), (here, one_of(WORKLOAD, found)))
        others = [name for found in called.values() for name in found]
        yield self._watched(Subject(namespace, ANY), (here, none_of(WORKLOAD, others)))

    def matchers(self, subjects: Iterable[Subject]) -> list[Matchers]:
        """Matchers that together fit the workloads of some subjects, one for each namespace."""
        names: dict[str, set[str]] = {}
        whole: set[str] = set()
        for subject in subjects:
            if subject.workload == ANY:
                whole.add(subject.namespace)
            else:
                called = self._called.names(self.policy, subject.namespace, subject.workload)
                names.setdefault(subject.namespace, set()).update(called)
        if ANY in whole:
            return [()]
        return [
            (equal(NAMESPACE, each),) if each in whole else (equal(NAMESPACE, each), one_of(WORKLOAD, names[each]))
            for each in sorted({*names, *whole})
        ]

    def _watched(self, subject: Subject, matchers: Matchers) -> Watched:
        subjects = Intents.subjects(subject.namespace, subject.workload)
        wants = [self.declared.wants[each] for each in subjects if each in self.declared.wants]
        hosts = {host for each in wants for host in each.entries}
        files = {grant.rule.file for each in wants for grant in each.grants}
        intent = self._intents.of(subject.namespace, subject.workload)
        state = OPEN if intent.is_open else LOCKED
        if any(isinstance(grant.destination, Everything) for grant in intent.grants):
            state = FREE
        files = files or self._files.get(subject.namespace, set()) or set(self.policy.files)
        return Watched(subject, matchers, state, tuple(sorted(hosts)), tuple(sorted(files)))

    def region_of(self, grant: Grant) -> str:
        """Where a destination is: as its rule claims, else the profile or its name says; empty where nothing does."""
        if grant.rule.region:
            return grant.rule.region
        label = str(grant.destination)
        known = self.profile.destinations.get(label)
        if known is not None and known.region:
            return known.region
        is_named = isinstance(grant.destination, Below) or "." in label
        return self.regions.of_host(label) if is_named else ""


class _Called:
    """The names that telemetry has for a known workload: those of its manifests, where the profile has any."""

    def __init__(self, profile: ClusterProfile) -> None:
        self._standings = None
        if profile.resources:
            from egresslang.policy.standing import Standings

            self._standings = Standings(profile)

    def names(self, policy: Policy, namespace: str, name: str) -> list[str]:
        """Those of its manifests that are no other workload's, such as `reviews-v1` and `reviews-v2`, else its own."""
        known = policy.inventory.find(namespace, name)
        if self._standings is None or known is None:
            return [name]
        names = {each.name for each in self._standings.of(known)}
        return sorted(each for each in names if each == name or not policy.inventory.find(namespace, each)) or [name]
