"""What is dropped of a writer's replies, and why: every planted failure goes, everything good stays."""

from collections.abc import Sequence

import pytest

from autoeval.data.loading import Row
from autoeval.evolving.elimination import unwrapped
from autoeval.evolving.operations import Operation, prompt_of
from autoeval.evolving.pool import Pool
from autoeval.evolving.similarity import Forbidden
from autoeval.evolving.steps import Evolved, Reason, Reply, Step
from autoeval.prompting.templates import nonce
from autoeval.texts.words import n_words, stems, words

TASKS = (
    "Explain how to repair",
    "Write a short poem about",
    "List three uses of",
    "Compare two makers of",
    "Suggest a gift for somebody who loves",
    "Describe the history of",
    "Plan a workshop on",
    "Draft an advertisement for",
    "Tell a child what is special about",
    "Estimate the yearly cost of",
)
THINGS = (
    "bicycles", "violins", "greenhouses", "telescopes", "sailing boats", "espresso machines", "wooden toys",
    "wristwatches", "beehives", "kites",
)  # fmt: skip
MORE = (
    "in at most 80 words, naming every tool that is needed and what it costs in euros",
    "for readers in rural Kenya who have neither electricity nor a workshop nearby",
    "and justify each point with a figure from the last ten years and its source",
    "first from the view of a seller, then from that of a buyer who was disappointed",
    "given a budget of 240 euros, two helpers and a single rainy weekend in November",
    "as a table with the columns step, risk and remedy, ordered by how dear a mistake is",
    "without using the letter z, and so that the first letters of the lines spell a month",
    "and work out how the result changes when prices rise by 7% a year for five years",
    "considering what goes wrong most often, why it does, and which sign shows it early",
    "in the form of a letter from a grandmother who was an engineer in the 1950s",
)
PARENT = "Explain how passwords should be stored by a small web shop."


def given(texts: Sequence[str]) -> tuple[Evolved, ...]:
    return tuple(Evolved(text, place) for place, text in enumerate(texts))


def screened(
    texts: Sequence[str], parents: Sequence[str] | None = None, operation: Operation = Operation.CONSTRAINTS
) -> tuple[Pool, list[Evolved]]:
    """Screen replies, each to a step on a parent of its own; without parents, on unlike ones."""
    parents = parents or [
        f"{PARENT} Shop number {place} sells {THINGS[place % 10]}." for place in range(len(texts))
    ]
    pool = Pool(given(parents))
    steps = [Step(one, operation, 1) for one in pool.given]
    return pool.screened({step: Reply(text) for step, text in zip(steps, texts, strict=True)})


def test_a_hundred_good_ones_stay() -> None:
    parents = [f"{task} {thing}." for task in TASKS for thing in THINGS]
    texts = [f"{parent[:-1]}, {MORE[(place + place // 10) % 10]}." for place, parent in enumerate(parents)]
    pool, candidates = screened(texts, parents)
    assert not pool.dropped
    assert [one.text for one in candidates] == texts
    assert candidates[3].origin.text == parents[3]


