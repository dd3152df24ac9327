// The picture: three columns of buttons (workloads by namespace, rules, destinations) over an SVG of lines between them.
// The lines are for eyes alone; whatever they say the panel says in words.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; texts become text nodes, so that nothing in a policy is ever markup. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== "" && child != null));
  return made;
}

function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  drawing.append(use);
  return drawing;
}

function chip(kind, text) {
  return element("span", { class: `chip ${kind}` }, icon(kind), text);
}

/** What stands out of a rule, as chips. */
function chipsOf(rule) {
  const chips = [];
  if (rule.kinds.has("error")) chips.push(chip("error", "error"));
  if (rule.kinds.has("broad")) chips.push(chip("broad", "too broad"));
  for (const verdict of new Set(rule.yet.map(each => each.verdict))) {
    chips.push(chip(verdict, `${loadOf(together(rule.yet.filter(each => each.verdict === verdict).map(each => each.seen)))} ${WENT[verdict]}`));
  }
  if (rule.kinds.has("unused")) chips.push(chip("unused", useOf(rule) || "unused"));
  if (rule.kinds.has("expiring")) chips.push(chip("expiring", expiryOf(rule)));
  if (rule.state !== "live") chips.push(chip("expiring", rule.state === "expired" ? "expired" : "other region"));
  return chips;
}

function expiryOf({ daysLeft }) {
  return daysLeft > 1 ? `${daysLeft} days left` : daysLeft === 1 ? "1 day left" : daysLeft === 0 ? "last day" : "expired";
}

/**
 * The drawing of what is left of a model; `open` remembers which groups somebody opened or closed.
 *
 * `select(kind, at)` and `toggle(key, isOpen)` are what its buttons do.
 */
class Picture {
  constructor(model, left, grouping, open, select, toggle) {
    Object.assign(this, { model, left, grouping, open, select, toggle });
    this.items = new Map(); // "rule 3" → the button that shows it, a group's where it is closed
    this.lines = document.createElementNS(SVG, "svg");
    this.lines.setAttribute("class", "lines");
    this.lines.setAttribute("aria-hidden", "true");
    this.element = element("div", { class: "picture" });
    this.build();
    this.element.addEventListener("pointerover", event => this.preview(event.target.closest(".item")));
    this.element.addEventListener("pointerleave", () => this.preview(null));
  }

  build() {
    const { model, left } = this;
    const namespaces = namespacesOf(model, left);
    const isSmall = left.workloads.size <= FEW && left.rules.size <= FEW && left.strays.length <= FEW;
    const groups = groupsOf(model, left, this.grouping);
    this.areFew = left.destinations.size <= FEW;
    const rests = new Set([...model.workloads.filter(each => left.workloads.has(each.at)).map(each => each.rest), ...left.strays.map(each => each.verdict)]);
    this.element.replaceChildren(
      this.lines,
      element("div", { class: "heads", "aria-hidden": "true" },
        element("p", {}, "Workloads"), element("p", {}, "Rules"), element("p", {}, "Destinations")),
      element("div", { class: "namespaces" },
        element("h2", { class: "hidden" }, "Workloads and their rules"),
        namespaces.map(each => this.namespace(each, this.isOpen(`namespace ${each.name}`, isSmall)))),
      element("div", { class: "destinations" },
        element("h2", { class: "narrow hidden" }, "Destinations"),
        groups.map(([name, nodes]) => this.group(name, nodes, this.isOpen(`group ${name}`, this.areFew))),
        rests.size ? this.everythingElse(rests) : ""),
    );
  }

  isOpen(key, usually) {
    return this.open.get(key) ?? usually;
  }

  heading(key, title, counts, isOpen) {
    return element("h3", {}, this.item(key, "toggle", () => this.toggle(key, !isOpen), {
      "aria-expanded": String(isOpen),
    }, element("span", { class: "name" }, title), " ", element("span", { class: "soft" }, counts)));
  }

  /** A button of the picture, found again by its key. */
  item(key, kind, act, attributes, ...children) {
    const button = element("button", { type: "button", class: `item ${kind}`, "data-key": key, ...attributes, onclick: act }, ...children);
    this.items.set(key, button);
    return button;
  }

