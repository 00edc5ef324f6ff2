// How a text is shown: as it is or as it was meant to look, with what was searched for, what two texts share, or where
// they differ.

const LONGEST_SHOWN = 20000;   // characters of one text that are put on the page at once
const MOST_WORDS = 2500;       // of each output, for finding differences
const ALIKE = 0.5;             // the share of common words from which two texts count as versions of one
const SHORTEST_PHRASES = [4, 3, 2];
const looks = { isPlain: false, search: "" };

const wordsOf = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
const isWord = (token) => /[\p{L}\p{N}]/u.test(token);

// A text in a box; `marks` are [isMarked, part] pairs, `html` is what the sanitiser made of it.
function block(text, { marks = null, html = null, kind = "" } = {}) {
  if (text === "") return element("p", { class: "soft", text: "(empty)" });
  const holder = element("div", { class: "model-text", tabindex: "0", role: "group", "aria-label": "text" });
  const frame = element("div", { class: "text-frame" }, holder);
  const isHidden = html && !marks && looks.search && !contains(textOf(html), looks.search) && contains(text, looks.search);
  let isPlain = looks.isPlain || Boolean(marks) || !html || Boolean(isHidden);
  const fill = () => {
    holder.className = `model-text${isPlain ? "" : " rendered"} ${kind}`.trimEnd();
    if (!isPlain) holder.innerHTML = html;
    else if (marks) holder.replaceChildren(...marks.map(([isMarked, part]) => (isMarked ? element("mark", { text: part }) : part)));
    else fillPlain(holder, frame, text);
    if (!marks) markHits(holder, looks.search);
    for (const table of holder.querySelectorAll("table, math[display=block], pre")) scrollable(table);
  };
  fill();
  if (html && !marks) {
    const label = () => (isPlain ? "Show as rendered" : "Show the raw text");
    frame.append(element("button", { class: "plain raw", type: "button", text: label(),
      onclick: (event) => { isPlain = !isPlain; fill(); event.currentTarget.textContent = label(); } }));
  }
  return frame;
}

function fillPlain(holder, frame, text) {
  frame.querySelector(".rest")?.remove();
  const isWhole = text.length <= LONGEST_SHOWN || (looks.search && contains(text.slice(LONGEST_SHOWN), looks.search));
  holder.textContent = isWhole ? text : beginning(text);
  if (isWhole) return;
  const rest = element("button", { class: "plain rest", type: "button", text: `Show all ${text.length.toLocaleString("en")} characters`,
    onclick: () => { holder.textContent = text; rest.remove(); holder.focus(); } });
  frame.append(rest);
}

// The beginning of a long text, up to the end of a line or a word.
function beginning(text) {
  const start = text.slice(0, LONGEST_SHOWN);
  const end = Math.max(start.lastIndexOf("\n"), start.lastIndexOf(" ")) + 1;
  return end > LONGEST_SHOWN / 2 ? start.slice(0, end) : start;
}

function scrollable(node) {
  const holder = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": node.localName });
  node.replaceWith(holder);
  holder.append(node);
}

const contains = (text, wanted) => text.toLowerCase().includes(wanted);
const textOf = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;

// Marks every place where the searched text stands within one run of text.
function markHits(holder, wanted) {
  if (!wanted) return;
  const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (contains(walker.currentNode.data, wanted)) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const text = node.data;
    const parts = [];
    let from = 0;
    for (let at = text.toLowerCase().indexOf(wanted); at >= 0; at = text.toLowerCase().indexOf(wanted, from)) {
      parts.push(text.slice(from, at), element("mark", { class: "hit", text: text.slice(at, at + wanted.length) }));
      from = at + wanted.length;
    }
    node.replaceWith(...parts, text.slice(from));
  }
}

function scrollToHit(holder) {
  const hit = [...holder.querySelectorAll("mark.hit")].find((node) => node.checkVisibility?.() ?? true);
  hit?.scrollIntoView({ block: "center" });
  return Boolean(hit);
}

// What is to be marked in two texts: where they differ if one is a version of the other, else the phrases that they share.
function wording(first, second) {
  const [one, other] = [wordsOf(first), wordsOf(second)];
  if (one.length > MOST_WORDS || other.length > MOST_WORDS) return { note: "These outputs are too long to highlight their differences." };
  const { parts, share } = differences(one, other);
  if (share >= ALIKE) return { marks: parts, note: "Marked: where the two differ." };
  for (const least of SHORTEST_PHRASES) {
    const marks = [sharedPhrases(one, other, least), sharedPhrases(other, one, least)];
    if (marks[0].some(([isMarked]) => isMarked)) {
      return { marks, note: `The two were written independently. Marked: phrases of ${least} words or more that both have.` };
    }
  }
  return { note: "The two share no phrase of two words." };
}

function sharedPhrases(one, other, least) {
  const places = (tokens) => tokens.map((token, place) => [token.toLowerCase(), place]).filter(([token]) => isWord(token));
  const phrase = (words, start) => words.slice(start, start + least).map(([word]) => word).join(" ");
  const [mine, theirs] = [places(one), places(other)];
  const known = new Set();
  for (let i = 0; i + least <= theirs.length; i++) known.add(phrase(theirs, i));
  const isMarked = new Array(one.length).fill(false);
  for (let i = 0; i + least <= mine.length; i++) {
    if (known.has(phrase(mine, i))) isMarked.fill(true, mine[i][1], mine[i + least - 1][1] + 1);
  }
  return grouped(one, isMarked);
}

function grouped(tokens, isMarked) {
  const parts = [];
  tokens.forEach((token, place) => {
    if (parts.length && parts.at(-1)[0] === isMarked[place]) parts.at(-1)[1] += token;
    else parts.push([isMarked[place], token]);
  });
  return parts;
}

// The words of either text that are not in their longest common subsequence, and the share of those that are.
function differences(one, other) {
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
  let common = 0;
  const add = (side, isMarked, word) => {
    const last = parts[side].at(-1);
    if (last && (last[0] === isMarked || /^\s+$/.test(word))) last[1] += word;
    else parts[side].push([isMarked, word]);
  };
  let i = 0, j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      common += isWord(one[i]);
      add(0, false, one[i++]);
      add(1, false, other[j++]);
    } else if (j === other.length || (i < one.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) add(0, true, one[i++]);
    else add(1, true, other[j++]);
  }
  const most = Math.max(one.filter(isWord).length, other.filter(isWord).length, 1);
  return { parts, share: common / most };
}
