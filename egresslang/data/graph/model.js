// The model: the document of `egressc graph --format json` (schemas/graph.schema.json), indexed for one cluster,
// and what a filter leaves of it. Nothing here touches the page.

const MARKS = {
  broad: "too broad",
  expiring: "expiring",
  error: "errors",
  findings: "with findings",
  denied: "guard rails",
  unused: "unused",
  blocked: "blocked",
  lost: "led nowhere",
  "passed-through": "passed through",
  outside: "outside of the policy",
};

const REST = {
  "blocked": { label: "black hole", said: "blocked", tells: "The sidecar forwards it nowhere (REGISTRY_ONLY, BlackHoleCluster)." },
  "passed-through": { label: "passes through", said: "passes through", tells: "The sidecar lets it out unasked (ALLOW_ANY, PassthroughCluster)." },
  "lost": { label: "led nowhere", said: "led nowhere", tells: "Its route or cluster does not exist (NR, NC): a mistake in the manifests." },
  "outside": { label: "allowed by others", said: "granted by no rule", tells: "Others than this policy registered it, so the mesh allows it; no rule grants it." },
  "not-captured": { label: "no sidecar", said: "not captured", tells: "No sidecar sees it: nothing is allowed and nothing is blocked." },
};

/** What became of traffic that was seen. */
const WENT = { "blocked": "blocked", "lost": "led nowhere", "passed-through": "passed through", "outside": "granted by no rule" };

const EVERYONE = "*";
const NOBODY = ""; // at home of the rules that grant nothing
const FEW = 60; // as many workloads, rules or destinations are shown one by one unless they are asked for
const GUARDED = "guard rails";
const ANYWHERE = "anywhere";
const LAST = ["names of their own", "addresses", "no region said", ANYWHERE, GUARDED];

/** A cluster of the document with everything that the views look up; an allow and a deny are rules alike. */
function modelOf(cluster) {
  const workloads = cluster.workloads.map((each, at) => ({
    ...each, at, title: titleOf(each), rules: new Set(),
    words: [titleOf(each), ...Object.entries(each.labels).map(pair => pair.join("=")), REST[each.rest].said].join(" ").toLowerCase(),
  }));
  const destinations = cluster.destinations.map((each, at) => ({
    ...each, at, rules: new Set(), isAllowed: false,
    words: [each.label, each.kind, ...each.regions, ...each.claimed, ...each.addresses].join(" ").toLowerCase(),
  }));
  const rules = cluster.rules.map((each, at) => ({
    owner: "", ticket: "", reason: "", region: "", marks: [], findings: [], mentioned: [],
    ...each, at, flows: [], yet: [], isDeny: each.kind === "deny",
  }));
  for (const flow of [...cluster.edges, ...cluster.guards]) {
    const rule = rules[flow.rule];
    rule.flows.push(flow);
    workloads[flow.workload].rules.add(rule.at);
    destinations[flow.destination].rules.add(rule.at);
    if (!rule.isDeny) destinations[flow.destination].isAllowed = true;
  }
  for (const rule of rules) {
    rule.home = rule.flows.length ? workloads[rule.flows[0].workload].namespace : NOBODY;
    rule.kinds = new Set(rule.marks);
    const told = rule.findings.map(number => cluster.findings[number]);
    if (told.some(each => !each.suppressed)) rule.kinds.add("findings");
    if (rule.isDeny) rule.kinds.add("denied");
    rule.words = [
      rule.kind, `${rule.file}:${rule.line}`, rule.owner && `owner=${rule.owner}`, rule.ticket && `ticket=${rule.ticket}`,
      rule.region && `region=${rule.region}`, rule.expires && `expires=${rule.expires}`, rule.reason,
      ...rule.marks.map(mark => MARKS[mark]), ...told.map(each => `${each.code} ${each.name}`),
      ...new Set(rule.flows.flatMap(flow => flow.ports.map(portOf))),
    ].filter(Boolean).join(" ").toLowerCase();
  }
  const strays = (cluster.traffic?.strays ?? []).map((each, at) => ({
    ...each, at, kinds: new Set([each.verdict]), number: Math.max(1, each.others),
    words: [each.label, WENT[each.verdict], MARKS[each.verdict]].join(" ").toLowerCase(),
  }));
  for (const stray of strays) for (const at of stray.rules) rules[at].yet.push(stray);
  return { ...cluster, workloads, destinations, rules, strays, elsewhere: findingsElsewhere(cluster) };
}

/** How many there are of a mark: rules, and destinations of stray flows. */
function countOf(model, mark) {
  return [...model.rules, ...model.strays].filter(each => each.kinds.has(mark)).reduce((sum, each) => sum + (each.number ?? 1), 0);
}

/** What was counted, in words; nothing where nothing was. */
function loadOf(load) {
  if (!load) return "";
  return [
    load.requests && counted(load.requests, "request"), load.connections && counted(load.connections, "connection"),
    load.failed && `${load.failed.toLocaleString("en")} failed`,
  ].filter(Boolean).join(", ");
}

/** What was counted of several together. */
function together(loads) {
  const seen = loads.filter(Boolean);
  const sum = key => seen.reduce((all, each) => all + each[key], 0);
  const last = key => seen.map(each => each[key]).sort().at(-1);
  return seen.length && { requests: sum("requests"), connections: sum("connections"), failed: sum("failed"), lastSeen: last("lastSeen"), lastSeenAfter: last("lastSeenAfter") };
}