  namespace({ name, workloads, rules, strays }, isOpen) {
    const title = { [EVERYONE]: "The whole mesh", [NOBODY]: "Grant nothing here" }[name] ?? name;
    const counts = [EVERYONE, NOBODY].includes(name) ? "" : counted(workloads.filter(each => each.name !== EVERYONE).length, "workload");
    const heading = this.heading(`namespace ${name}`, title, counts, isOpen);
    const section = element("section", { class: isOpen ? "namespace" : "namespace closed", "aria-label": title });
    const who = element("div", { class: "who" }, heading);
    const by = element("div", { class: "by" });
    if (isOpen) {
      who.append(element("ul", {}, workloads.map(each => element("li", {}, this.workload(each)))));
      by.append(element("ul", {}, [...rules.map(each => this.rule(each)), ...strays.map(each => this.stray(each)), ...this.rest(name, workloads)].map(each => element("li", {}, each))));
    } else {
      for (const each of workloads) this.items.set(`workload ${each.at}`, this.items.get(`namespace ${name}`));
      const apart = workloads.filter(each => this.isApart(each));
      if (rules.length || apart.length || strays.length) by.append(this.bundle(name, rules, apart, strays));
    }
    section.append(who, by);
    return section;
  }

  /** Whether a workload is left open in a mesh that is not. */
  isApart(node) {
    return node.rest !== "blocked" && this.model.workloads[0].rest === "blocked";
  }

  workload(node) {
    const label = node.name === EVERYONE ? (node.namespace === EVERYONE ? "every workload" : "every workload of it") : node.name;
    return this.item(`workload ${node.at}`, node.name === EVERYONE ? "workload everyone" : "workload",
      () => this.select("workload", node.at), {},
      element("span", { class: "name" }, label), this.isApart(node) ? chip(node.rest, REST[node.rest].said) : "");
  }

  rule(rule) {
    const flows = this.left.rules.get(rule.at);
    const ports = [...new Set(flows.flatMap(flow => flow.ports.length ? flow.ports.map(portOf) : ["any port"]))];
    const said = ports.length > 3 ? `${ports.slice(0, 2).join(", ")} and ${ports.length - 2} more` : ports.join(", ");
    const where = flows.map(flow => this.model.destinations[flow.destination].label);
    const sentence = `${listed(flows.map(flow => this.model.workloads[flow.workload].title))} → ${listed(where)}`;
    const kind = rule.isDeny ? "denied" : rule.state === "live" ? rule.marks.join(" ") : "lapsed";
    return this.item(`rule ${rule.at}`, `rule ${kind}`, () => this.select("rule", rule.at), {},
      flows.length ? element("span", { class: "sentence" }, `${rule.isDeny ? "denied: " : ""}${sentence}`) : "",
      rule.isDeny ? icon("denied") : "",
      element("span", { class: "name" }, rule.isDeny ? `denied on ${said}` : said || rule.text),
      chipsOf(rule),
      rule.kinds.has("unused") ? "" : element("span", { class: "soft seen" }, useOf(rule)),
      element("span", { class: "soft place" }, `${rule.file.split("/").at(-1)}:${rule.line}`),
      this.areFew ? "" : element("span", { class: "where" }, listed(where, 1)));
  }

  /** What was seen to go no rule's way. */
  stray(stray) {
    return this.item(`stray ${stray.at}`, `stray ${stray.verdict}`, () => this.select("stray", stray.at), {},
      element("span", { class: "sentence" }, `${this.model.workloads[stray.workload].title} →`),
      icon(stray.verdict), element("span", { class: "name" }, stray.label),
      stray.isSaid ? element("span", { class: "soft" }, "as the client says") : "",
      element("span", { class: "seen" }, `${loadOf(stray.seen)} ${WENT[stray.verdict]}`));
  }

  /** What becomes of everything that no rule grants, once for each of the ways it ends. */
  rest(namespace, workloads) {
    const ways = new Set(workloads.map(each => each.rest));
    return [...ways].map(rest => this.item(`else ${namespace} ${rest}`, `rule rest ${rest}`, () => this.select("rest", rest), {},
      element("span", { class: "name" }, "anything else"), `→ ${REST[rest].label}`));
  }

