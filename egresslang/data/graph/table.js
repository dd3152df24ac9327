// The table: the same flows, a row each, in any order.

const ROWS = 500; // as many rows at a time: more are shown when they are asked for

const COLUMNS = [
  ["Workload", row => row.workload],
  ["Verdict", row => row.verdict],
  ["Destination", row => row.destination],
  ["Ports", row => row.ports],
  ["Region", row => row.region],
  ["Rule", row => row.place],
  ["Owner", row => row.owner],
  ["Expires", row => row.expires],
  ["Stands out", row => row.marks],
];

/** Every flow that is left, every guard rail, and what becomes of the rest. */
function rowsOf(model, left) {
  const rows = [];
  for (const [at, flows] of left.rules) {
    const rule = model.rules[at];
    const marks = rule.marks.map(mark => mark === "expiring" ? expiryOf(rule) : mark === "error" ? "error" : MARKS[mark]).join(", ");
    const told = { rule, place: `${rule.file}:${rule.line}`, owner: rule.owner, expires: rule.expires ?? "", marks };
    if (!flows.length) rows.push({ ...told, workload: "", verdict: rule.isDeny ? "denied" : "grants nothing", destination: "", ports: "", region: rule.region });
    for (const flow of flows) {
      const there = model.destinations[flow.destination];
      const region = there.regions.join(", ") || (rule.region && `${rule.region} (claimed)`);
      const but = [...flow.excepted ?? [], ...flow.holes ?? []];
      rows.push({
        ...told, region, verdict: rule.isDeny ? "denied" : "allowed", ports: portsOf(flow.ports), destination: there.label,
        workload: model.workloads[flow.workload].title + (but.length ? `, except ${but.join(", ")}` : ""),
      });
    }
  }
  for (const node of model.workloads) {
    if (left.workloads.has(node.at)) {
      rows.push({ workload: node.title, verdict: REST[node.rest].said, destination: "anything else", ports: "", region: "", place: "", owner: "", expires: "", marks: "" });
    }
  }
  return rows;
}

/** The table of some rows, all of them when `isWhole`; `order` is [column, direction] and is kept by the caller. */
function tableOf(rows, order, sort, select, isWhole = false) {
  const [column, direction] = order;
  const value = COLUMNS[column][1];
  const sorted = rows.map((row, at) => [value(row), at, row])
    .sort(([a, i], [b, j]) => (a === "") - (b === "") || direction * (a < b ? -1 : a > b ? 1 : 0) || i - j)
    .map(([, , row]) => row);
  const head = COLUMNS.map(([name], at) => element("th", { scope: "col", role: "columnheader", "aria-sort": at === column ? (direction > 0 ? "ascending" : "descending") : "none" },
    isWhole ? name : element("button", { type: "button", "data-sort": at, onclick: () => sort(at) }, name)));
  const body = element("tbody", { role: "rowgroup" });
  const table = element("table", { role: "table" }, element("caption", {}, `${counted(rows.length, "row")}: flows, guard rails, and everything else`),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, head)), body);
  const show = count => body.append(...sorted.slice(body.rows.length, count).map(row => rowOf(row, isWhole ? null : select)));
  show(isWhole ? sorted.length : ROWS);
  if (body.rows.length === sorted.length) return [table];
  const more = element("button", { type: "button", class: "more", onclick: () => {
    show(body.rows.length + 10 * ROWS);
    more.hidden = body.rows.length === sorted.length;
  } }, `Show more of ${counted(sorted.length, "row")}`);
  return [table, more];
}

/** A row; it says what it is, for where there is little room it is laid out as a block. */
function rowOf(row, select) {
  return element("tr", { role: "row", class: row.rule ? row.verdict : "rest" }, COLUMNS.map(([name, value]) => {
    const text = value(row);
    if (name === "Workload") return element("th", { scope: "row", role: "rowheader" }, text);
    const isLink = name === "Rule" && row.rule && select;
    return element("td", { role: "cell", "data-column": text ? name : null },
      isLink ? element("button", { type: "button", class: "link", onclick: () => select("rule", row.rule.at) }, text) : text);
  }));
}
