// The page: what somebody types, presses and chooses becomes a state, and the state becomes the view.

const byId = id => document.getElementById(id);
const clusters = JSON.parse(byId("data").textContent).clusters;

const state = { cluster: 0, text: "", marks: new Set(), grouping: "region", isTable: false, selected: null, order: [0, 1], open: new Map() };
let model, left, picture;

function setCluster(at) {
  model = modelOf(clusters[at]);
  Object.assign(state, { cluster: at, selected: null, open: new Map() });
  state.grouping = model.destinations.some(each => each.regions.length || each.claimed.length) ? "region" : "domain";
  byId("grouping").value = state.grouping;
  const region = model.region ? `, region ${model.region}` : "";
  byId("about").textContent = `Cluster ${model.cluster}${region}. Enforcement ${model.enforcement}, installed ${model.mode}, Istio ${model.istio}, on ${model.today}.${model.traffic ? ` With what was seen in ${model.traffic.length} until ${moment(model.traffic.end)}.` : ""}`;
  const errors = model.findings.filter(each => each.severity === "error").length;
  byId("verdict").hidden = !errors;
  byId("verdict").replaceChildren(icon("error"), `This policy does not compile: ${counted(errors, "error")}. What is drawn is what it asks for.`);
  const count = mark => countOf(model, mark);
  for (const mark of state.marks) if (!count(mark)) state.marks.delete(mark);
  byId("marks").replaceChildren(...Object.entries(MARKS).filter(([mark]) => count(mark)).map(([mark, label]) =>
    element("button", { type: "button", class: mark, "aria-pressed": String(state.marks.has(mark)), "data-mark": mark, onclick: pressed }, icon(mark === "findings" ? "finding" : mark), `${label} `, element("span", { class: "number" }, count(mark)))));
  show();
}

function pressed({ currentTarget: button }) {
  const { mark } = button.dataset;
  if (!state.marks.delete(mark)) state.marks.add(mark);
  button.setAttribute("aria-pressed", String(state.marks.has(mark)));
  state.open.clear();
  show();
}

/** Everything that depends on the state. */
function show() {
  left = narrowed(model, state.text, state.marks);
  const denies = [...left.rules.keys()].filter(at => model.rules[at].isDeny).length;
  const counts = [
    [[...left.workloads].filter(at => model.workloads[at].name !== EVERYONE).length, "workload"],
    [left.rules.size - denies, "rule"], [left.flows, "flow"], [left.destinations.size, "destination"], [denies, "guard rail"],
    [left.strays.length, "stray flow"],
  ];
  const parts = counts.filter(([number]) => number).map(each => counted(...each));
  byId("count").textContent = `${left.isNarrowed ? "Filtered: " : ""}${parts.join(", ") || "nothing"}`;
  byId("as-picture").setAttribute("aria-pressed", String(!state.isTable));
  byId("as-table").setAttribute("aria-pressed", String(state.isTable));
  byId("grouping-choice").hidden = state.isTable;
  byId("stage").classList.toggle("table", state.isTable);
  if (state.isTable) {
    picture = null;
    byId("view").replaceChildren(...tableOf(columnsOf(model), rowsOf(model, left), state.order, sort, select));
  } else {
    picture = new Picture(model, left, state.grouping, state.open, select, toggle);
    byId("view").replaceChildren(picture.element);
    makeStops();
  }
  explain();
}

/** Open or close a group of the picture. */
function toggle(key, isOpen) {
  state.open.set(key, isOpen);
  show();
  picture.items.get(key).focus();
}

function sort(column) {
  const [before, direction] = state.order;
  state.order = [column, before === column ? -direction : 1];
  show();
  document.querySelector(`[data-sort="${column}"]`).focus();
}

// Choosing

let cameFrom = null; // the button that the panel was opened from

function select(kind, at) {
  const isFromPanel = byId("panel").contains(document.activeElement);
  if (!isFromPanel) cameFrom = document.activeElement;
  state.selected = [kind, at];
  explain();
  (isFromPanel ? picture?.items.get(`${kind} ${at}`) : cameFrom)?.scrollIntoView({ block: "nearest" });
  byId("panel").scrollTop = 0;
  byId("panel").focus({ preventScroll: true });
}

/** The panel of what is chosen, and the picture with what belongs to it. */
function explain() {
  const [kind, at] = state.selected ?? [];
  const told = {
    rule: () => explainRule(model, model.rules[at], select),
    workload: () => explainWorkload(model, model.workloads[at], select),
    destination: () => explainDestination(model, model.destinations[at], select),
    rest: () => explainRest(model, at, select),
    stray: () => explainStray(model, model.strays[at], select),
  }[kind]?.() ?? explainNothing(model);
  const close = element("button", { type: "button", class: "close", onclick: back }, "Close");
  byId("panel").replaceChildren(...(kind ? [close] : []), ...told.flat(Infinity).filter(Boolean));
  byId("panel").classList.toggle("chosen", Boolean(kind));
  picture?.highlight(kind && `${kind} ${at}`, kind ? related(kind, at) : null);
}