  /** What stands for the rules of a closed namespace; `apart` are its workloads that are left open. */
  bundle(namespace, rules, apart, strays) {
    const key = `bundle ${namespace}`;
    const count = kind => rules.filter(rule => rule.kinds.has(kind)).length;
    const chips = ["error", "broad", "expiring", "unused"].filter(count).map(kind => chip(kind, `${count(kind)} ${kind === "error" ? "with errors" : MARKS[kind]}`));
    const denied = count("denied");
    const made = this.item(key, "rule bundle", () => this.toggle(`namespace ${namespace}`, true), {},
      rules.length > denied ? element("span", { class: "name" }, counted(rules.length - denied, "rule")) : "", chips, denied ? chip("denied", counted(denied, "guard rail")) : "",
      [...new Set(apart.map(each => each.rest))].map(rest => chip(rest, `${apart.filter(each => each.rest === rest).length} ${REST[rest].said}`)),
      [...new Set(strays.map(each => each.verdict))].map(verdict =>
        chip(verdict, `${strays.filter(each => each.verdict === verdict).reduce((sum, each) => sum + each.number, 0)} seen ${MARKS[verdict]}`)),
      element("span", { class: "hidden" }, " open the namespace"));
    for (const rule of rules) this.items.set(`rule ${rule.at}`, made);
    for (const stray of strays) this.items.set(`stray ${stray.at}`, made);
    return made;
  }

  group(name, nodes, isOpen) {
    const section = element("section", { class: name === GUARDED ? "group guards" : "group", "aria-label": `Destinations: ${name}` },
      this.heading(`group ${name}`, name, String(nodes.length), isOpen));
    if (isOpen) section.append(element("ul", {}, nodes.map(node => element("li", {}, this.destination(node)))));
    else for (const node of nodes) this.items.set(`destination ${node.at}`, this.items.get(`group ${name}`));
    return section;
  }

  destination(node) {
    const label = { internet: "the internet", anything: "anything at all" }[node.kind] ?? node.label;
    const denied = [...node.rules].some(at => this.model.rules[at].isDeny);
    return this.item(`destination ${node.at}`, node.isAllowed ? `destination ${node.kind}` : "destination struck",
      () => this.select("destination", node.at), {},
      denied ? icon("denied") : "", element("span", { class: "name" }, label), denied ? element("span", { class: "hidden" }, "has a guard rail") : "");
  }

  everythingElse(rests) {
    return element("section", { class: "group else", "aria-label": "Everything else" },
      element("h3", {}, element("span", { class: "name" }, "everything else")),
      element("ul", {}, [...rests].map(rest => element("li", {}, this.item(`rest ${rest}`, `destination rest ${rest}`, () => this.select("rest", rest), {},
        icon(rest), element("span", { class: "name" }, REST[rest].label))))));
  }

  // Lines

  /** Show what a selection joins: `related` has the keys of its nodes. */
  highlight(selected, related) {
    this.related = related;
    this.element.classList.toggle("has-selection", Boolean(related));
    for (const button of this.element.querySelectorAll(".item")) {
      button.classList.remove("related");
      button.removeAttribute("aria-current");
    }
    for (const key of related ?? []) this.items.get(key)?.classList.add("related");
    if (selected) this.items.get(selected)?.setAttribute("aria-current", "true");
    this.draw();
  }

  /** Show the lines of a button that is pointed at, unless something is chosen. */
  preview(item) {
    if (item === this.pointed || this.element.classList.contains("has-selection")) return;
    this.pointed = item;
    this.related = item && new Set(this.ways().flatMap(keys => keys.some(key => this.items.get(key) === item) ? keys : []));
    this.draw();
  }

  /** The keys of what each flow joins: workload, rule or stray flow, destination or end. */
  ways() {
    const granted = [...this.left.rules].flatMap(([at, flows]) => flows.map(flow => [`rule ${at}`, `workload ${flow.workload}`, `destination ${flow.destination}`]));
    return [...granted, ...this.left.strays.map(each => [`stray ${each.at}`, `workload ${each.workload}`, `rest ${each.verdict}`])];
  }

