// The panel: what was chosen, in words. Each function returns the children of the panel.

function heading(text, kind) {
  return [element("p", { class: "kind" }, kind), element("h2", { id: "explained" }, text)];
}

/** A list of terms; those without a value are left out. */
function terms(pairs) {
  return element("dl", {}, pairs.filter(([, value]) => value && value.length !== 0).flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]));
}

function link(text, select, kind, at) {
  return element("button", { type: "button", class: "link", onclick: () => select(kind, at) }, text);
}

/** A list of at most fifty, and how many are left out. */
function list(entries, empty) {
  if (!entries.length) return element("p", { class: "soft" }, empty);
  const shown = entries.slice(0, 50).map(each => element("li", {}, each));
  if (entries.length > 50) shown.push(element("li", { class: "soft" }, `and ${counted(entries.length - 50, "more", "more")}: filter for them`));
  return element("ul", { class: "plain" }, shown);
}

function explainRule(model, rule, select) {
  const flows = rule.flows;
  const who = [...new Set(flows.map(flow => flow.workload))].map(at => link(model.workloads[at].title, select, "workload", at));
  const excepted = [...new Set(flows.flatMap(flow => flow.excepted ?? []))];
  const holes = [...new Set(flows.flatMap(flow => flow.holes ?? []))];
  const there = new Map(flows.map(flow => [flow.destination, flow]));
  const where = [...there].map(([at, flow]) => [
    link(model.destinations[at].label, select, "destination", at), ` ${portsOf(flow.ports)}`, seenOf(flows.filter(each => each.destination === at)),
  ]);
  const states = {
    "expired": "It has expired: it grants nothing any more.",
    "other-region": `It is for clusters in ${rule.region}: it grants nothing here.`,
  };
  return [
    heading(rule.isDeny ? "A guard rail" : "A rule", `${rule.file}:${rule.line}`),
    element("pre", {}, element("code", {}, rule.text)),
    element("p", {}, chipsOf(rule)),
    states[rule.state] ? element("p", { class: "strong" }, states[rule.state]) : "",
    rule.isDeny ? element("p", {}, "No rule may ever allow these flows: one that does is an error (EGR201). By itself it blocks nothing.") : "",
    terms([
      ["reason", rule.reason], ["owner", rule.owner], ["ticket", rule.ticket], ["region", rule.region && `${rule.region}, claimed`],
      ["expires", rule.expires && `${rule.expires}, ${expiryOf(rule)}`], ["except", excepted.join(", ")], ["holes", holes.join(", ")],
      ["seen", useOf(rule)], ["last seen", rule.use?.seen && lastOf(rule.use.seen)],
    ]),
    rule.yet.length ? [element("h3", {}, "Granted, and yet"), element("p", {}, "Is this rule applied in the cluster?"), list(rule.yet.map(each => strayEntry(model, each, select)), "")] : "",
    rule.findings.length ? [element("h3", {}, "Findings"), rule.findings.map(number => explainFinding(model.findings[number]))] : "",
    rule.mentioned.length ? [element("h3", {}, "Also concerned by"), rule.mentioned.map(number => explainFinding(model.findings[number]))] : "",
    element("h3", {}, rule.isDeny ? "May never" : "Who"), list(who, "nobody"),
    element("h3", {}, rule.isDeny ? "Reach" : "Where to"), list(where, "nowhere"),
    rule.isDeny ? "" : [element("h3", {}, "Everything else"), explainRests(new Set(flows.map(flow => flow.workload)), model, select)],
  ];
}

/** What was seen of some flows, after them. */
function seenOf(flows) {
  const seen = loadOf(together(flows.map(flow => flow.seen)));
  return seen && element("span", { class: "soft" }, `, ${seen}`);
}

function strayEntry(model, stray, select) {
  return [
    icon(stray.verdict), link(`${model.workloads[stray.workload].title} → ${stray.label}`, select, "stray", stray.at),
    element("span", { class: "soft" }, `, ${loadOf(stray.seen)} ${WENT[stray.verdict]}`),
  ];
}

