// The pair browser: a list to filter, order and search, and the chosen pair. What is set stands in the address.

const outcome = (pair) => pair.score !== undefined ? "score" :
  pair.preference === undefined ? "missing" : pair.preference > 1.5 ? "win" : pair.preference < 1.5 ? "loss" : "tie";
const isClose = (pair) => Math.abs(pair.preference - 1.5) <= 0.1 + 1e-9 && pair.preference !== 1.5;
const disagrees = (pair) => (pair.preference - 1.5) * (pair.people - 1.5) < 0;
const shownScore = (score) => score.toLocaleString("en", { maximumFractionDigits: 2 });
const chipText = (pair) => (pair.score !== undefined ? shownScore(pair.score) : outcome(pair));
const percent = (preference) => `${(100 * (preference - 1)).toFixed(1).replace(/\.0$/, "")}%`;
const longer = (pair) => pair.longer ?? pair.model.length - (pair.reference ?? "").length;

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
  longer: (one, other) => longer(other) - longer(one),
  lowest: (one, other, of) => (of(one) ?? Infinity) - (of(other) ?? Infinity) || 0,
  highest: (one, other, of) => (of(other) ?? -Infinity) - (of(one) ?? -Infinity) || 0,
  longest: (one, other) => longer(other) - longer(one),
};
const SETTINGS = { show: "outcome", subset: "subset", order: "order", search: "search", turn: "turn", from: "score-low", to: "score-high" };
const SWITCHES = { wording: "differences", plain: "plain" };

