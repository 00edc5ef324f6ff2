"use strict";
// What every page with pairs uses. Every text of a model reaches the page through textContent, so none of it can be
// markup; the one exception is HTML that the sanitiser made of it (see texts.js).

const byId = (id) => document.getElementById(id);
const element = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// The address after #: a place, then what is set there, such as pair-9&show=loss&search=telephone.
function readAddress() {
  const [place, ...settings] = location.hash.slice(1).split("&");
  return { place: decode(place), settings: new URLSearchParams(settings.join("&")) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function addressOf(place, settings) {
  const said = Object.entries(settings).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const rest = new URLSearchParams(said).toString();
  return `#${place}${rest ? `&${rest}` : ""}`;
}

const isTyping = (event) => event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea");
const plural = (n, thing) => (n === 1 ? `1 ${thing}` : `${n.toLocaleString("en")} ${thing}s`);
const fixed = (number, digits = 1) => (number === null || number === undefined ? "" : number.toFixed(digits).replace("-", "−"));
const signed = (number, digits = 1) => (number > 0 ? `+${fixed(number, digits)}` : fixed(number, digits));
