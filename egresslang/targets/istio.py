"""Lower: a policy becomes the ServiceEntries, Sidecars and mesh-wide mode that make exactly it true.

A Sidecar is written for every class of workloads whose flows differ from those around it: a workload that rules name,
the rest of a namespace, the rest of the mesh. Nothing merges between Sidecars, so each lists all that its class has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from egresslang import codes, limits
from egresslang.findings import Finding, Label, finding
from egresslang.policy.inventory import KnownWorkload
from egresslang.policy.policy import ANY, Grant, Policy, Rule, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record, replace
from egresslang.source import Span
from egresslang.syntax.words import INVENTED
from egresslang.targets import naming
from egresslang.targets.declare import Declared, Entry, Wants, declare, parents
from egresslang.targets.manifests import EgressListener, Endpoint, Installation, Manifests, Port, ServiceEntry, Sidecar
from egresslang.targets.narrow import CLOSED, ISTIO_PROTOCOL, Narrowing, Ports, Scope, Stuck, below

EVERYONE = Subject(ANY, ANY)


def lower(policy: Policy, profile: ClusterProfile) -> tuple[Manifests, list[Finding]]:
    """The manifests of a policy in a cluster; findings for what Istio cannot say exactly, never an approximation."""
    declared, found = declare(policy, profile)
    if found:
        return Manifests((), (), _installation(declared, profile)), found
    lowering = _Lowering(policy, profile, declared)
    if lowering.lists_too_much():
        return Manifests((), (), _installation(declared, profile)), [
            limits.over(
                limits.IMPORTS, profile.span, f"the Sidecars of cluster `{profile.name}` would list too many hosts"
            )
        ]
    sidecars = tuple(lowering.sidecars())
    found.extend(lowering.found)
    if lowering.stuck:
        found.extend(_inexpressible(lowering.stuck, policy, profile))
    manifests = Manifests(_service_entries(declared, profile), sidecars, _installation(declared, profile))
    return manifests, found


@record
class Class:
    """Workloads that share a Sidecar: the subject they are, and how the Sidecar selects them (None: the rest)."""

    subject: Subject
    selector: tuple[tuple[str, str], ...] | None
    name: str


@record
class Refusal:
    """A class whose wants no listener expresses, and what is in the way."""

    subject: Subject
    stuck: tuple[Stuck, ...]


class _Lowering:
    def __init__(self, policy: Policy, profile: ClusterProfile, declared: Declared) -> None:
        self.policy = policy
        self.profile = profile
        self.declared = declared
        self.stuck: list[Refusal] = []
        self.found: list[Finding] = []
        self._below = below(declared.entries)
        self._observed = {Subject(namespace, name) for namespace, name, _ in profile.observed}
        self._solved: dict[object, tuple[EgressListener, ...]] = {}
        self._wanted: dict[Subject, tuple[dict[str, Ports], dict[str, str]]] = {}
        self._contents: dict[Subject, object] = {}

    def sidecars(self) -> Iterator[Sidecar]:
        """One Sidecar a class, by namespace, workloads before the rest of the namespace."""
        for namespace, classes in sorted(_by_namespace(self._classes(), self.profile.root_namespace).items()):
            self._wanted, self._contents = {}, {}  # what is of one namespace alone
            chosen = self._selectable(classes)
            names = naming.unique({each.subject.workload: each.name for each in chosen})
            for each in chosen:
                yield self._sidecar(each, namespace, names[each.subject.workload])

    def lists_too_much(self) -> bool:
        """Whether all Sidecars together would list more hosts than is allowed, counted before any is made."""
        left = limits.IMPORTS.now
        for each in self._classes():
            left -= sum(len(part.entries) for part in self._wants(each.subject))
            if left < 0:
                return True
        return False

    def _classes(self) -> Iterator[Class]:
        level = self.profile.enforcement.level
        if level == "observe":
            return
        subjects = {*self.declared.wants, *self.policy.mesh, *self._observed}
        if level == "workloads":
            subjects |= self.policy.named
        for subject in subjects:
            if subject.workload != ANY and self._is_enforced(subject):
                workload = self.policy.inventory.find(subject.namespace, subject.workload)
                if workload is not None:
                    yield Class(subject, workload.selector, subject.workload)
        rest = {s.namespace for s in subjects if s.workload == ANY and s.namespace != ANY}
        if level == "namespaces":
            rest = set(self.profile.enforcement.namespaces)
            if self.profile.root_namespace in rest:
                self._refuse_enforcing_root()
        elif level == "workloads":
            rest = set()
        for namespace in rest - ({self.profile.root_namespace} if level == "mesh" else set()):
            yield Class(Subject(namespace, ANY), None, "default")
        if level == "mesh":
            yield Class(EVERYONE, None, "default")

    def _is_enforced(self, subject: Subject) -> bool:
        level = self.profile.enforcement.level
        if level == "namespaces":
            return subject.namespace in self.profile.enforcement.namespaces
        return level == "mesh" or subject in self.policy.named

    def _refuse_enforcing_root(self) -> None:
        root = self.profile.root_namespace
        self.found.append(
            finding(
                codes.INEXPRESSIBLE,
                self.profile.span,
                f"`{root}` cannot be enforced without the rest of the mesh",
                "names it under `enforcement`",
                [],
                [f"a Sidecar without a selector in `{root}` is the default of every namespace"],
                f"take `{root}` out of `enforcement`, or enforce the mesh",
            )
        )

    def _selectable(self, classes: list[Class]) -> list[Class]:
        """The classes without those whose pods another one selects for the same flows; refuse what selects a stranger's."""
        chosen: dict[object, Class] = {}
        for each in sorted(classes, key=lambda c: (c.selector is None, c.name)):
            selector = None if each.selector is None else frozenset(each.selector)
            chosen.setdefault((selector, self._content(each.subject)), each)
        for key, each in list(chosen.items()):
            if each.selector is None:
                continue
            self._check_selector(each)
            if any((part, self._content(each.subject)) in chosen for part in _parts(each.selector)):
                del chosen[key]
        return list(chosen.values())

    def _content(self, subject: Subject) -> object:
        """What a workload ends up with: two with equal content can share a Sidecar."""
        content = self._contents.get(subject)
        if content is None:
            ports, _ = self._wanted_by(subject)
            content = self._contents[subject] = (
                frozenset([(host, port, protocol) for host, of in ports.items() for port, protocol in of.items()]),
                self._is_open(subject),
                self._in_mesh(subject),
                self._is_enforced(subject),
            )
        return content

    def _is_open(self, subject: Subject) -> bool:
        return subject in self._observed or any(part.open for part in self._wants(subject))

    def _check_selector(self, each: Class) -> None:
        selector = dict(each.selector or ())
        mine = self._content(each.subject)
        if not selector:
            self.found.append(self._no_selector(each))
            return
        for other in self.policy.inventory.carrying(each.subject.namespace, tuple(selector.items())):
            if other.name != each.subject.workload and self._content(Subject(other.namespace, other.name)) != mine:
                self.found.append(self._shared_selector(each, other, selector))
                return

    def _shared_selector(self, each: Class, other: KnownWorkload, selector: dict[str, str]) -> Finding:
        span = self._place(each.subject)
        labels = ", ".join(f"{key}={value}" for key, value in selector.items())
        return finding(
            codes.SHARED_SELECTOR,
            span,
            f"the labels of `{each.subject.workload}` select `{other.name}` too",
            "granted to one of them",
            [],
            [f"a Sidecar selects pods by {labels}: `{other.name}` would get the same flows"],
            f"grant both workloads the same, or give `{each.subject.workload}` a label of its own in the profile",
        )

    def _no_selector(self, each: Class) -> Finding:
        return finding(
            codes.SHARED_SELECTOR,
            self._place(each.subject),
            f"`{each.subject.workload}` has no label to be selected by",
            "granted to this workload",
            notes=["a Sidecar selects pods by their labels: without any it selects every pod of the namespace"],
            help=f"give `{each.subject.workload}` its labels in the profile",
        )

    def _place(self, subject: Subject) -> Span:
        wants = self.declared.wants.get(subject)
        if wants and wants.grants:
            return wants.grants[0].rule.span
        return next(
            (span for namespace, name, span in self.profile.observed if subject == Subject(namespace, name)),
            self.profile.span,
        )

    # One Sidecar

    def _wants(self, subject: Subject) -> list[Wants]:
        subjects = [subject, Subject(subject.namespace, ANY), EVERYONE]
        return [wants for each in dict.fromkeys(subjects) if (wants := self.declared.wants.get(each)) is not None]

    def _wanted_by(self, subject: Subject) -> tuple[dict[str, Ports], dict[str, str]]:
        """The ports that a subject wants of each host, and in which namespace the entry of the host is."""
        found = self._wanted.get(subject)
        if found is None:
            ports: dict[str, Ports] = {}
            where: dict[str, str] = {}
            for part in reversed(self._wants(subject)):
                home = self.profile.root_namespace if part is self.declared.wants.get(EVERYONE) else subject.namespace
                for host, more in part.entries.items():
                    ports[host] = ports[host] | more if host in ports else more
                    where[host] = home
            found = self._wanted[subject] = ports, where
        return found

    def _sidecar(self, each: Class, namespace: str, name: str) -> Sidecar:
        subject = each.subject
        wants = self._wants(subject)
        is_open = self._is_open(subject)
        merged, where = self._wanted_by(subject)
        in_mesh = self._in_mesh(subject)
        content = subject.namespace, self._content(subject), frozenset(where.items())
        egress = self._solved.get(content)
        if egress is None:
            egress = self._solved[content] = self._egress(subject, merged, dict(where), in_mesh, is_open)
        sources = _files(grant for part in wants for grant in part.grants)
        return Sidecar(namespace, name, each.selector, "ALLOW_ANY" if is_open else "REGISTRY_ONLY", egress, sources)

    def _egress(
        self, subject: Subject, merged: dict[str, Ports], where: dict[str, str], in_mesh: tuple[str, ...], is_open: bool
    ) -> tuple[EgressListener, ...]:
        scope = Scope(subject.namespace, self.declared.entries, self._below, self.profile)
        narrowing = Narrowing(scope, merged, where)
        if not is_open:
            stuck = narrowing.solve()
            while stuck and self._vary(stuck, narrowing, merged, where, subject.namespace):
                narrowing = Narrowing(scope, merged, where)
                stuck = narrowing.solve()
            if stuck:
                self.stuck.append(Refusal(subject, tuple(stuck)))
            elif narrowing.closed:
                self._declare_closed(subject.namespace, narrowing.closed, merged)
        return narrowing.egress(in_mesh)

    def _vary(
        self, stuck: list[Stuck], narrowing: Narrowing, merged: dict[str, Ports], where: dict[str, str], namespace: str
    ) -> bool:
        """Take stuck hosts from narrower entries in the root namespace; whether any could be."""
        varied = False
        for item in stuck:
            bringing = narrowing.bringing(item)
            if all(where[host] == namespace for host in bringing):
                host = next((host for host in bringing if self._variant(host, merged[host], namespace)), None)
                if host is not None:
                    where[host] = self.profile.root_namespace
                    varied = True
        return varied

    def _variant(self, host: str, ports: Ports, namespace: str) -> bool:
        """Declare an entry of a host with these ports in the root namespace, if none of another shape is in the way."""
        root = self.profile.root_namespace
        if namespace == root or self._covered(host, root):
            return False
        own = self.declared.entries[namespace, host]
        variant = self.declared.entries.get((root, host))
        if variant is None:
            variant = self.declared.entries[root, host] = Entry(root, host, own.resolution)
            variant.addresses, variant.endpoints, variant.ports = own.addresses, own.endpoints, dict(ports)
            if host.startswith("*."):
                at_root = {key: entry for key, entry in self.declared.entries.items() if key[0] == root}
                self._below[root, host[2:]] = below(at_root)[root, host[2:]]
        elif variant.everyone or variant.ports != ports or variant.leads_to != own.leads_to:
            return False
        variant.exported.add(namespace)
        variant.grants.extend(own.grants)
        return True

    def _declare_closed(self, namespace: str, ports: set[int], merged: dict[str, Ports]) -> None:
        key = namespace, CLOSED
        entry = self.declared.entries.get(key)
        if entry is None:
            entry = self.declared.entries[key] = Entry(*key, "STATIC")
            entry.exported.add(namespace)
        entry.ports.update(dict.fromkeys(ports, "tls"))
        entry.grants += [
            grant for host in merged if (own := self.declared.entries.get((namespace, host))) for grant in own.grants
        ]

    def _covered(self, host: str, namespace: str) -> bool:
        return any((namespace, f"*.{suffix}") in self.declared.entries for suffix in parents(host.removeprefix("*.")))

    def _in_mesh(self, subject: Subject) -> tuple[str, ...]:
        """What a subject keeps of the mesh: every mesh line that holds for it, or else the profile's list."""
        subjects = dict.fromkeys((subject, Subject(subject.namespace, ANY), EVERYONE))
        stated = {host for key in subjects for host in self.policy.mesh.get(key, ())}
        return tuple(sorted(stated)) or self.profile.in_mesh