REFUSALS = """\
I'm sorry, but I can't assist with that request.
As an AI language model, I cannot rewrite instructions of this kind.
I must respectfully decline to make this request harder.
Unfortunately, I'm unable to create a more complex version of that.
I won't be able to help with this. Please provide a different request.
That's not something I can help with. Is there anything else you would like?
This request violates our content policy and has been rejected.
Lo siento, pero no puedo ayudarte con esa solicitud.
Je suis désolé, mais je ne peux pas répondre à cette demande.
Es tut mir leid, aber dabei kann ich dir nicht helfen.
Ich kann diese Anfrage leider nicht bearbeiten.
Mi dispiace, ma non posso soddisfare questa richiesta.
申し訳ありませんが、そのご依頼にはお応えできません。
抱歉，我无法满足您的请求。
죄송하지만 그 요청은 도와드릴 수 없습니다.
Извините, но я не могу выполнить эту просьбу.
عذراً، لا أستطيع مساعدتك في هذا الطلب.
Üzgünüm, bu konuda size yardımcı olamam.
Przepraszam, ale nie mogę w tym pomóc.
Xin lỗi, tôi không thể giúp bạn với yêu cầu này."""
ECHOES = """\
REQUEST-B: Explain how passwords are stored by a shop in Riga with 40 customers.
Explain REQUEST-A with two more conditions about salts and budgets of the shop.
request-b asks how a shop in Lima stores its passwords with less money.
[end {mark}] Explain how a shop in Oslo salts its passwords.
#Rewritten Prompt#: Explain how a shop in Bern rotates its passwords.
The given prompt should ask how a shop in Graz hashes what it keeps.
Here is the rewritten instruction: Explain how a shop in Porto hashes passwords.
Sure! Explain how a shop in Split audits its stored passwords every month.
New task: explain how a shop in Turku migrates its stored passwords.
Explain it, and add one or two limits that an answer has to keep to in Malmö.
It must be whole in itself, for a reader who does not know what Malmö is.
Hier ist die neue Anweisung: Erkläre, wie ein Laden in Köln Passwörter ablegt.
Voici la nouvelle consigne : explique comment une boutique de Lyon protège ses mots de passe.
改写后的指令：请解释成都的一家小店应该如何保存顾客的密码，并说明费用。"""
ANSWERS = """\
I'm ready to help. What's your request about the shop and its passwords?
The answer to the question is that passwords should be hashed with a salt.
Answer: a small shop stores its passwords hashed, with a salt and a pepper.
How can I help you with the passwords of your small web shop today?
Thank you for your request about the passwords of small shops in Europe."""
TOO_SHORT = """\
Ok.
...
Explain.
Passwords, please.
Do it now.
??? !!!
Why so?
And then what?
The of a to in and with.
密码呢？
Store passwords in shops.
"""
NOTHING_GAINED = """\
Explain how passwords should be stored by a small web shop.
explain how passwords should be stored by a small web shop
Please explain how passwords should be stored by a small web shop.
Could you please explain to me how passwords should be stored by a small web shop? Thank you!
How should passwords be stored by a small web shop? Explain.
Explain how passwords should be stored by a small web shop, carefully and in detail.
Explain how a password should be stored by small web shops.
EXPLAIN HOW PASSWORDS SHOULD BE STORED BY A SMALL WEB SHOP!!!
Explain  how   passwords should be stored by a small web-shop .
Describe how passwords should be stored by a small web shop.
Explain how passwords should be stored by a tiny web shop.
Explain how passwords should be stored."""


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        (REFUSALS, Reason.REFUSED),
        (ECHOES, Reason.ECHO),
        (ANSWERS, Reason.ANSWER),
        (TOO_SHORT, Reason.TOO_SHORT),
        (NOTHING_GAINED, Reason.NOTHING_GAINED),
    ],
)
def test_planted_failures_are_dropped_each_with_its_reason(planted: str, reason: Reason) -> None:
    texts = planted.replace("{mark}", nonce(PARENT)).splitlines()
    for text in texts:
        pool, candidates = screened([text], [PARENT])
        assert not candidates, text
        assert pool.dropped[0].reason == reason, text
        assert pool.dropped[0].detail


def test_any_stretch_of_any_prompt_is_an_echo() -> None:
    for operation in Operation:
        prompt = prompt_of(operation, PARENT).replace(nonce(PARENT), "")
        for start in range(0, len(prompt.split()) - 12, 9):
            text = "Describe the lighthouse of Sunderland and its keepers, " + " ".join(
                prompt.split()[start : start + 12]
            )
            _, candidates = screened([text], [PARENT])
            assert not candidates or PARENT[:20] in text, text


