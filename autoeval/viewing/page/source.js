// Where documents come from: a server that is asked, or files beside the page that are loaded as scripts.

const isLive = document.querySelector("meta[name=autoeval-source]").content === "live";

async function ask(path, options = {}) {
  const response = await fetch(`api/${path}`, options);
  const answer = await response.json().catch(() => ({ error: `the server answers with ${response.status}` }));
  if (!response.ok) throw new Error(answer.error || `the server answers with ${response.status}`);
  return answer;
}

const send = (path, body) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const liveSource = {
  runs: () => ask("runs"),
  run: (id) => ask(`runs/${id}`),
  pair: (id, number) => ask(`runs/${id}/pairs/${number}`),
  search: (id, text) => ask(`runs/${id}/search?${new URLSearchParams({ text })}`),
  comparison: (ids) => ask(`compare?${new URLSearchParams(ids.map((id) => ["run", id]))}`),
};

// A file calls autoevalDocument with its name and its packed document.
const arrived = new Map();
window.autoevalDocument = (name, text) => arrived.get(name)?.(unpack(text));

const loaded = new Map();
function file(name) {
  if (!loaded.has(name)) {
    loaded.set(name, new Promise((resolve, reject) => {
      arrived.set(name, resolve);
      const script = element("script", { src: `data/${name}.js`, onerror: () => reject(new Error(`data/${name}.js is not there`)) });
      document.head.append(script);
    }));
  }
  return loaded.get(name);
}

const staticSource = {
  runs: () => file("runs"),
  run: (id) => file(`run-${id}`),
  pair: async (id, number) => (await staticSource.entries(id))[number - 1],
  entries: (id) => file(`pairs-${id}`),
  search: async (id, text) => (await staticSource.entries(id)).filter((pair) => haystack(pair).includes(text)).map((pair) => pair.id),
  comparison: async (ids) => {
    const [{ differences }, ...documents] = await Promise.all([file("differences"), ...ids.map(staticSource.run)]);
    const found = [];
    ids.forEach((a, i) => ids.slice(i + 1).forEach((b) => {
      const there = differences.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a));
      if (there) found.push(there.a === a ? there : { a, b, n: there.n, value: negated(there.value), low: negated(there.high), high: negated(there.low) });
    }));
    return { runs: documents.map(({ run }) => run), pairs: documents.map(({ pairs }) => pairs), differences: found };
  },
};
const negated = (number) => (number === null ? null : -number);
const source = isLive ? liveSource : staticSource;

function haystack(pair) {
  const reasons = (pair.judgments || []).map((judgment) => `${judgment.explanation || ""}\n${judgment.reply || ""}`);
  return [pair.instruction, pair.reference, pair.model, pair.failure || "", ...reasons].join("\n").toLowerCase();
}
