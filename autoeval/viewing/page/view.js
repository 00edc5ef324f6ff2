// Which part is shown, as the address says.

let currentPart = null;

function setTitle(title, subtitle = "", crumb = "") {
  byId("title").textContent = title;
  byId("subtitle").textContent = subtitle;
  byId("crumb").textContent = crumb ? `/ ${crumb}` : "";
  document.title = `${title} · autoeval`;
}

function showPart(part) {
  if (currentPart !== part) scrollTo({ top: 0 });
  currentPart = part;
  for (const section of document.querySelectorAll(".part")) section.classList.toggle("hidden", section.dataset.part !== part);
}

function showFault(error) {
  byId("fault").textContent = error.message;
  byId("fault").classList.remove("hidden");
}

const PARTS = {
  run: async (rest, settings) => {
    const [id, ...place] = rest.split("/");
    if (!allRuns.length) await loadRuns();
    await showRun(id, place.join("/"), settings);
  },
  compare: (rest, settings) => showComparison(rest.split("-"), settings),
  trend: (rest) => showTrend(rest.split("-")),
  label: (rest, settings) => showLabels(rest, settings),
};

// How often an address was followed: whoever waited for a document sees by it whether the reader has gone on.
let followed = 0;

async function follow() {
  followed += 1;
  const nth = followed;
  const { place, settings } = readAddress();
  const [, part, rest] = /^(run|compare|trend|label)-(.+)$/.exec(place) || [null, "runs", ""];
  byId("fault").classList.add("hidden");
  document.documentElement.dataset.ready = "false";
  if (pairBrowser) pairBrowser.isOpen = false;
  showPart(part);
  try {
    if (part === "runs") await showRuns(settings);
    else await PARTS[part](rest, settings);
  } catch (error) {
    if (nth === followed) showFault(error);
  }
  if (nth === followed) document.documentElement.dataset.ready = "true";
}

function startView() {
  pairBrowser = new PairBrowser();
  startRuns();
  startComparison();
  startLabels();
  window.addEventListener("hashchange", follow);
  follow();
}

startView();