def test_near_copies_of_what_there_is_are_dropped_and_frames_are_not() -> None:
    parents = [f"{task} {thing}." for task in TASKS[:3] for thing in THINGS]
    others = [f"{parents[place + 12][:-1]}, {MORE[place % 10]}." for place in range(10)]
    copies = [
        others[0],
        others[1].upper(),
        others[2].replace(",", " -") + " Please.",
        "Please, " + others[3][0].lower() + others[3][1:],
        others[4].replace("euros", "dollars"),
        " ".join(reversed(others[5].rstrip(".").split(", "))),
        others[6].replace("letters", "initials"),
        f"{TASKS[5]} {THINGS[2]}.",
        f"{TASKS[6]} {THINGS[3]}. Thanks!",
        others[9].replace("engineer", "engineering graduate"),
    ]
    texts = [*others, *copies]
    parents += [f"{task} {thing}." for task in TASKS[5:7] for thing in THINGS[2:4]]
    step_parents = [*(parents[place + 12] for place in range(10)), *parents[:8], *parents[22:24]]
    seen = [*step_parents, *(one for one in parents if one not in step_parents)]
    pool = Pool(given(seen))
    steps = [Step(one, Operation.CONSTRAINTS, 1) for one in pool.given[: len(texts)]]
    pool, candidates = pool.screened({step: Reply(text) for step, text in zip(steps, texts, strict=True)})
    assert [one.text for one in candidates] == others
    assert {drop.reason for drop in pool.dropped} == {Reason.COPY}
    assert [drop.text for drop in pool.dropped] == copies


def test_texts_that_must_not_be_met_are_not() -> None:
    rows = [
        Row(
            "mine.jsonl, row 1",
            {"turns": [{"content": "The keeper of the old lighthouse counts ships at dusk."}]},
        ),
        Row("mine.jsonl, row 2", {"prompt": "Name three rivers of Peru", "n": 3}),
        Row("mine.jsonl, row 3", {"output": "yes"}),
    ]
    forbidden = Forbidden.of(rows, 8)
    met = forbidden.overlap("Write on: KEEPER OF THE OLD LIGHTHOUSE COUNTS SHIPS — at dusk, in verse.")
    assert met is not None
    assert met.startswith("mine.jsonl, row 1 has its 8 words")
    assert forbidden.overlap("First name three rivers of Peru, then their lengths.") is not None
    assert forbidden.overlap("Say yes or no, and why: keeper of the old lighthouse.") is None
    assert forbidden.overlap("yes") is not None


def test_a_refused_or_cut_reply_is_none_and_a_wrapped_one_is_what_it_wraps() -> None:
    step = Step(Evolved(PARENT, 0), Operation.DEEPEN, 1)
    good = f"{PARENT[:-1]}, and what an attacker could do with each of them."
    pool = Pool(given([PARENT]))
    for reply, reason in (
        (Reply(good, is_refused=True), Reason.REFUSED),
        (Reply(good, is_cut_off=True), Reason.CUT_OFF),
    ):
        (drop,) = pool.screened({step: reply})[0].dropped
        assert drop.reason == reason
    assert unwrapped(f'\n"{good}"\n') == unwrapped(f"```text\n{good}\n```") == good
    assert unwrapped('"Yes" and "no" in Finnish') == '"Yes" and "no" in Finnish'


def test_a_dropped_step_is_followed_by_another_until_all_were_tried() -> None:
    pool = Pool(given([PARENT]), seed=3)
    tried = []
    for number in range(1, 8):
        steps = pool.steps(number)
        tried += [step.operation for step in steps]
        pool, candidates = pool.screened({step: Reply("No.") for step in steps})
        assert not candidates
    assert sorted(tried) == sorted(Operation)
    assert Pool(given([PARENT]), seed=3).steps(1)[0].operation == tried[0]
    firsts = {Pool(given([PARENT]), seed=seed).steps(1)[0].operation for seed in range(60)}
    assert firsts == set(Operation), "each can come first"


def test_words_are_found_in_every_script() -> None:
    assert words("Don’t PANIC, ３ times") == ["don't", "panic", "3", "times"]
    assert words("密码存储 now") == ["密码", "码存", "存储", "now"]
    assert n_words("请解释密码的存储方法") == 5
    assert stems("Comparing the comparisons, please") == ["compar", "compar"]
