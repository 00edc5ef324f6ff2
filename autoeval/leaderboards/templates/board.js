"use strict";
const byId = (id) => document.getElementById(id);
const table = byId("table");
const rows = [...table.tBodies[0].rows];
const MOST_CHOSEN = 6;
const digits = Number(table.dataset.digits);
let rates, sortedBy = { key: "rank", descending: false };

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const valueOf = (row, key) => {
  if (key === "name" || key === "mode") return row.dataset[key].toLowerCase();
  return key === "rate" ? Number(row.dataset.shown ?? row.dataset.rate) : Number(row.dataset[key]);
};

function sort() {
  const { key, descending } = sortedBy;
  const direction = descending ? -1 : 1;
  rows.sort((one, other) => {
    const [a, b] = [valueOf(one, key), valueOf(other, key)];
    return (a < b ? -1 : a > b ? 1 : 0) * direction || Number(one.dataset.rank) - Number(other.dataset.rank);
  });
  table.tBodies[0].append(...rows);
  for (const button of table.tHead.querySelectorAll("button")) {
    const head = button.closest("th");
    if (button.dataset.key === key) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

function filter() {
  const wanted = byId("search").value.trim().toLowerCase();
  const mode = byId("mode")?.value || "";
  let n = 0;
  for (const row of rows) {
    const fits = row.dataset.name.toLowerCase().includes(wanted) && (!mode || row.dataset.mode === mode);
    row.classList.toggle("hidden", !fits);
    n += fits;
  }
  byId("count").textContent = n === rows.length ? `${n} models` : `${n} of ${rows.length} models`;
}

function showSubset() {
  const subset = byId("subset")?.value || "";
  for (const row of rows) {
    const rate = rates[row.dataset.name][subset];
    row.dataset.shown = rate ? rate[0] : -1;
    row.querySelector(".rate").textContent = rate ? rate[0].toFixed(digits) : "";
    row.querySelector(".interval").textContent = rate ? `${rate[1].toFixed(digits)} – ${rate[2].toFixed(digits)}` : "";
    for (const mark of row.querySelectorAll(".marks > div")) mark.classList.toggle("hidden", mark.dataset.subset !== subset);
  }
  if (subset && sortedBy.key === "rank") sortedBy = { key: "rate", descending: true };
  sort();
}

function choose() {
  const boxes = [...byId("choices").querySelectorAll("input")];
  const chosen = boxes.filter((box) => box.checked);
  const body = byId("chosen").tBodies[0];
  const subsets = [...byId("chosen").tHead.querySelectorAll("th")].slice(1).map((head) => head.textContent);
  body.replaceChildren();
  for (const box of boxes) {
    const place = chosen.indexOf(box);
    const swatch = box.nextElementSibling;
    swatch.className = place < 0 ? "swatch" : `swatch pick-${place}`;
    box.disabled = place < 0 && chosen.length >= MOST_CHOSEN;
    for (const group of document.querySelectorAll(`#radar .serie-${box.value}`)) {
      group.setAttribute("class", `series serie-${box.value} ${place < 0 ? "hidden" : `pick-${place}`}`);
    }
    if (place >= 0) body.append(chosenRow(box.parentElement.textContent.trim(), subsets, place));
  }
}

function chosenRow(model, subsets, place) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  const swatch = document.createElement("span");
  head.scope = "row";
  swatch.className = `swatch pick-${place}`;
  head.append(swatch, ` ${model}`);
  head.className = "named";
  row.append(head);
  for (const subset of subsets) {
    const cell = document.createElement("td");
    cell.className = "num";
    cell.textContent = rates[model]?.[subset] ? rates[model][subset][0].toFixed(digits) : "";
    row.append(cell);
  }
  return row;
}

async function start() {
  rates = await unpack(byId("data").textContent);
  filter();
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("input", filter);
  byId("mode")?.addEventListener("change", filter);
  byId("subset")?.addEventListener("change", showSubset);
  table.tHead.addEventListener("click", (event) => {
    const key = event.target.closest("button")?.dataset.key;
    if (!key) return;
    const isText = key === "name" || key === "mode" || key === "rank";
    sortedBy = { key, descending: sortedBy.key === key ? !sortedBy.descending : !isText };
    sort();
  });
  if (byId("choices")) {
    byId("choices").addEventListener("change", choose);
    choose();
  }
  document.documentElement.dataset.ready = "true";
}

start();
