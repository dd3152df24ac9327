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

const COUNTS = [
  ["Requests", row => row.seen?.requests ?? ""],
  ["Connections", row => row.seen?.connections ?? ""],
  ["Failed", row => row.seen?.failed ?? ""],
  ["Last seen", row => row.seen?.lastSeen ? lastOf(row.seen) : ""],
];
const NOTHING = { requests: 0, connections: 0, failed: 0 };

/** The columns of a model's table: those of counts where it has traffic. */
function columnsOf(model) {
  return model.traffic ? [...COLUMNS, ...COUNTS] : COLUMNS;
}

/** Every flow that is left, every guard rail, what was seen besides, and what becomes of the rest. */
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
        ...told, region, seen: flow.seen ?? (["used", "unused"].includes(rule.use?.state) ? NOTHING : null), verdict: rule.isDeny ? "denied" : "allowed", ports: portsOf(flow.ports), destination: there.label,
        workload: model.workloads[flow.workload].title + (but.length ? `, except ${but.join(", ")}` : ""),
      });
    }
  }
  for (const stray of left.strays) {
    const place = stray.rules.length ? "granted, and yet" : "no rule";
    const seen = stray.verdict === "outside" ? stray.seen : { ...stray.seen, failed: "" };
    rows.push({ stray, seen, workload: model.workloads[stray.workload].title, verdict: WENT[stray.verdict], destination: stray.label, ports: "", region: "", place, owner: "", expires: "", marks: stray.isSaid ? "as the client says" : "" });
  }
  for (const node of model.workloads) {
    if (left.workloads.has(node.at)) {
      rows.push({ workload: node.title, verdict: REST[node.rest].said, destination: "anything else", ports: "", region: "", place: "", owner: "", expires: "", marks: "" });
    }
  }
  return rows;
}

/** The table of some rows, all of them when `isWhole`; `order` is [column, direction] and is kept by the caller. */
function tableOf(columns, rows, order, sort, select, isWhole = false) {
  const [column, direction] = order;
  const value = (columns[column] ?? columns[0])[1];
  const sorted = rows.map((row, at) => [value(row), at, row])
    .sort(([a, i], [b, j]) => (a === "") - (b === "") || direction * (a < b ? -1 : a > b ? 1 : 0) || i - j)
    .map(([, , row]) => row);
  const head = columns.map(([name], at) => element("th", { scope: "col", role: "columnheader", "aria-sort": at === column ? (direction > 0 ? "ascending" : "descending") : "none" },
    isWhole ? name : element("button", { type: "button", "data-sort": at, onclick: () => sort(at) }, name)));
  const body = element("tbody", { role: "rowgroup" });
  const table = element("table", { role: "table" }, element("caption", {}, `${counted(rows.length, "row")}: flows, guard rails, and everything else`),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, head)), body);
  const show = count => body.append(...sorted.slice(body.rows.length, count).map(row => rowOf(columns, row, isWhole ? null : select)));
  show(isWhole ? sorted.length : ROWS);
  if (body.rows.length === sorted.length) return [table];
  const more = element("button", { type: "button", class: "more", onclick: () => {
    show(body.rows.length + 10 * ROWS);
    more.hidden = body.rows.length === sorted.length;
  } }, `Show more of ${counted(sorted.length, "row")}`);
  return [table, more];
}

/** A row; it says what it is, for where there is little room it is laid out as a block. */
function rowOf(columns, row, select) {
  const chosen = row.rule ? ["rule", row.rule.at] : row.stray && ["stray", row.stray.at];
  return element("tr", { role: "row", class: row.rule ? row.verdict : row.stray ? `stray ${row.stray.verdict}` : "rest" }, columns.map(([name, value]) => {
    const text = value(row);
    if (name === "Workload") return element("th", { scope: "row", role: "rowheader" }, text);
    const isLink = name === "Rule" && chosen && select;
    return element("td", { role: "cell", "data-column": text === "" ? null : name },
      isLink ? element("button", { type: "button", class: "link", onclick: () => select(...chosen) }, text) : text);
  }));
}
