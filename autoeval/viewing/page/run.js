// One run: what it came to, and its pairs.

let openRun = null;
let pairBrowser;

async function showRun(id, place, settings) {
  if (openRun?.run.id !== id) {
    byId("facts").replaceChildren(element("p", { class: "soft", text: "Reading …" }));
    byId("pair").replaceChildren();
    openRun = await source.run(id);
    const { run, pairs, facts, failures, turns } = openRun;
    byId("facts").innerHTML = facts || `<p class="notice"></p>`;
    if (!facts) {
      const reasons = Object.entries(failures).map(([reason, n]) => `${n} ${reason}`).join(", ");
      byId("facts").firstElementChild.textContent = `Nothing was judged, so there is no ${run.title} (${reasons}).`;
    }
    const isScored = run.title !== "win rate";
    byId("pairs-title").textContent = isScored ? "Outputs" : "Pairs";
    for (const heading of byId("facts").querySelectorAll("h2[id]")) heading.removeAttribute("id");
    const subsets = [...new Set(pairs.map((pair) => pair.subset).filter(Boolean))];
    fillSelect("subset", "every subset", subsets.map((name) => [name, name]));
    byId("subset").parentElement.classList.toggle("hidden", subsets.length < 2);
    pairBrowser.open({
      kind: isScored ? "scores" : "pairs",
      turns,
      names: { model: run.model, reference: run.reference },
      pairs,
      load: (pair) => source.pair(id, pair.id),
      find: (text) => source.search(id, text),
    }, `run-${id}/`);
  }
  const { run } = openRun;
  pairBrowser.isOpen = true;
  setTitle(run.reference && run.title === "win rate" ? `${run.model} against ${run.reference}` : run.model, `${run.judge} · ${run.folder}`, run.model);
  drawRunActions(run);
  await pairBrowser.follow(place, settings);
}

function drawRunActions(run) {
  const tags = element("input", { type: "text", id: "tags", "aria-label": "Tags, with commas between", placeholder: "tags, with commas", autocomplete: "off" });
  tags.value = run.tags.join(", ");
  tags.addEventListener("change", async () => { run.tags = await send(`runs/${run.id}/tags`, { tags: tags.value.split(",") }); tags.value = run.tags.join(", "); });
  const others = allRuns.filter((other) => other.setting === run.setting && other.id !== run.id && valueOf(other) !== null);
  const nearest = others.sort((one, other) => Math.abs(rateOf(one) - rateOf(run)) - Math.abs(rateOf(other) - rateOf(run))).slice(0, 1);
  byId("run-actions").replaceChildren(
    element("a", { class: "button", href: addressOf("runs", { board: run.setting }), text: "Its board" }),
    ...nearest.map((other) => element("a", { class: "button", href: `#compare-${run.id}-${other.id}`, text: `Beside ${other.model}` })),
    ...(isLive ? [element("a", { class: "button", href: `#label-${run.id}`, text: "Label by hand" }), tags]
      : run.tags.map((tag) => element("span", { class: "chip tie", text: tag }))));
}
