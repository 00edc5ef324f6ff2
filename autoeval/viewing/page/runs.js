// All runs: a table a board (runs whose numbers compare), filtered, tagged, and chosen for more.

const MOST_COMPARED = 5;
const chosenRuns = new Set();
let allRuns = [];

const valueOf = (run) => run.win_rate ?? run.score;
const isRate = (run) => run.unit === 100;
const digitsOf = (run) => (isRate(run) ? 1 : 2);
const titleOf = (run) => run.title[0].toUpperCase() + run.title.slice(1) + (isRate(run) && run.title !== "win rate" ? ", %" : "");
const isScoredRun = (run) => run.title !== "win rate";
const rateOf = (run) => valueOf(run) ?? -1;
const RUN_ORDERS = {
  rate: (one, other) => rateOf(other) - rateOf(one),
  made: (one, other) => other.made - one.made,
  model: (one, other) => one.model.localeCompare(other.model, "en", { numeric: true }),
  folder: (one, other) => one.folder.localeCompare(other.folder, "en", { numeric: true }),
};
const boardName = (run) => [run.eval_set_name || "unknown eval set", run.judge,
  run.reference && (isScoredRun(run) ? run.reference : `against ${run.reference}`)].filter(Boolean).join(" · ");

async function loadRuns() {
  const found = await source.runs();
  allRuns = found.runs;
  for (const id of chosenRuns) if (!allRuns.some((run) => run.id === id)) chosenRuns.delete(id);
  return found;
}

async function showRuns(settings) {
  const { root, unread } = await loadRuns();
  setTitle("Runs", plural(allRuns.length, "run") + (isLive ? ` in ${root}` : ""));
  fillSelect("run-board", "every board", [...new Set(allRuns.map((run) => run.setting))].map((setting) =>
    [setting, boardName(allRuns.find((run) => run.setting === setting))]));
  fillSelect("run-tag", "every tag", [...new Set(allRuns.flatMap((run) => run.tags))].sort().map((tag) => [tag, tag]));
  for (const name of ["search", "board", "tag", "order"]) {
    const control = byId(`run-${name}`);
    if (document.activeElement !== control) control.value = settings.get(name) ?? control.options?.[0]?.value ?? "";
    if (control.options && control.selectedIndex < 0) control.value = control.options[0].value;
  }
  drawRuns();
  if (unread) setTimeout(() => { if (readAddress().place === "runs" || readAddress().place === "") showRuns(readAddress().settings); }, 1000);
}

function fillSelect(id, all, options) {
  const kept = byId(id).value;
  byId(id).replaceChildren(element("option", { value: "", text: all }), ...options.map(([value, text]) => element("option", { value, text })));
  byId(id).value = options.some(([value]) => value === kept) ? kept : "";
}

function drawRuns() {
  const wanted = byId("run-search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const [board, tag, order] = ["board", "tag", "order"].map((name) => byId(`run-${name}`).value);
  const text = (run) => [run.model, run.judge, run.reference, run.folder, run.eval_set_name, ...run.tags].join(" ").toLowerCase();
  const shown = allRuns.filter((run) => (!board || run.setting === board) && (!tag || run.tags.includes(tag))
    && wanted.every((word) => text(run).includes(word)));
  byId("run-count").textContent = shown.length === allRuns.length ? plural(shown.length, "run") : `${shown.length} of ${plural(allRuns.length, "run")}`;
  const boards = Map.groupBy(shown, (run) => (run.problem || !run.is_read ? "" : run.setting));
  byId("boards").replaceChildren(...[...boards].sort(([one], [other]) => (one === "") - (other === "")).map(([setting, runs]) =>
    setting === "" ? unreadTable(runs) : boardTable(runs.sort(RUN_ORDERS[order]))));
  drawSeries(shown);
  drawActions();
}

function boardTable(runs) {
  const ranks = new Map([...runs].sort(RUN_ORDERS.rate).map((run, place) => [run.id, place + 1]));
  const hasControl = runs.some((run) => run.length_controlled !== null);
  const head = ["", "Rank", "Model", titleOf(runs[0]), runs[0].interval_name, ...(hasControl ? ["LC win rate"] : []), "Judged", "Length"];
  const scope = (text) => element("th", { scope: "col", class: ["Model", ""].includes(text) ? null : "num", text: text || "" },
    text ? null : element("span", { class: "visually-hidden", text: "Chosen" }));
  const narrow = new Set(["Judged", "Length"]);
  const heads = head.map((text) => { const cell = scope(text); if (narrow.has(text)) cell.classList.add("wide-only"); return cell; });
  return element("section", { class: "board" },
    element("h2", { text: boardName(runs[0]) }),
    element("div", { class: "scroll card", tabindex: "0", role: "region", "aria-label": boardName(runs[0]) },
      element("table", { class: "runs" }, element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...runs.map((run) => runRow(run, ranks.get(run.id), hasControl))))));
}

