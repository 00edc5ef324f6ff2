"use strict";
// Shows the outputs that the filters leave. Everything is in the page already; nothing is made of a model's text.

const byId = (id) => document.getElementById(id);
const value = (id) => (byId(id) ? byId(id).value.trim() : "");
const outputs = [...document.querySelectorAll(".output")];

const isWanted = (turn) => {
  const wanted = value("turn"), low = value("low"), high = value("high"), grade = turn.dataset.grade;
  if (wanted && turn.dataset.turn !== wanted) return false;
  if (byId("missing").checked) return grade === "";
  if (low === "" && high === "") return true;
  return grade !== "" && (low === "" || Number(grade) >= Number(low)) && (high === "" || Number(grade) <= Number(high));
};

const show = () => {
  const category = value("category"), words = value("search").toLowerCase();
  let n = 0;
  for (const output of outputs) {
    const turns = [...output.querySelectorAll(".turn")];
    for (const turn of turns) turn.hidden = !isWanted(turn);
    const isShown =
      (!category || output.dataset.category === category) &&
      (!words || output.textContent.toLowerCase().includes(words)) &&
      turns.some((turn) => !turn.hidden);
    output.hidden = !isShown;
    n += isShown;
  }
  byId("count").textContent = `${n} of ${outputs.length} outputs`;
};

byId("controls").addEventListener("input", show);
byId("controls").addEventListener("submit", (event) => event.preventDefault());
show();