// `source` has the names of the sides (`names`), the pairs (`pairs`), `load(pair)` for all that is said of one, and
// `find(text)` for the numbers of those in which a text stands; `prefix` is what the address begins with.
class PairBrowser {
  constructor() {
    this.isOpen = false;
    let waiting;
    const controls = byId("controls");
    controls.addEventListener("submit", (event) => { event.preventDefault(); this.toHit(); });
    byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => this.changed(true), 120); });
    for (const id of ["outcome", "subset", "order", "turn"]) byId(id)?.addEventListener("change", () => this.changed());
    for (const id of ["score-low", "score-high"]) byId(id)?.addEventListener("input", () => this.changed());
    for (const id of Object.values(SWITCHES)) byId(id)?.addEventListener("change", () => this.changed());
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  open(source, prefix = "") {
    Object.assign(this, { source, prefix, shown: [], current: null, chosen: null, found: null, isOpen: true });
    this.things = source.kind === "scores" ? "output" : "pair";
    for (const node of document.querySelectorAll("[data-of]")) {
      const isOff = node.dataset.of !== (source.kind ?? "pairs");
      node.hidden = isOff;
      if (node.localName === "option") node.disabled = isOff;
    }
    const turns = source.turns ?? [];
    if (byId("turn")) {
      byId("turn").replaceChildren(...[["", "every turn"], ...turns.map((name) => [name, name.replace("_", " ")])]
        .map(([value, text]) => element("option", { value, text })));
      byId("turn-label").hidden = turns.length < 2;
    }
  }

  // The score that filters and orders go by: that of the chosen turn, else of the whole.
  score(pair) {
    const turn = byId("turn")?.value;
    return turn ? pair.parts?.[turn] : pair.score;
  }

  // Whether a score lies in the chosen range; of a conversation, that of any turn where none is chosen.
  isInRange(pair) {
    const [low, high] = ["score-low", "score-high"].map((id) => byId(id)?.value ?? "");
    if (low === "" && high === "") return true;
    const turns = byId("turn")?.value ? [] : (this.source.turns ?? []).map((name) => pair.parts?.[name]);
    return (turns.length ? turns : [this.score(pair)]).some((score) =>
      score !== undefined && (low === "" || score >= Number(low)) && (high === "" || score <= Number(high)));
  }

  close() { this.isOpen = false; }

  pressed(event) {
    if (!this.isOpen || isTyping(event)) return;
    if (event.key === "j") this.step(1);
    if (event.key === "k") this.step(-1);
    if (event.key === "m" && byId("plain")) { byId("plain").checked = !byId("plain").checked; this.changed(); }
    if (event.key === "/") { event.preventDefault(); byId("search").focus(); }
  }

  step(by) {
    const next = this.shown[this.shown.indexOf(this.current) + by];
    if (next) location.hash = this.address(next);
  }

  // The address of a pair, or of none, with what is set.
  address(pair = null) {
    const settings = {};
    for (const [name, id] of Object.entries(SETTINGS)) {
      const control = byId(id);
      if (control && control.value !== (control.options?.[0]?.value ?? "")) settings[name] = control.value;
    }
    for (const [name, id] of Object.entries(SWITCHES)) if (byId(id)?.checked) settings[name] = "1";
    return addressOf(this.prefix + (pair ? `pair-${pair.id}` : ""), settings);
  }

  // Sets everything as the address says, and shows its pair.
  async follow(place, settings) {
    this.set(settings);
    const wanted = /^pair-(.*)$/.exec(place)?.[1];
    this.chosen = wanted === undefined ? null : this.source.pairs.find((pair) => String(pair.id) === wanted) ?? null;
    await this.choose();
    if (wanted === undefined) return this.show(this.shown.includes(this.current) ? this.current : this.shown[0] || null);
    if (!this.chosen) this.showNone(wanted);
    else {
      if (!this.shown.includes(this.chosen)) {
        byId("controls").reset();
        await this.choose();
      }
      await this.show(this.chosen);
    }
    byId("pair").focus({ preventScroll: true });
    if (looks.search && this.chosen && scrollToHit(byId("pair"))) return undefined;
    const { top } = byId("pair").getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) byId("pair").scrollIntoView({ block: "start" });
    return undefined;
  }

  set(settings) {
    for (const [name, id] of Object.entries(SETTINGS)) {
      const control = byId(id);
      const standard = control?.options?.[0]?.value ?? "";
      if (control && document.activeElement !== control) control.value = settings.get(name) ?? standard;
      if (control?.options && control.selectedIndex < 0) control.value = standard;
    }
    for (const [name, id] of Object.entries(SWITCHES)) if (byId(id)) byId(id).checked = settings.has(name);
  }

  async changed(isSearch = false) {
    await this.choose();
    const kept = this.shown.includes(this.chosen) ? this.chosen : null;
    this.chosen = kept;
    history.replaceState(null, "", this.address(kept));
    await this.show(this.shown.includes(this.current) ? this.current : this.shown[0] || null);
    if (isSearch && looks.search && matchMedia("(min-width: 52.01rem)").matches) this.toHit();
  }

  toHit() { scrollToHit(byId("pair")); }

  async choose() {
    const wanted = byId("search").value.trim().toLowerCase();
    if (wanted !== looks.search || this.found === null) this.found = wanted ? new Set(await this.source.find(wanted)) : new Set();
    looks.search = wanted;
    looks.isPlain = byId("plain")?.checked ?? false;
    const kind = byId("outcome").value;
    const subset = byId("subset")?.value || "";
    const filter = FILTERS[kind] || ((pair) => outcome(pair) === kind);
    this.shown = this.source.pairs.filter((pair) =>
      filter(pair) && (!subset || pair.subset === subset) && (!wanted || this.found.has(pair.id)) && this.isInRange(pair));
    const order = ORDERS[byId("order").value];
    this.shown.sort((one, other) => order(one, other, (pair) => this.score(pair)) || one.id - other.id);
    this.fillList();
  }

  fillList() {
    const total = this.source.pairs.length;
    byId("count").textContent = this.shown.length === total ? plural(total, this.things) : `${this.shown.length} of ${plural(total, this.things)}`;
    byId("list").firstElementChild.replaceChildren(...this.shown.map((pair) => this.listEntry(pair)));
  }

  listEntry(pair) {
    const kind = outcome(pair);
    const turns = (this.source.turns ?? []).map((name) => pair.parts?.[name]);
    const chip = turns.length > 1 ? turns.map((score) => (score === undefined ? "–" : shownScore(score))).join(" · ") : chipText(pair);
    const link = element("a", { href: this.address(pair), "data-id": pair.id, "aria-current": pair === this.current ? "true" : null },
      element("span", { class: "line", text: pair.instruction.slice(0, 200) }),
      element("span", { class: "meta", text: [`#${pair.id}`, pair.subset].filter(Boolean).join(" · ") }),
      element("span", { class: `chip ${kind}`, text: chip }));
    return element("li", {}, link);
  }

  async show(pair) {
    this.current = pair;
    for (const link of byId("list").querySelectorAll("a")) {
      if (pair && link.dataset.id === String(pair.id)) {
        link.setAttribute("aria-current", "true");
        keepInView(link, byId("list"));
      } else link.removeAttribute("aria-current");
    }
    const whole = pair && (await this.source.load(pair));
    if (this.current !== pair) return;
    byId("pair").replaceChildren(...(whole
      ? detail(whole, this)
      : [element("p", { class: "soft", text: `No ${this.things} fits these filters.` })]));
  }

  showNone(wanted) {
    this.show(null);
    const { pairs } = this.source;
    const other = pairs.length ? ` It has ${pairs.length}, numbered from ${pairs[0].id} to ${pairs.at(-1).id}.` : "";
    byId("pair").replaceChildren(
      element("p", { class: "notice", role: "alert", text: `There is no ${this.things} ${wanted} in this page.${other}` }));
  }
}

// Scrolls the list alone: scrollIntoView would move the page as well, past its headline. Entries get their true height
// only as they come into view, so it takes another frame or two to arrive.
function keepInView(entry, list, frames = 5) {
  const [{ top, bottom }, box] = [entry.getBoundingClientRect(), list.getBoundingClientRect()];
  const by = top < box.top ? top - box.top : Math.max(bottom - box.bottom, 0);
  list.scrollTop += by;
  if (frames) requestAnimationFrame(() => keepInView(entry, list, frames - 1));
}