/** When something was seen last, to the minute, or between which two moments that was. */
function lastOf(load) {
  const last = moment(load.lastSeen), after = moment(load.lastSeenAfter);
  if (last === after) {
    return last;
  }
  return `${after.slice(0, 16)} to ${last.slice(0, 10) === after.slice(0, 10) ? last.slice(11) : last}`;
}

/** A moment to the minute. */
function moment(text) {
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

/** What is known of a rule's use, in words. */
function useOf({ use, flows }) {
  if (!use) return "";
  if (use.state === "used") return loadOf(together(flows.map(flow => flow.seen)));
  return use.state === "unused" ? `nothing used it in ${use.length}` : `use not known: ${use.why}`;
}

function titleOf({ namespace, name }) {
  return namespace === EVERYONE ? "every workload" : `${namespace}/${name}`;
}

function portOf({ port, protocol }) {
  return [port ?? "any port", protocol].filter(Boolean).join(" ");
}

function portsOf(ports) {
  return ports.length ? ports.map(portOf).join(", ") : "any port";
}

function counted(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** Findings about no rule: about the cluster, the profile, a set. */
function findingsElsewhere(cluster) {
  const placed = new Set(cluster.rules.flatMap(rule => rule.findings ?? []));
  return cluster.findings.filter((_, number) => !placed.has(number));
}

/**
 * What is left of a model: the flows, and the nodes that they join or that match by themselves.
 *
 * Each word of the text must be found in a flow's workload, destination or rule; of the marks one must be its rule's.
 */
function narrowed(model, text, marks) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const everything = !words.length && !marks.size;
  const all = 2 ** words.length - 1;
  const found = node => words.reduce((bits, word, at) => node.words.includes(word) ? bits | 1 << at : bits, 0);
  const workloadBits = model.workloads.map(found);
  const destinationBits = model.destinations.map(found);
  const left = { rules: new Map(), workloads: new Set(), destinations: new Set(), strays: [], isNarrowed: !everything, flows: 0 };
  for (const rule of model.rules) {
    if (marks.size && ![...marks].some(mark => rule.kinds.has(mark))) continue;
    const bits = found(rule);
    const flows = rule.flows.filter(flow => (bits | workloadBits[flow.workload] | destinationBits[flow.destination]) === all);
    if (!flows.length && (rule.flows.length || bits !== all)) continue;
    left.rules.set(rule.at, flows);
    left.flows += rule.isDeny ? 0 : flows.length;
    for (const flow of flows) {
      left.workloads.add(flow.workload);
      left.destinations.add(flow.destination);
    }
  }
  for (const stray of model.strays) {
    if (marks.size && ![...marks].some(mark => stray.kinds.has(mark))) continue;
    if ((found(stray) | workloadBits[stray.workload]) !== all) continue;
    left.strays.push(stray);
    left.workloads.add(stray.workload);
  }
  if (!marks.size) {
    workloadBits.forEach((bits, at) => bits === all && left.workloads.add(at));
    destinationBits.forEach((bits, at) => bits === all && left.destinations.add(at));
  }
  return left;
}

/**
 * Destinations in groups of [name, nodes], by region or by domain.
 *
 * A few stand as near to their rules as may be, so that lines cross less; many stand by name, so that they are found.
 */
function groupsOf(model, left, grouping) {
  const shown = model.destinations.filter(each => left.destinations.has(each.at));
  const isMany = shown.length > FEW;
  const alone = new Map();
  for (const each of shown) alone.set(each.domain, (alone.get(each.domain) ?? 0) + 1);
  const groups = new Map();
  for (const each of shown) {
    const name = groupOf(each, grouping, isMany && alone.get(each.domain) === 1);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(each);
  }
  const sorted = [...groups].sort(([a], [b]) => LAST.indexOf(a) - LAST.indexOf(b) || a.localeCompare(b, "en"));
  if (isMany) return sorted;
  const rows = new Map(namespacesOf(model, left).flatMap(each => each.rules).map((rule, row) => [rule.at, row]));
  const height = nodes => {
    const found = nodes.flatMap(node => [...node.rules].filter(at => rows.has(at)).map(at => rows.get(at)));
    return found.length ? found.reduce((a, b) => a + b) / found.length : rows.size;
  };
  for (const [, nodes] of sorted) nodes.sort((a, b) => height([a]) - height([b]));
  return sorted.sort(([a, one], [b, other]) => (a === GUARDED) - (b === GUARDED) || height(one) - height(other));
}

function groupOf(destination, grouping, isAlone) {
  if (!destination.isAllowed) return GUARDED;
  if (["internet", "anything"].includes(destination.kind)) return ANYWHERE;
  if (grouping === "domain") return isAlone ? "names of their own" : destination.domain || "addresses";
  if (destination.regions.length) return destination.regions.join(", ");
  return destination.claimed.length ? `${destination.claimed.join(", ")} (claimed)` : "no region said";
}

/** Namespaces in groups of their workloads, of the rules that are at home there, and of their stray flows. */
function namespacesOf(model, left) {
  const namespaces = new Map();
  const of = name => {
    if (!namespaces.has(name)) namespaces.set(name, { name, workloads: [], rules: [], strays: [] });
    return namespaces.get(name);
  };
  for (const each of model.workloads) if (left.workloads.has(each.at)) of(each.namespace).workloads.push(each);
  for (const at of left.rules.keys()) of(model.rules[at].home).rules.push(model.rules[at]);
  for (const each of left.strays) of(model.workloads[each.workload].namespace).strays.push(each);
  return [...namespaces.values()];
}
