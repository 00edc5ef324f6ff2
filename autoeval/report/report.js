"use strict";
// The pair browser. Every text of a model reaches the page through textContent, so none of it can be markup.

const LONGEST_SHOWN = 20000;   // characters of one text that are put on the page at once
const MOST_WORDS = 2500;       // of each output, for highlighting differences
const byId = (id) => document.getElementById(id);
const element = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
};

let names, pairs, shown = [], current = null;

const outcome = (pair) =>
  pair.preference === undefined ? "missing" : pair.preference > 1.5 ? "win" : pair.preference < 1.5 ? "loss" : "tie";
const isClose = (pair) => Math.abs(pair.preference - 1.5) <= 0.1 + 1e-9 && pair.preference !== 1.5;
const disagrees = (pair) => (pair.preference - 1.5) * (pair.people - 1.5) < 0;
const percent = (preference) => `${(100 * (preference - 1)).toFixed(1).replace(/\.0$/, "")}%`;
const CHIPS = { win: "win", loss: "loss", tie: "tie", missing: "missing" };

const FILTERS = {
  all: () => true,
  close: isClose,
  flipped: (pair) => pair.flipped === true,
  disagrees,
};
const ORDERS = {
  file: (one, other) => one.id - other.id,
  loss: (one, other) => (one.preference ?? 9) - (other.preference ?? 9),
  win: (one, other) => (other.preference ?? 0) - (one.preference ?? 0),
  close: (one, other) => Math.abs((one.preference ?? 9) - 1.5) - Math.abs((other.preference ?? 9) - 1.5),
  longer: (one, other) => (other.model.length - other.reference.length) - (one.model.length - one.reference.length),
};