  /** Draw every line, by kind in one path each: thousands of them are a few elements. */
  draw() {
    const there = this.element.querySelector(".destinations");
    there.classList.toggle("tall", there.offsetHeight > innerHeight);
    const frame = this.element.getBoundingClientRect();
    const boxes = new Map();
    const box = item => {
      if (!boxes.has(item)) {
        const { left, right, top, bottom } = item.getBoundingClientRect();
        boxes.set(item, { left: left - frame.left, right: right - frame.left, middle: (top + bottom) / 2 - frame.top });
      }
      return boxes.get(item);
    };
    const paths = new Map();
    const drawn = new Set();
    const line = (from, to, kind, isHot) => {
      const [start, end] = [this.items.get(from), this.items.get(to)];
      if (!start || !end) return;
      const name = isHot ? `${kind} hot` : kind;
      const key = `${start.dataset.key}>${end.dataset.key}>${name}`;
      if (drawn.has(key)) return;
      drawn.add(key);
      const [a, b] = [box(start), box(end)];
      if (a.right >= b.left) return;
      const bend = (b.left - a.right) / 2;
      const path = `M${a.right} ${a.middle}C${a.right + bend} ${a.middle} ${b.left - bend} ${b.middle} ${b.left} ${b.middle}`;
      paths.set(name, (paths.get(name) ?? "") + path);
      if ((kind === "denied" && to.startsWith("destination")) || (["blocked", "lost"].includes(kind) && to.startsWith("rest"))) {
        const cross = `M${b.left - 14} ${b.middle - 5}l10 10m0 -10l-10 10`;
        paths.set(`cross${isHot ? " hot" : ""}`, (paths.get(`cross${isHot ? " hot" : ""}`) ?? "") + cross);
      }
    };
    for (const [at, flows] of this.left.rules) {
      const rule = this.model.rules[at];
      const kind = rule.isDeny ? "denied" : ["error", "broad", "expiring"].find(mark => rule.kinds.has(mark)) ?? "allowed";
      const isBundled = this.items.get(`rule ${at}`)?.dataset.key !== `rule ${at}`;
      const shown = isBundled && !rule.isDeny ? "bundled" : kind;
      for (const flow of flows) {
        const [who, by, to] = [`workload ${flow.workload}`, `rule ${at}`, `destination ${flow.destination}`];
        const isHot = Boolean(this.related?.has(by) && this.related.has(who) && this.related.has(to));
        line(who, by, shown, isHot);
        line(by, to, shown, isHot);
      }
    }
    for (const stray of this.left.strays) {
      const [who, by, to] = [`workload ${stray.workload}`, `stray ${stray.at}`, `rest ${stray.verdict}`];
      const isHot = Boolean(this.related?.has(by) && this.related.has(who) && this.related.has(to));
      line(who, by, stray.verdict, isHot);
      line(by, to, stray.verdict, isHot);
    }
    for (const node of this.model.workloads) {
      const [who, by, to] = [`workload ${node.at}`, `else ${node.namespace} ${node.rest}`, `rest ${node.rest}`];
      const isHot = Boolean(this.related?.has(by) && this.related.has(who) && this.related.has(to));
      line(who, by, "rest", isHot);
      line(by, to, "rest", isHot);
    }
    const order = ["bundled", "rest", "allowed", "expiring", "error", "broad", "denied", "outside", "passed-through", "lost", "blocked", "cross"].flatMap(kind => [kind, `${kind} hot`]);
    this.lines.setAttribute("width", frame.width);
    this.lines.setAttribute("height", frame.height);
    this.lines.replaceChildren(...order.filter(name => paths.has(name)).sort((a, b) => a.endsWith("hot") - b.endsWith("hot")).map(name => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      path.setAttribute("d", paths.get(name));
      return path;
    }));
  }
}

/** A few names, and how many more. */
function listed(names, most = 2) {
  const unique = [...new Set(names)];
  const more = unique.length - most;
  return more > 0 ? `${unique.slice(0, most).join(", ")} and ${more} more` : unique.join(", ");
}