def _parts(selector: tuple[tuple[str, str], ...]) -> Iterator[frozenset[tuple[str, str]]]:
    """The selectors that ask for some of the labels: each matches all that this one does."""
    for count in range(1, min(len(selector), 6)):
        for part in combinations(selector, count):
            yield frozenset(part)


def _by_namespace(classes: Iterable[Class], root: str) -> dict[str, list[Class]]:
    grouped: dict[str, list[Class]] = {}
    for each in classes:
        grouped.setdefault(root if each.subject == EVERYONE else each.subject.namespace, []).append(each)
    return grouped


def _service_entries(declared: Declared, profile: ClusterProfile) -> tuple[ServiceEntry, ...]:
    hosts: dict[str, list[str]] = {}
    for namespace, host in declared.entries:
        hosts.setdefault(namespace, []).append(host)
    names = {namespace: naming.unique({host: _readable(host) for host in found}) for namespace, found in hosts.items()}
    ports = _WrittenPorts()
    return tuple(
        ServiceEntry(
            namespace,
            names[namespace][host],
            (host,),
            tuple([ports[each] for each in sorted(entry.ports.items())]),
            entry.resolution,
            entry.addresses,
            tuple([Endpoint(address, region) for address, region in entry.endpoints]),
            ("*",) if entry.everyone else tuple(sorted(["." if ns == namespace else ns for ns in entry.exported])),
            allocate=not (profile.dns_capture and profile.auto_allocate) or entry.is_virtual or bool(entry.addresses),
            sources=_files(entry.grants),
        )
        for (namespace, host), entry in [(key, declared.entries[key]) for key in sorted(declared.entries)]
    )