async function unpack(text) {
  const binary = atob(text.trim());
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function searchable(pair) {
  const reasons = (pair.judgments || []).map((judgment) => `${judgment.explanation || ""}\n${judgment.reply || ""}`);
  pair.haystack ??= [pair.instruction, pair.reference, pair.model, pair.failure || "", ...reasons].join("\n").toLowerCase();
  return pair.haystack;
}

function choose() {
  const wanted = byId("search").value.trim().toLowerCase();
  const kind = byId("outcome").value;
  const subset = byId("subset")?.value || "";
  const filter = FILTERS[kind] || ((pair) => outcome(pair) === kind);
  shown = pairs.filter((pair) =>
    filter(pair) && (!subset || pair.subset === subset) && (!wanted || searchable(pair).includes(wanted)));
  shown.sort((one, other) => ORDERS[byId("order").value](one, other) || one.id - other.id);
  fillList();
  if (!shown.includes(current)) show(shown[0] || null);
}

function fillList() {
  const total = pairs.length;
  byId("count").textContent = shown.length === total ? `${total} pairs` : `${shown.length} of ${total} pairs`;
  byId("list").firstElementChild.replaceChildren(...shown.map(listEntry));
}

function listEntry(pair) {
  const kind = outcome(pair);
  const link = element("a", { href: `#pair-${pair.id}`, "data-id": pair.id, "aria-current": pair === current ? "true" : null },
    element("span", { class: "line", text: pair.instruction.slice(0, 200) }),
    element("span", { class: "meta", text: [`#${pair.id}`, pair.subset].filter(Boolean).join(" · ") }),
    element("span", { class: `chip ${kind}`, text: CHIPS[kind] }));
  return element("li", {}, link);
}

function show(pair) {
  current = pair;
  for (const link of byId("list").querySelectorAll("a")) {
    if (pair && link.dataset.id === String(pair.id)) {
      link.setAttribute("aria-current", "true");
      keepInView(link, byId("list"));
    } else link.removeAttribute("aria-current");
  }
  byId("pair").replaceChildren(...(pair ? detail(pair) : [element("p", { class: "soft", text: "No pair fits these filters." })]));
}

// Scrolls the list alone: scrollIntoView would move the page as well, past its headline. Entries get their true height
// only as they come into view, so it takes another frame or two to arrive.
function keepInView(entry, list, frames = 5) {
  const [{ top, bottom }, box] = [entry.getBoundingClientRect(), list.getBoundingClientRect()];
  const by = top < box.top ? top - box.top : Math.max(bottom - box.bottom, 0);
  list.scrollTop += by;
  if (frames) requestAnimationFrame(() => keepInView(entry, list, frames - 1));
}

function showNone(wanted) {
  show(null);
  const other = pairs.length ? ` It has ${pairs.length}, numbered from ${pairs[0].id} to ${pairs.at(-1).id}.` : "";
  byId("pair").replaceChildren(
    element("p", { class: "notice", role: "alert", text: `There is no pair ${wanted} in this page.${other}` }));
}

function detail(pair) {
  const place = shown.indexOf(pair);
  const kind = outcome(pair);
  const step = (label, other) => element("button", {
    class: "plain", type: "button", text: label, disabled: other ? null : "", onclick: () => { location.hash = `pair-${other.id}`; } });
  return [
    element("div", { class: "bar" },
      element("span", { class: `chip ${kind}`, text: CHIPS[kind] }),
      element("span", { text: verdict(pair) }),
      pair.flipped ? element("span", { class: "chip missing", text: "flips with the order" }) : null,
      element("span", { class: "end" }, step("Previous", shown[place - 1]), step("Next", shown[place + 1]))),
    element("p", { class: "eyebrow" },
      [`Pair ${pair.id}`, pair.subset].filter(Boolean).join(" · ") + " · ",
      element("a", { href: `#pair-${pair.id}`, text: "link to this pair" })),
    element("h3", { text: "Instruction" }),
    block(pair.instruction),
    outputs(pair),
    ...(pair.judgments || []).map((judgment) => judgmentBlock(judgment, pair)),
    ...(pair.prompts || []).map((messages, number) => prompt(messages, number, pair.prompts.length)),
  ];
}

function verdict(pair) {
  if (pair.preference === undefined) return `no verdict: ${pair.failure || "unknown"}`;
  const people = pair.people === undefined ? "" : ` · people: ${percent(pair.people)}`;
  const who = { win: `${names.model} preferred`, loss: `${names.reference} preferred`, tie: "tie" }[outcome(pair)];
  return `${who} (${percent(pair.preference)} for ${names.model})${people}`;
}

function outputs(pair) {
  const marks = byId("differences").checked ? differences(pair.reference, pair.model) : null;
  const kind = outcome(pair);
  const one = (role, name, text, preferred, mark) =>
    element("section", { class: `output${preferred ? " preferred" : ""}` },
      element("h3", {}, name, element("span", { text: `${role} · ${text.length.toLocaleString("en")} characters${preferred ? " · preferred" : ""}` })),
      block(text, mark));
  const sides = element("div", { class: "outputs" },
    one("reference", names.reference, pair.reference, kind === "loss", marks && marks[0]),
    one("model", names.model, pair.model, kind === "win", marks && marks[1]));
  if (!byId("differences").checked || marks) return sides;
  return element("div", {}, element("p", { class: "notice", text: "These outputs are too long to highlight their differences." }), sides);
}

function block(text, marks = null) {
  const holder = element("div", { class: "model-text", tabindex: "0", role: "group", "aria-label": "text" });
  if (text === "") return element("p", { class: "soft", text: "(empty)" });
  if (marks) {
    holder.append(...marks.map(([isMarked, part]) => (isMarked ? element("mark", { text: part }) : part)));
    return holder;
  }
  holder.textContent = text.slice(0, LONGEST_SHOWN);
  if (text.length <= LONGEST_SHOWN) return holder;
  const rest = element("button", { class: "plain", type: "button",
    text: `Show all ${text.length.toLocaleString("en")} characters`,
    onclick: () => { holder.textContent = text; rest.remove(); holder.focus(); } });
  return element("div", {}, holder, rest);
}

function judgmentBlock(judgment, pair) {
  const order = judgment.first && pair.prompts ? `shown first: ${names[judgment.first]}` : null;
  const said = judgment.preference === undefined ? `no verdict: ${judgment.failure || "unknown"}` : percent(judgment.preference);
  const line = [judgment.by, said, order].filter(Boolean).join(" · ");
  const text = [judgment.explanation, judgment.reply].filter(Boolean);
  if (!text.length) return element("p", { class: "small soft", text: `Judge: ${line}` });
  const details = element("details", { open: judgment.explanation || (pair.judgments.length === 1 && judgment.reply.length < 400) ? "" : null },
    element("summary", { text: `Judge: ${line}` }));
  if (judgment.explanation) details.append(block(judgment.explanation));
  if (judgment.reply && judgment.reply !== judgment.explanation) {
    details.append(element("p", { class: "small soft", text: "Its reply, as it came:" }), block(judgment.reply));
  }
  return details;
}

function prompt(messages, number, total) {
  const title = total > 1 ? `The prompt as sent, ${number + 1} of ${total}` : "The prompt as sent";
  return element("details", { class: "prompt" }, element("summary", { text: title }),
    ...messages.flatMap(([role, text]) => [element("p", { class: "small soft", text: role }), block(text)]));
}

// The words of either text that are not in their longest common subsequence; null where they are too many.
function differences(first, second) {
  const [one, other] = [first, second].map((text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || []);
  if (one.length > MOST_WORDS || other.length > MOST_WORDS) return null;
  const width = other.length + 1;
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      lengths[i * width + j] = one[i] === other[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const parts = [[], []];
  const add = (side, isMarked, word) => {
    const last = parts[side].at(-1);
    if (last && (last[0] === isMarked || /^\s+$/.test(word))) last[1] += word;
    else parts[side].push([isMarked, word]);
  };
  let i = 0, j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      add(0, false, one[i++]);
      add(1, false, other[j++]);
    } else if (j === other.length || (i < one.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) add(0, true, one[i++]);
    else add(1, true, other[j++]);
  }
  return parts;
}

function followLink() {
  const wanted = /^#pair-(.*)$/.exec(location.hash)?.[1];
  if (wanted === undefined) {
    if (!current) show(shown[0] || null);
    return;
  }
  const pair = pairs.find((candidate) => String(candidate.id) === wanted);
  if (!pair) showNone(wanted);
  else {
    if (!shown.includes(pair)) {
      byId("controls").reset();
      choose();
    }
    show(pair);
  }
  byId("pair").focus({ preventScroll: true });
  const { top } = byId("pair").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 2) byId("pair").scrollIntoView({ block: "start" });
}

function step(by) {
  const next = shown[shown.indexOf(current) + by];
  if (next) location.hash = `pair-${next.id}`;
}

async function start() {
  const data = await unpack(byId("data").textContent);
  names = { model: data.model, reference: data.reference };
  pairs = data.pairs;
  choose();
  followLink();
  let waiting;
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(choose, 120); });
  for (const id of ["outcome", "subset", "order"]) byId(id)?.addEventListener("change", choose);
  byId("differences").addEventListener("change", () => show(current));
  window.addEventListener("hashchange", followLink);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  document.documentElement.dataset.ready = "true";
}

start();