/** The keys of everything that belongs to what is chosen. */
function related(kind, at) {
  const keys = new Set([`${kind} ${at}`]);
  const rules = { rule: () => [at], workload: () => rulesFor(model, model.workloads[at]), destination: () => model.destinations[at].rules, rest: () => [], stray: () => [] }[kind]();
  for (const number of rules) {
    for (const flow of model.rules[number].flows) {
      if (kind === "destination" && flow.destination !== at) continue;
      const node = model.workloads[flow.workload];
      if (kind === "workload" && !(flow.workload === at || (node.name === EVERYONE && [EVERYONE, model.workloads[at].namespace].includes(node.namespace)))) continue;
      keys.add(`rule ${number}`).add(`workload ${flow.workload}`).add(`destination ${flow.destination}`);
    }
  }
  const isOf = { rule: each => each.rules.includes(at), workload: each => each.workload === at, destination: () => false, rest: each => each.verdict === at, stray: each => each.at === at }[kind];
  for (const each of model.strays.filter(isOf)) keys.add(`stray ${each.at}`).add(`workload ${each.workload}`).add(`rest ${each.verdict}`);
  const ends = kind === "workload" ? [model.workloads[at]] : kind === "rest" ? model.workloads.filter(each => each.rest === at) : [];
  for (const node of ends) keys.add(`workload ${node.at}`).add(`else ${node.namespace} ${node.rest}`).add(`rest ${node.rest}`);
  return keys;
}

/** Back to where the panel was opened from. */
function back() {
  state.selected = null;
  explain();
  (cameFrom?.isConnected ? cameFrom : byId("filter")).focus();
}

// Keys

addEventListener("keydown", event => {
  const isTyping = event.target.matches("input, select");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("filter").focus();
    byId("filter").select();
  } else if (event.key === "Escape") {
    if (state.selected) back();
    else if (state.text || state.marks.size) clear();
  } else if (event.target.matches(".item") && event.key.startsWith("Arrow")) {
    event.preventDefault();
    move(event.target, event.key);
  }
});

function clear() {
  byId("filter").value = state.text = "";
  state.marks.clear();
  for (const button of byId("marks").children) button.setAttribute("aria-pressed", "false");
  state.open.clear();
  show();
  byId("filter").focus();
}

/** The buttons of the picture by column; each column is one stop of the Tab key, arrows move in it and across. */
function columns() {
  const all = [...picture.element.querySelectorAll(".item")];
  const column = item => item.closest(".destinations") ? 2 : item.closest(".by") ? 1 : 0;
  return [0, 1, 2].map(number => all.filter(item => column(item) === number));
}

function makeStops() {
  for (const column of columns()) column.forEach((item, at) => { item.tabIndex = at ? -1 : 0; });
}

function move(item, key) {
  const all = columns();
  const at = all.findIndex(column => column.includes(item));
  let next;
  if (key === "ArrowUp" || key === "ArrowDown") next = all[at][all[at].indexOf(item) + (key === "ArrowDown" ? 1 : -1)];
  else {
    const beside = all[at + (key === "ArrowRight" ? 1 : -1)] ?? [];
    next = joined(item, beside) ?? nearestTo(item, beside);
  }
  if (!next) return;
  for (const each of all[all.findIndex(column => column.includes(next))]) each.tabIndex = each === next ? 0 : -1;
  next.focus();
}

/** The first button of a column that a line joins to another. */
function joined(item, column) {
  const own = picture.ways().find(keys => keys.includes(item.dataset.key) && keys.some(key => column.includes(picture.items.get(key))));
  return own && column.find(each => own.some(key => picture.items.get(key) === each));
}

function nearestTo(item, column) {
  const middle = each => { const { top, bottom } = each.getBoundingClientRect(); return (top + bottom) / 2; };
  const own = middle(item);
  return column.reduce((best, each) => !best || Math.abs(middle(each) - own) < Math.abs(middle(best) - own) ? each : best, null);
}

// Paper

const PAPER = 690; // the height in pixels that a sheet has room for

/** On paper the picture stands on one sheet, if it fits on one, and the whole table follows. */
addEventListener("beforeprint", () => {
  const { classList, style } = document.documentElement;
  classList.add("printing");
  const height = () => byId("view").getBoundingClientRect().bottom + scrollY;
  let size = 12;
  while (height() > PAPER && size > 8) style.fontSize = `${size -= .25}px`;
  classList.toggle("without-picture", !picture || height() > PAPER);
  if (classList.contains("without-picture")) style.fontSize = "";
  byId("printed").hidden = false;
  byId("printed").replaceChildren(element("h2", {}, "Every flow"), ...tableOf(columnsOf(model), rowsOf(model, left), state.order, sort, select, true));
  picture?.draw();
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("printing", "without-picture");
  document.documentElement.style.fontSize = "";
  byId("printed").hidden = true;
  byId("printed").replaceChildren();
  picture?.draw();
});

// Start

let waiting = 0;
function redraw() {
  if (waiting || document.documentElement.classList.contains("printing")) return;
  waiting = requestAnimationFrame(() => { waiting = 0; picture?.draw(); });
}

byId("controls").addEventListener("submit", event => event.preventDefault());
byId("filter").addEventListener("input", ({ target }) => { state.text = target.value; state.open.clear(); show(); });
byId("panel").addEventListener("click", ({ target }) => {
  if (!target.dataset.only) return;
  byId("filter").value = state.text = target.dataset.only;
  state.open.clear();
  show();
});
byId("as-picture").addEventListener("click", () => { state.isTable = false; show(); });
byId("as-table").addEventListener("click", () => { state.isTable = true; show(); });
byId("grouping").addEventListener("change", ({ target }) => { state.grouping = target.value; show(); });
byId("cluster").append(...clusters.map((each, at) => element("option", { value: at }, each.cluster)));
byId("cluster").addEventListener("change", ({ target }) => setCluster(Number(target.value)));
byId("cluster-choice").hidden = clusters.length < 2;
new ResizeObserver(redraw).observe(byId("view"));
addEventListener("scroll", redraw, { passive: true });
setCluster(0);
