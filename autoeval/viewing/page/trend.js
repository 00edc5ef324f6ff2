// The win rate over checkpoints of a training, or over any runs in the order in which they were made, with intervals.

const SVG = "http://www.w3.org/2000/svg";
const CHART = { width: 640, height: 320, left: 44, right: 20, top: 14, bottom: 46 };

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Trainings of which two checkpoints or more are among the runs, on one board.
function seriesOf(runs) {
  const found = Map.groupBy(runs.filter((run) => run.series && valueOf(run) !== null), (run) => `${run.series.name}\n${run.setting}`);
  return [...found.values()].filter((points) => new Set(points.map((run) => run.series.step)).size > 1);
}

function drawSeries(runs) {
  const found = seriesOf(runs);
  byId("series").replaceChildren(...(found.length ? [element("h2", { text: "Checkpoints" }),
    element("ul", { class: "plain-list card" }, ...found.map((points) => element("li", {},
      element("a", { href: `#trend-${points.map((run) => run.id).join("-")}`, text: points[0].series.name }),
      element("span", { class: "soft", text: ` · ${plural(points.length, "checkpoint")} · ${boardName(points[0])}` }))))] : []));
}

async function showTrend(ids) {
  await loadRuns();
  const runs = ids.map((id) => allRuns.find((run) => run.id === id)).filter((run) => run && valueOf(run) !== null);
  const isBySteps = runs.length > 0 && runs.every((run) => run.series);
  const at = (run) => (isBySteps ? run.series.step : run.made);
  runs.sort((one, other) => at(one) - at(other));
  const names = [...new Set(runs.map((run) => run.series?.name || run.model))];
  setTitle(names.length === 1 ? names[0] : "Trend", plural(runs.length, "run"), "trend");
  const notes = new Set(runs.map((run) => run.setting)).size > 1
    ? [element("p", { class: "notice", role: "note", text: "Careful: these runs differ in eval set, judge or reference, so their numbers do not compare." })] : [];
  byId("trend").replaceChildren(...notes, runs.length ? trendChart(runs, at, isBySteps) : element("p", { text: "None of these runs has a number." }), trendTable(runs, isBySteps));
}

const measureOf = (run) => (run.title === "win rate" ? "Win rate in %" : titleOf(run));
const momentOf = (run) => new Date(1000 * run.made).toISOString().slice(0, 16).replace("T", " ");

function trendChart(runs, at, isBySteps) {
  const { width, height, left, right, top, bottom } = CHART;
  const [first, last] = [at(runs[0]), at(runs.at(-1))];
  const x = (run) => left + (width - left - right) * (last > first ? (at(run) - first) / (last - first) : 0.5);
  const known = runs.flatMap((run) => [valueOf(run), run.low ?? valueOf(run), run.high ?? valueOf(run)]);
  const least = runs[0].ends[0] ?? Math.min(...known), most = runs[0].ends[1] ?? Math.max(...known);
  const y = (value) => top + (height - top - bottom) * (1 - (most > least ? (value - least) / (most - least) : 0.5));
  const said = runs.map((run) => `${run.model}: ${fixed(valueOf(run), digitsOf(run))} (${fixed(run.low, digitsOf(run))} to ${fixed(run.high, digitsOf(run))})`);
  const chart = svg("svg", { class: "chart trend", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${measureOf(runs[0])}: ${said.join("; ")}` });
  for (const tick of [0, 0.25, 0.5, 0.75, 1].map((share) => least + share * (most - least))) {
    chart.append(svg("path", { class: "grid", d: `M${left} ${y(tick)}H${width - right}` }),
      svg("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end", text: Number(tick.toFixed(2)) }));
  }
  chart.append(svg("path", { class: "line", d: `M${runs.map((run) => `${x(run)} ${y(valueOf(run))}`).join("L")}` }));
  runs.forEach((run, place) => {
    const group = svg("g", {}, svg("title", { text: said[place] }));
    if (run.low !== null) group.append(svg("path", { class: "ci", d: `M${x(run) - 4} ${y(run.low)}h8m-4 0V${y(run.high)}m-4 0h8` }));
    group.append(svg("circle", { class: "dot", cx: x(run), cy: y(valueOf(run)), r: 4 }));
    chart.append(group);
  });
  const labels = runs.length > 8 ? [runs[0], runs[Math.floor(runs.length / 2)], runs.at(-1)] : runs;
  for (const run of labels) {
    chart.append(svg("text", { x: x(run), y: height - bottom + 18, "text-anchor": "middle",
      text: isBySteps ? run.series.step.toLocaleString("en") : momentOf(run).slice(5, 10) }));
  }
  chart.append(svg("text", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle", text: isBySteps ? "steps" : "when it was judged" }));
  return element("figure", {}, chart, element("figcaption", { text: `${measureOf(runs[0])}, each with its ${runs[0].interval_name}.` }));
}

function trendTable(runs, isBySteps) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The trend as a table" }, element("table", {},
    element("thead", {}, element("tr", {}, ...[isBySteps ? "Steps" : "Judged on", "Model", runs.length ? titleOf(runs[0]) : "Win rate", "Interval"].map((text) => element("th", { scope: "col", text })))),
    element("tbody", {}, ...runs.map((run) => element("tr", {},
      element("td", { text: isBySteps ? run.series.step.toLocaleString("en") : momentOf(run) }),
      element("th", { scope: "row" }, element("a", { href: `#run-${run.id}`, text: run.model })),
      element("td", { class: "num", text: fixed(valueOf(run), digitsOf(run)) }),
      element("td", { class: "num", text: run.low === null ? "" : `${fixed(run.low, digitsOf(run))} – ${fixed(run.high, digitsOf(run))}` }))))));
}