class _WrittenPorts(dict[tuple[int, str], Port]):
    """The ports of ServiceEntries by number and protocol: thousands of hosts share a few."""

    def __missing__(self, key: tuple[int, str]) -> Port:
        number, protocol = key
        made = self[key] = Port(number, ISTIO_PROTOCOL[protocol], f"{protocol}-{number}")
        return made


def _readable(host: str) -> str:
    """What a resource is called after: `*.x` as `any.x`, an invented name without its suffix."""
    return host.replace("*.", "any.").removesuffix(f".{INVENTED}")


def _installation(declared: Declared, profile: ClusterProfile) -> Installation:
    mode = "REGISTRY_ONLY" if profile.enforcement.level == "mesh" else "ALLOW_ANY"
    installed = profile.installation
    return Installation(
        mode,
        installed.form,
        installed.name,
        installed.namespace,
        profile.root_namespace,
        dns_capture=any(entry.is_virtual for entry in declared.entries.values()),
    )


# Refusals


def _inexpressible(refusals: list[Refusal], policy: Policy, profile: ClusterProfile) -> list[Finding]:
    """One finding that names rules each of which could go, or where none alone could, one for each class."""
    rules = _fewest(refusals, policy, profile)
    single = [rule for rule in rules if not _refused(_all_but(rule, policy), policy, profile)]
    if single:
        return [_refusal(refusals, single)]
    return [_refusal([refusal], _fewest([refusal], policy, profile)) for refusal in refusals]