/** Traffic that was seen to go no rule's way. */
function explainStray(model, stray, select) {
  return [
    heading(stray.label, "Seen"),
    element("p", { class: "strong" }, icon(stray.verdict), `${loadOf(stray.seen)} ${WENT[stray.verdict]}`),
    element("p", {}, REST[stray.verdict].tells),
    stray.isSaid ? element("p", { class: "soft" }, "The name is what a client said, in a Host header or a TLS hello. It is text that anybody may choose, and no place that was reached.") : "",
    stray.label === "unknown" ? element("p", { class: "soft" }, "Metrics do not say where these connections went to. The access log of the workload's sidecar does.") : "",
    stray.others ? element("p", { class: "soft" }, `${counted(stray.others, "destination")} with less traffic than those that are drawn one by one. egressc audit names each.`) : "",
    terms([["last seen", lastOf(stray.seen)]]),
    element("h3", {}, "Who"), list([link(model.workloads[stray.workload].title, select, "workload", stray.workload)], ""),
    element("h3", {}, "Rules that grant it"),
    stray.rules.length ? element("p", {}, "It is granted, and yet it went this way: is the policy applied in the cluster?") : "",
    list(stray.rules.map(at => ruleEntry(model.rules[at], model.rules[at].text, select)), "none"),
  ];
}

function explainRests(workloads, model, select) {
  const rests = new Set([...workloads].map(at => model.workloads[at].rest));
  return list([...rests].map(rest => [link(REST[rest].label, select, "rest", rest), `: ${REST[rest].tells}`]), "");
}

function explainFinding(finding) {
  return element("div", { class: `finding ${finding.suppressed ? "suppressed" : finding.severity}` },
    element("p", {}, element("strong", {}, `${finding.severity} ${finding.code}`), ` ${finding.name}`),
    element("p", {}, ticked(finding.message)),
    (finding.notes ?? []).map(note => element("p", { class: "soft" }, ticked(note))),
    finding.help ? element("p", {}, element("strong", {}, "help "), ticked(finding.help)) : "",
    finding.suppressed ? element("p", {}, element("strong", {}, "suppressed "), finding.suppressed) : "",
    element("p", { class: "soft place" }, `${finding.file}:${finding.line}`));
}

/** A text with what stands in backticks as code. */
function ticked(text) {
  return text.split("`").map((part, at) => at % 2 ? element("code", {}, part) : part).filter(part => part !== "");
}

/** The rules of a workload: its own, its namespace's, the mesh's. */
function rulesFor(model, workload) {
  const who = model.workloads.filter(each => each === workload || (each.name === EVERYONE && (each.namespace === EVERYONE || each.namespace === workload.namespace)));
  return new Set(who.flatMap(each => [...each.rules]));
}

function ruleEntry(rule, text, select) {
  return [rule.isDeny ? icon("denied") : "", link(text, select, "rule", rule.at), " ", chipsOf(rule)];
}

/** A button that narrows the view to what has a text in it. */
function only(text) {
  return element("button", { type: "button", class: "only", "data-only": text }, "Show only this");
}

function explainWorkload(model, workload, select) {
  const entries = isDeny => [...rulesFor(model, workload)].map(at => model.rules[at]).filter(rule => rule.isDeny === isDeny).map(rule =>
    ruleEntry(rule, `${listed(rule.flows.map(flow => model.destinations[flow.destination].label))} ${portsOf(rule.flows[0]?.ports ?? [])}`, select));
  const strays = model.strays.filter(each => each.workload === workload.at);
  const labels = Object.entries(workload.labels).map(pair => pair.join("=")).join(", ");
  return [
    heading(workload.title, workload.name === EVERYONE ? "Workloads" : "Workload"),
    only(workload.title),
    terms([["labels", labels]]),
    element("h3", {}, "May reach"), list(entries(false), "nothing outside the mesh that a rule grants"),
    element("h3", {}, "May never reach"), list(entries(true), "no guard rail names it"),
    model.traffic ? [element("h3", {}, "Seen besides"), list(strays.map(each => strayEntry(model, each, select)), "nothing that went no rule's way")] : "",
    element("h3", {}, "Everything else"),
    element("p", { class: "rest-said" }, icon(workload.rest), link(REST[workload.rest].label, select, "rest", workload.rest), ": ", REST[workload.rest].tells, " ", element("span", { class: "soft" }, "Because ", ticked(workload.because), ".")),
  ];
}

