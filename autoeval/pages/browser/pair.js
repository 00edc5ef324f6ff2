// One pair: what was asked, both outputs side by side, what the judge said of them and how it was asked.

function detail(pair, browser) {
  const { names } = browser.source;
  const place = browser.shown.indexOf(browser.current);
  const kind = outcome(pair);
  const step = (label, other) => element("button", {
    class: "plain", type: "button", text: label, disabled: other ? null : "", onclick: () => { location.hash = browser.address(other); } });
  return [
    element("div", { class: "bar" },
      element("span", { class: `chip ${kind}`, text: chipText(pair) }),
      element("span", { text: verdict(pair, names) }),
      pair.flipped ? element("span", { class: "chip missing", text: "flips with the order" }) : null,
      element("span", { class: "end" }, step("Previous", browser.shown[place - 1]), step("Next", browser.shown[place + 1]))),
    element("p", { class: "eyebrow" },
      [`${isScored(pair) ? "Output" : "Pair"} ${pair.id}`, pair.subset].filter(Boolean).join(" · ") + " · ",
      element("a", { href: browser.address(browser.current), text: `link to this ${browser.things}` })),
    ...(pair.turns ? conversation(pair, browser) : [element("h3", { text: "Instruction" }),
      block(pair.instruction, { html: pair.html?.instruction }), outputs(pair, names), ...rightAnswer(pair, 0), ...judgmentsOf(pair, null, names)]),
    ...(pair.prompts || []).map((messages, number) => prompt(messages, number, pair.prompts.length)),
  ];
}

const isScored = (pair) => pair.reference === undefined;

// Every turn of a conversation: what the user said, what each model answered, and what the judge said of it.
function conversation(pair, browser) {
  const { names } = browser.source;
  const wanted = byId("turn")?.value || "";
  const turns = pair.turns.map(([asked, ...answers], place) => {
    const part = `turn_${place + 1}`;
    const html = pair.turns_html?.[place] ?? [];
    const roles = answers.length > 1 ? ["reference", "model"] : ["model"];
    const score = pair.parts?.[part];
    const title = `Turn ${place + 1}${score === undefined || !isScored(pair) ? "" : ` · ${shownScore(score)}`}`;
    const shown = [block(asked, { html: html[0] }),
      element("div", { class: `outputs${answers.length > 1 ? "" : " alone"}` }, ...answers.map((answer, side) =>
        outputBox(roles[side], names[roles[side]], answer, false, { html: html[side + 1] }))),
      ...rightAnswer(pair, place), ...judgmentsOf(pair, part, names)];
    return wanted && wanted !== part ? [element("details", {}, element("summary", { text: title }), ...shown)]
      : [element("h3", { text: title }), ...shown];
  });
  const rest = (pair.judgments || []).filter((judgment) => !/^turn_\d+$/.test(judgment.part || ""));
  return [...turns.flat(), ...rest.map((judgment) => judgmentBlock(judgment, pair, names))];
}

function rightAnswer(pair, place) {
  const text = pair.right?.[place];
  return text ? [element("details", {}, element("summary", { text: "The right answer" }), block(text))] : [];
}

// What the judges said of a part; null: of all of them.
function judgmentsOf(pair, part, names) {
  return (pair.judgments || []).filter((judgment) => part === null || judgment.part === part).map((judgment) => judgmentBlock(judgment, pair, names));
}

function verdict(pair, names) {
  if (pair.score !== undefined) return Object.entries(pair.parts || {}).map(([name, value]) => `${name.replace("_", " ")}: ${shownScore(value)}`).join(" · ");
  if (pair.preference === undefined) return `no verdict: ${pair.failure || "unknown"}`;
  const people = pair.people === undefined ? "" : ` · people: ${percent(pair.people)}`;
  const who = { win: `${names.model} preferred`, loss: `${names.reference} preferred`, tie: "tie" }[outcome(pair)];
  return `${who} (${percent(pair.preference)} for ${names.model})${people}`;
}

function outputs(pair, names) {
  if (pair.reference === undefined) {
    return element("div", { class: "outputs alone" }, outputBox("model", names.model, pair.model, false, { html: pair.html?.model }));
  }
  const found = byId("differences").checked ? wording(pair.reference, pair.model) : {};
  const kind = outcome(pair);
  const sides = element("div", { class: "outputs" },
    outputBox("reference", names.reference, pair.reference, kind === "loss", { marks: found.marks?.[0], html: pair.html?.reference }),
    outputBox("model", names.model, pair.model, kind === "win", { marks: found.marks?.[1], html: pair.html?.model }));
  return found.note ? element("div", {}, element("p", { class: "notice", text: found.note }), sides) : sides;
}

function outputBox(role, name, text, isPreferred, look) {
  const facts = [role, `${text.length.toLocaleString("en")} characters`, isPreferred ? "preferred" : ""].filter(Boolean).join(" · ");
  return element("section", { class: `output${isPreferred ? " preferred" : ""}` },
    element("h3", {}, name, element("span", { text: facts })), block(text, look));
}

function judgmentBlock(judgment, pair, names) {
  const order = judgment.first && pair.prompts ? `shown first: ${names[judgment.first]}` : null;
  const said = judgment.score !== undefined ? String(judgment.score) : judgment.preference === undefined ? `no verdict: ${judgment.failure || "unknown"}` : percent(judgment.preference);
  const line = [judgment.by, judgment.part?.replace("_", " "), said, order].filter(Boolean).join(" · ");
  const text = [judgment.explanation, judgment.reply].filter(Boolean);
  if (!text.length) return element("p", { class: "small soft", text: `Judge: ${line}` });
  const isShort = pair.judgments.length === 1 && text.join("").length < 400;
  const isFound = looks.search && text.some((one) => contains(one, looks.search));
  const details = element("details", { open: judgment.explanation || isShort || isFound ? "" : null },
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