def _refusal(refusals: list[Refusal], rules: list[Rule]) -> Finding:
    *others, last = sorted(rules, key=lambda rule: rule.span.place)
    shown = ", ".join(f"`{refusal.subject}`" for refusal in refusals[:3]) + (" and others" if len(refusals) > 3 else "")
    stuck = refusals[0].stuck[0]
    return finding(
        codes.INEXPRESSIBLE,
        last.span,
        f"Istio cannot give {shown} exactly the flows of the policy",
        "not together with the other rules" if others else "not beside the rest of the policy",
        [Label(rule.span, "with this rule") for rule in others],
        [
            f"what `{refusals[0].subject}` is granted would also open `{stuck.host}:{stuck.port}`, which is granted to others of its namespace"
        ],
        f"grant `{refusals[0].subject}` that port too, write one of these rules with other ports, or move a workload to its own namespace",
    )


def _all_but(rule: Rule, policy: Policy) -> list[Rule]:
    return [grant.rule for grant in policy.grants if grant.rule is not rule]


def _refused(rules: Iterable[Rule], policy: Policy, profile: ClusterProfile) -> list[Refusal]:
    """What these rules of the policy alone are refused for."""
    chosen = {id(rule) for rule in rules}
    part = replace(policy, grants=tuple(grant for grant in policy.grants if id(grant.rule) in chosen))
    lowering = _Lowering(part, profile, declare(part, profile)[0])
    for _ in lowering.sidecars():
        pass
    return lowering.stuck


