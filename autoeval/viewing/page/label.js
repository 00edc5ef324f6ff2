// Labels by hand: blind, by keyboard, kept at every key.

const KEYS = { 1: "a", 2: "b", t: "tie", s: "skip" };
const SAID = { a: "the first", b: "the second", tie: "a tie", skip: "skipped" };
let labelTask = null, labelState = null, isSending = false;

async function showLabels(id, settings) {
  if (!isLive) throw new Error("Labels are given where the pages are served: alpaca_eval view");
  const nth = followed;
  await loadRuns();
  if (nth !== followed) return;
  const run = allRuns.find((one) => one.id === id);
  setTitle("Labels by hand", run ? run.folder : "", "labels");
  labelTask = { id, by: settings.get("by") ?? "", n: settings.get("n") ?? "30", seed: settings.get("seed") ?? "0" };
  for (const name of ["by", "n", "seed"]) byId(`label-${name}`).value = labelTask[name];
  byId("label-start").classList.toggle("hidden", Boolean(labelTask.by));
  byId("desk").replaceChildren();
  if (!labelTask.by) { byId("label-by").focus(); return; }
  const state = await ask(`labels/${id}?${query()}`);
  if (nth !== followed) return;
  labelState = state;
  drawDesk();
}

const query = () => new URLSearchParams({ by: labelTask.by, n: labelTask.n, seed: labelTask.seed });

// Draws the next pair; how people agree is asked for beside it, so that the next key need not wait.
function drawDesk(said = "") {
  const { pair, n, done, skipped, sheet } = labelState;
  const bar = element("div", { class: "bar actions" },
    element("progress", { max: n, value: done, "aria-label": "labelled" }),
    element("span", { role: "status", id: "label-count", text: `${done} of ${n} labelled${skipped ? `, ${skipped} skipped` : ""}${said}` }),
    element("span", { class: "end" }, ...["1", "2", "t", "s", "u"].map(keyButton)));
  const kept = element("p", { class: "soft small", text: `Kept at every key in ${sheet}` });
  looks.search = "";
  byId("desk").replaceChildren(bar, ...(pair ? blindPair(pair) : [element("p", { class: "notice", role: "status", text: "All pairs are labelled." })]), kept);
  document.documentElement.dataset.labelled = String(done);
  drawResults(labelState);
}

async function drawResults(of) {
  try {
    const results = await ask(`labels/${labelTask.id}/results?${query()}`);
    if (of === labelState) byId("desk").append(...labelResults(results));
  } catch (error) {
    if (of === labelState) showFault(error);
  }
}

const KEY_NAMES = { 1: "First is better", 2: "Second is better", t: "Tie", s: "Skip", u: "Undo" };
function keyButton(key) {
  const isOff = key === "u" ? !labelState.can_undo : !labelState.pair;
  return element("button", { class: "plain", type: "button", disabled: isOff ? "" : null, onclick: () => pressKey(key) },
    element("kbd", { text: key }), ` ${KEY_NAMES[key]}`);
}

function blindPair(pair) {
  const side = (title, name) => element("section", { class: "output" }, element("h3", { text: title }), block(pair[name], { html: pair.html[name] }));
  return [element("h2", { text: "Which output follows the instruction better?" }),
    element("div", { class: "card" }, element("h3", { text: "Instruction" }), block(pair.instruction, { html: pair.html.instruction }),
      element("div", { class: "outputs" }, side("1", "a"), side("2", "b")))];
}

async function pressKey(key) {
  if (isSending || !labelState || (key !== "u" && !labelState.pair)) return;
  isSending = true;
  try {
    const better = KEYS[key];
    labelState = await send(`labels/${labelTask.id}`, { ...labelTask, ...(key === "u" ? { undo: true } : { id: labelState.pair.id, better }) });
    byId("fault").classList.add("hidden");
    drawDesk(key === "u" ? " · taken back" : ` · the last: ${SAID[better]}`);
    scrollTo({ top: 0 });
  } catch (error) {
    showFault(error);
  } finally {
    isSending = false;
  }
}

function labelResults({ people, agreement, alpha, judge }) {
  const lines = agreement.filter((one) => one.n).map((one) => `${one.a} and ${one.b} gave the same answer on ${one.same} of ${one.n} pairs`);
  if (alpha) lines.push(`Krippendorff's alpha ${fixed(alpha.value, 2)}${alpha.low === null ? "" : ` (95% interval ${fixed(alpha.low, 2)} to ${fixed(alpha.high, 2)})`}`);
  const names = Object.keys(people);
  if (!lines.length && !judge) return [];
  return [element("section", { id: "agreement" }, element("h2", { text: "Agreement" }),
    lines.length ? element("ul", {}, ...lines.map((text) => element("li", { text }))) : null,
    judge ? besideJudge(judge, names) : null)];
}

function besideJudge({ pairs, corrected, why_not: whyNot }, names) {
  const side = (preference) => (preference === undefined ? "" : preference > 1.5 ? "model" : preference < 1.5 ? "reference" : "tie");
  const agree = names.map((name) => {
    const said = pairs.filter((pair) => name in pair.people);
    return `${name}: the judge says the same on ${said.filter((pair) => side(pair.people[name]) === side(pair.judge)).length} of ${said.length}`;
  });
  const line = corrected
    ? `Corrected with these labels, the judge's win rate of ${fixed(corrected.judge)}% is ${fixed(corrected.value)}% (95% interval ${fixed(corrected.low)} to ${fixed(corrected.high)}).`
    : `No corrected win rate: ${whyNot}`;
  return element("div", {}, element("p", { text: line }), element("ul", {}, ...agree.map((text) => element("li", { text }))),
    element("div", { class: "scroll card", tabindex: "0", role: "region", "aria-label": "Judge and people" }, element("table", {},
      element("thead", {}, element("tr", {}, ...["Instruction", "Judge", ...names].map((text) => element("th", { scope: "col", text })))),
      element("tbody", {}, ...pairs.map((pair) => element("tr", {},
        element("th", { scope: "row" }, element("a", { href: `#run-${labelTask.id}/pair-${pair.id}`, text: pair.instruction.slice(0, 80) })),
        element("td", { text: side(pair.judge) }), ...names.map((name) => element("td", { text: side(pair.people[name]) }))))))));
}

function startLabels() {
  byId("label-start").addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = addressOf(`label-${labelTask.id}`, { by: byId("label-by").value.trim(), n: byId("label-n").value, seed: byId("label-seed").value }).slice(1);
  });
  document.addEventListener("keydown", (event) => {
    if (currentPart !== "label" || isTyping(event) || event.repeat) return;
    if (event.key in KEYS || event.key === "u") { event.preventDefault(); pressKey(event.key); }
  });
}
