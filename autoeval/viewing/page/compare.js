// Two to five models on the same instructions, those on which they differ most first.

let compared = null;

async function showComparison(ids, settings) {
  if (compared?.ids.join("-") !== ids.join("-")) compared = { ids, rows: null, ...(await source.comparison(ids)) };
  compared.rows ??= sharedRows(compared);
  setTitle("Side by side", compared.runs.map((run) => run.model).join(", "), "side by side");
  byId("compared").replaceChildren(comparisonSummary(compared));
  const search = byId("compare-search");
  if (document.activeElement !== search) search.value = settings.get("search") ?? "";
  byId("compare-plain").checked = settings.has("plain");
  await drawComparison(settings.get("at"));
}

// The instructions that every run has, with each run's mean preference; null where a run has no verdict on one.
function sharedRows({ pairs }) {
  const byKey = pairs.map((heads) => Map.groupBy(heads, (head) => head.key));
  const mean = (heads) => {
    const said = heads.map((head) => head.preference ?? head.score).filter((value) => value !== undefined);
    return said.length ? said.reduce((sum, value) => sum + value, 0) / said.length : null;
  };
  const rows = [...byKey[0].keys()].filter((key) => byKey.every((heads) => heads.has(key))).map((key) => {
    const preferences = byKey.map((heads) => mean(heads.get(key)));
    const known = preferences.filter((value) => value !== null);
    return { key, instruction: byKey[0].get(key)[0].instruction, preferences,
      ids: byKey.map((heads) => heads.get(key)[0].id), spread: known.length > 1 ? Math.max(...known) - Math.min(...known) : -1 };
  });
  return rows.sort((one, other) => other.spread - one.spread || one.ids[0] - other.ids[0]);
}

function comparisonSummary({ runs, differences }) {
  const name = (id) => runs.find((run) => run.id === id).model;
  const settings = new Set(runs.map((run) => run.setting));
  return element("div", {},
    settings.size > 1 ? element("p", { class: "notice", role: "note", text: "Careful: these runs differ in eval set, judge or reference; their differences are also differences of those." }) : null,
    element("div", { class: "scroll card", tabindex: "0", role: "region", "aria-label": "Differences" }, element("table", {},
      element("thead", {}, element("tr", {}, ...["Model", "minus", isRate(runs[0]) ? "Points" : "Difference", "95% interval", "Shared"].map((text, place) =>
        element("th", { scope: "col", class: place > 1 ? `num${place === 4 ? " wide-only" : ""}` : null, text })))),
      element("tbody", {}, ...differences.map((one) => element("tr", {},
        element("th", { scope: "row" }, element("a", { href: `#run-${one.a}`, text: name(one.a) })),
        element("td", {}, element("a", { href: `#run-${one.b}`, text: name(one.b) })),
        element("td", { class: "num", text: one.value === null ? "" : signed(one.value, digitsOf(runs[0])) }),
        element("td", { class: "num", text: one.low === null ? "" : `${signed(one.low, digitsOf(runs[0]))} to ${signed(one.high, digitsOf(runs[0]))}` }),
        element("td", { class: "num wide-only", text: one.n })))))));
}

async function drawComparison(at = null) {
  const wanted = byId("compare-search").value.trim().toLowerCase();
  looks.search = wanted;
  looks.isPlain = byId("compare-plain").checked;
  const shown = compared.rows.filter((row) => !wanted || contains(row.instruction, wanted));
  byId("compare-count").textContent = `${plural(shown.length, "instruction")} that all of them have, the most different first`;
  const current = shown.find((row) => row.key === at) || shown[0] || null;
  compared.shown = shown;
  compared.current = current;
  byId("compare-list").firstElementChild.replaceChildren(...shown.map((row) => element("li", {},
    element("a", { href: comparisonAddress(row), "aria-current": row === current ? "true" : null },
      element("span", { class: "line", text: row.instruction }),
      element("span", { class: "meta", text: row.preferences.map((value, place) => (value === null ? "–" : isScoredRun(compared.runs[place]) ? shownScore(value) : percent(value))).join(" · ") })))));
  const link = byId("compare-list").querySelector("[aria-current]");
  if (link) keepInView(link, byId("compare-list"));
  byId("compare-pair").replaceChildren(...(current ? await comparedPair(current) : [element("p", { class: "soft", text: "No instruction fits." })]));
}

function comparisonAddress(row) {
  return addressOf(`compare-${compared.ids.join("-")}`, { at: row?.key, search: byId("compare-search").value, plain: byId("compare-plain").checked ? "1" : "" });
}

async function comparedPair(row) {
  const pairs = await Promise.all(compared.ids.map((id, place) => source.pair(id, row.ids[place])));
  const references = [...new Set(pairs.map((pair) => pair.reference).filter((text) => text !== undefined))];
  const side = (pair, place, text, html, score) => {
    const run = compared.runs[place];
    const head = element("p", { class: "small" }, element("span", { class: `chip ${outcome(pair)}`, text: score ?? chipText(pair) }), " ",
      element("a", { href: `#run-${run.id}/pair-${pair.id}`, text: pair.preference === undefined ? "its page" : `${percent(pair.preference)}, its pair` }));
    const box = outputBox("model", run.model, text, false, { html });
    box.firstElementChild.after(head);
    return box;
  };
  const sides = (of) => element("div", { class: `outputs of-${pairs.length}` }, ...pairs.map(of));
  const turns = pairs[0].turns?.map(([asked], turn) => [
    element("h3", { text: `Turn ${turn + 1}` }), block(asked, { html: pairs[0].turns_html?.[turn][0] }),
    sides((pair, place) => {
      const score = pair.parts?.[`turn_${turn + 1}`];
      return side(pair, place, pair.turns?.[turn]?.at(-1) ?? "", pair.turns_html?.[turn]?.at(-1), score === undefined || !isScored(pair) ? undefined : shownScore(score));
    }),
  ]);
  return [
    ...(turns?.flat() ?? [element("h3", { text: "Instruction" }), block(pairs[0].instruction, { html: pairs[0].html?.instruction }),
      sides((pair, place) => side(pair, place, pair.model, pair.html?.model))]),
    ...references.map((text) => element("details", {}, element("summary", { text: `The reference's: ${compared.runs[0].reference}` }),
      block(text, { html: pairs.find((pair) => pair.reference === text).html?.reference }))),
  ];
}

function startComparison() {
  const changed = () => { history.replaceState(null, "", comparisonAddress(compared.current)); drawComparison(compared.current?.key); };
  byId("compare-controls").addEventListener("submit", (event) => event.preventDefault());
  byId("compare-controls").addEventListener("input", changed);
  document.addEventListener("keydown", (event) => {
    if (currentPart !== "compare" || isTyping(event)) return;
    if (event.key === "m") { byId("compare-plain").checked = !byId("compare-plain").checked; changed(); }
    const by = { j: 1, k: -1 }[event.key];
    const next = by && compared.shown[compared.shown.indexOf(compared.current) + by];
    if (next) location.hash = comparisonAddress(next);
  });
}