function runRow(run, rank, hasControl) {
  const box = element("input", { type: "checkbox", "aria-label": `choose ${run.model}`, onchange: (event) => choose(run.id, event.currentTarget.checked) });
  box.checked = chosenRuns.has(run.id);
  const interval = run.low === null ? "" : `${fixed(run.low, digitsOf(run))} – ${fixed(run.high, digitsOf(run))}`;
  const cell = (text, more = "") => element("td", { class: `num ${more}`.trimEnd(), text });
  return element("tr", {}, element("td", {}, box), cell(valueOf(run) === null ? "" : String(rank)),
    element("th", { scope: "row" },
      element("a", { href: `#run-${run.id}`, text: run.model }),
      ...run.tags.map((tag) => element("span", { class: "chip tie", text: tag })),
      run.cautions.length ? element("span", { class: "chip missing", title: run.cautions.join("\n"), text: "careful" }) : null,
      element("span", { class: "soft small folder", text: run.folder })),
    cell(fixed(valueOf(run), digitsOf(run))), cell(interval),
    hasControl ? cell(fixed(run.length_controlled)) : null,
    cell(run.n_missing ? `${run.n} of ${run.n + run.n_missing}` : String(run.n), "wide-only"),
    cell(run.avg_length === null ? "" : run.avg_length.toLocaleString("en"), "wide-only"));
}

function unreadTable(runs) {
  return element("section", { class: "board" }, element("h2", { text: "Not read" }), element("ul", { class: "card plain-list" },
    ...runs.map((run) => element("li", {}, element("strong", { text: run.folder }), ` ${run.problem || "is being read …"}`))));
}

function choose(id, isChosen) {
  if (isChosen) chosenRuns.add(id);
  else chosenRuns.delete(id);
  drawActions();
}

function drawActions() {
  const n = chosenRuns.size;
  byId("do-compare").disabled = n < 2 || n > MOST_COMPARED;
  byId("do-trend").disabled = n < 2;
  byId("do-clear").disabled = n === 0;
  byId("do-compare").textContent = n ? `Side by side (${n})` : "Side by side";
  byId("do-trend").textContent = n ? `Trend (${n})` : "Trend";
}

function startRuns() {
  const changed = () => {
    const settings = Object.fromEntries(["search", "board", "tag", "order"].map((name) => [name, byId(`run-${name}`).value]));
    if (settings.order === "rate") settings.order = "";
    history.replaceState(null, "", addressOf("runs", settings));
    drawRuns();
  };
  byId("run-controls").addEventListener("submit", (event) => event.preventDefault());
  byId("run-controls").addEventListener("input", changed);
  byId("do-compare").addEventListener("click", () => { location.hash = `compare-${[...chosenRuns].join("-")}`; });
  byId("do-trend").addEventListener("click", () => { location.hash = `trend-${[...chosenRuns].join("-")}`; });
  byId("do-clear").addEventListener("click", () => { chosenRuns.clear(); drawRuns(); });
}