def _fewest(refusals: list[Refusal], policy: Policy, profile: ClusterProfile) -> list[Rule]:
    """Rules that are refused together for one of these classes, and none of them without the others.

    Larger parts are dropped first, then one rule at a time until nothing changes: a few lowerings for each rule that
    stays, whatever the size of the policy.
    """
    subjects = {refusal.subject for refusal in refusals}

    def is_refused(rules: list[Rule]) -> bool:
        return any(refusal.subject in subjects for refusal in _refused(rules, policy, profile))

    namespaces = {subject.namespace for subject in subjects} | {ANY}
    rules = list(
        {id(grant.rule): grant.rule for grant in policy.grants if grant.subject.namespace in namespaces}.values()
    )
    if not is_refused(rules):
        rules = list({id(grant.rule): grant.rule for grant in policy.grants}.values())
    size = max(1, len(rules) // 2)
    while True:
        before = len(rules)
        at = 0
        while at < len(rules):
            rest = rules[:at] + rules[at + size :]
            if rest and is_refused(rest):
                rules = rest
            else:
                at += size
        if size == 1 and len(rules) == before:
            return rules
        size = max(1, size // 2)


def _files(grants: Iterable[Grant]) -> tuple[str, ...]:
    """The policy files of some grants, in order."""
    sources = {grant.rule.span.source for grant in grants}
    return (sources.pop().path,) if len(sources) == 1 else tuple(sorted({each.path for each in sources}))