function explainDestination(model, node, select) {
  const entries = isDeny => [...node.rules].map(at => model.rules[at]).filter(rule => rule.isDeny === isDeny).map(rule => {
    const flows = rule.flows.filter(flow => flow.destination === node.at);
    return [...ruleEntry(rule, `${listed(flows.map(flow => model.workloads[flow.workload].title), 4)} ${portsOf(flows[0].ports)}`, select), seenOf(flows)];
  });
  const kinds = { name: "A name", wildcard: "Every name below", addresses: "Addresses", internet: "Every public address", anything: "Anything at all" };
  return [
    heading(node.label, kinds[node.kind]),
    only(node.label),
    terms([["region", node.regions.join(", ")], ["claimed", node.regions.length ? "" : node.claimed.join(", ")], ["addresses", node.addresses.join(", ")]]),
    element("h3", {}, "Who may reach it"), list(entries(false), "nobody"),
    element("h3", {}, "Guard rails"), list(entries(true), "none"),
  ];
}

function explainRest(model, rest, select) {
  const who = model.workloads.filter(each => each.rest === rest);
  const reasons = [...new Set(who.map(each => each.because))];
  const strays = model.strays.filter(each => each.verdict === rest);
  return [
    heading(REST[rest].label, "Everything else"),
    element("p", {}, REST[rest].tells),
    reasons.map(reason => element("p", { class: "soft" }, "Because ", ticked(reason), ".")),
    strays.length ? [element("h3", {}, "Seen"), list(strays.map(each => strayEntry(model, each, select)), "")] : "",
    ["lost", "outside"].includes(rest) ? "" : [element("h3", {}, "For"), list(who.map(each => link(each.title, select, "workload", each.at)), "nobody")],
  ];
}

/** What the panel says while nothing is chosen: how to read the picture, and findings about no rule. */
function explainNothing(model) {
  const sample = (kind, text) => element("li", {}, sampleLine(kind), text);
  return [
    heading("How to read this", "Choose anything to see its rule"),
    element("ul", { class: "legend" },
      sample("allowed", "a rule allows it"), sample("broad", "allowed, and too broad"), sample("expiring", "allowed, and expiring"),
      sample("denied", "a guard rail: never to be allowed"), sample("rest", "what no rule grants"),
      model.traffic ? [sample("blocked", "seen, and blocked"), sample("passed-through", "seen, and passed through"), sample("outside", "seen, and granted by no rule")] : ""),
    explainTraffic(model.traffic),
    element("p", { class: "soft keys" }, element("kbd", {}, "/"), " filter  ", element("kbd", {}, "↑"), " ", element("kbd", {}, "↓"), " ", element("kbd", {}, "←"), " ", element("kbd", {}, "→"), " move  ", element("kbd", {}, "Enter"), " explain  ", element("kbd", {}, "Esc"), " back"),
    model.elsewhere.length ? [element("h3", {}, "About the cluster"), model.elsewhere.slice(0, 50).map(explainFinding)] : "",
    model.assumed.length ? element("details", {}, element("summary", {}, "What was assumed"), element("ul", {}, model.assumed.map(each => element("li", {}, ticked(each))))) : "",
  ];
}

/** Of which time traffic is drawn, and what is missing of it. */
function explainTraffic(traffic) {
  if (!traffic) return "";
  return [
    element("h3", {}, "Traffic"),
    element("p", {}, `What was seen in ${traffic.length}, from ${moment(traffic.start)} to ${moment(traffic.end)}.`),
    traffic.incomplete.length ? [element("p", { class: "strong" }, "It is incomplete:"), list(traffic.incomplete, "")] : "",
  ];
}

function sampleLine(kind) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "lines sample");
  drawing.setAttribute("viewBox", "0 0 44 14");
  drawing.setAttribute("aria-hidden", "true");
  for (const [name, d] of [[kind, "M2 7h40"], ...(["denied", "blocked"].includes(kind) ? [["cross", "M32 2l10 10m0 -10l-10 10"]] : [])]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", d);
    drawing.append(path);
  }
  return drawing;
}
