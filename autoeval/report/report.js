// The report's pairs all stand in the page.

function searchable(pair) {
  const reasons = (pair.judgments || []).map((judgment) => `${judgment.explanation || ""}\n${judgment.reply || ""}`);
  pair.haystack ??= [pair.instruction, pair.reference, pair.model, pair.failure || "", ...reasons].join("\n").toLowerCase();
  return pair.haystack;
}

async function start() {
  const data = await unpack(byId("data").textContent);
  const browser = new PairBrowser();
  browser.open({
    names: { model: data.model, reference: data.reference },
    pairs: data.pairs,
    load: async (pair) => pair,
    find: async (wanted) => data.pairs.filter((pair) => searchable(pair).includes(wanted)).map((pair) => pair.id),
  });
  const follow = () => { const { place, settings } = readAddress(); return browser.follow(place, settings); };
  await follow();
  window.addEventListener("hashchange", follow);
  document.documentElement.dataset.ready = "true";
}

start();
