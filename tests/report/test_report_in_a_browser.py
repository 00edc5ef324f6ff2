"""The report as a person meets it, and texts that are out to run in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from autoeval import evaluate
from tests.browser import LOOKS, chromium, serious_faults, visit
from tests.report.test_report import report_of, run

pytestmark = pytest.mark.browser

HOSTILE = [
    "<script>document.title = 'ran'</script>",
    "</script><script>document.title = 'ran'</script>",
    "<img src=x onerror=\"document.title = 'ran'\">",
    "<svg onload=\"document.title = 'ran'\"><a href=\"javascript:document.title='ran'\">x</a></svg>",
    "[click](javascript:document.title='ran') ![x](https://example.com/x.png)",
    '<!-- --><iframe src="https://example.com"></iframe><style>body { display: none }</style>',
    "{{ 7 * 7 }} {% raw %} ]]> &lt;script&gt; \u2028 \u202e\x00",
    '<base href="https://example.com/"><form action="https://example.com"><input autofocus></form>',
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run(folder)
    return report_of(folder)


@pytest.fixture(scope="module")
def rows(report: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((report.parent / "annotations.json").read_text())
    return loaded


def test_filtering_to_losses_shows_the_losses(
    browser: Browser, report: Path, rows: list[dict[str, Any]]
) -> None:
    losses = sum(row["preference"] < 1.5 for row in rows)
    with visit(browser, report) as seen:
        seen.page.select_option("#outcome", "loss")
        assert seen.page.locator("#list a").count() == losses
        assert set(seen.page.locator("#list .chip").all_text_contents()) == {"loss"}
        assert seen.page.inner_text("#count") == f"{losses} of {len(rows)} pairs"
        seen.assert_quiet()


def test_searching_finds_what_outputs_say(browser: Browser, report: Path) -> None:
    with visit(browser, report) as seen:
        seen.page.fill("#search", "telephone line")
        expect(seen.page.locator("#list a")).to_have_count(1)
        assert seen.shows("The storm had cut the telephone line")


def test_a_link_leads_to_its_pair(browser: Browser, report: Path, rows: list[dict[str, Any]]) -> None:
    with visit(browser, report, "pair-9") as seen:
        assert rows[8]["instruction"].split("\n")[0] in seen.page.inner_text("#pair")
        assert seen.page.locator("#list a[aria-current=true]").get_attribute("href") == "#pair-9"


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("place", ["", "nothing-of-the-page"])
def test_it_opens_at_its_headline(browser: Browser, report: Path, width: str, place: str) -> None:
    with visit(browser, report, place, width) as seen:
        assert seen.page.evaluate("scrollY") == 0
        expect(seen.page.locator("h1")).to_be_in_viewport()
        expect(seen.page.locator(".headline .big")).to_be_in_viewport()
        seen.page.keyboard.press("j")
        expect(seen.page.locator("#pair")).to_be_focused()
        assert seen.page.evaluate("scrollY") > 0
        seen.page.evaluate("scrollTo(0, 0)")
        seen.page.locator("#outcome").evaluate(
            "node => { node.value = 'win'; node.dispatchEvent(new Event('change')); }"
        )
        assert seen.page.evaluate("scrollY") == 0


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_a_chosen_pair_is_in_sight_in_the_list(browser: Browser, report: Path, width: str) -> None:
    with visit(browser, report, "pair-20", width) as seen:
        seen.page.wait_for_function(
            """() => {
                const [entry, list] = ["#list a[aria-current=true]", "#list"].map(
                    (selector) => document.querySelector(selector).getBoundingClientRect());
                return list.top - 1 <= entry.top && entry.bottom <= list.bottom + 1;
            }"""
        )


@pytest.mark.parametrize(
    ("wanted", "width"), [(("9999", "0", "-1"), "wide"), (("9999", "x", "1.0"), "narrow")]
)
def test_a_link_to_no_pair_says_so(
    browser: Browser, report: Path, wanted: tuple[str, ...], width: str
) -> None:
    with visit(browser, report, width=width) as seen:
        for number in wanted:
            seen.page.goto("about:blank")
            seen.page.goto(f"{report.resolve().as_uri()}#pair-{number}")
            notice = seen.page.get_by_role("alert")
            expect(notice).to_have_text(
                f"There is no pair {number} in this page. It has 24, numbered from 1 to 24."
            )
            expect(notice).to_be_in_viewport()
        assert seen.page.locator("#list a[aria-current]").count() == 0
        seen.page.keyboard.press("j")
        expect(seen.page.locator("#pair .eyebrow")).to_contain_text("Pair 1 ")
        seen.page.evaluate("location.hash = 'pair-77'")
        expect(seen.page.get_by_role("alert")).to_contain_text("no pair 77")
        seen.assert_quiet()


def test_differences_are_highlighted(browser: Browser, report: Path, rows: list[dict[str, Any]]) -> None:
    with visit(browser, report) as seen:
        seen.page.check("#differences")
        boxes = seen.page.locator(".output .model-text")
        assert boxes.nth(0).locator("mark").count() > 0
        assert [boxes.nth(i).inner_text() for i in (0, 1)] == [rows[0]["output_1"], rows[0]["output_2"]]


def test_it_works_by_keyboard_alone(browser: Browser, report: Path, rows: list[dict[str, Any]]) -> None:
    with visit(browser, report) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        seen.page.focus("#outcome")
        seen.page.keyboard.type("loss")
        seen.page.locator("#list a").first.focus()
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        expect(seen.page.locator("#pair")).to_be_focused()
        before = seen.page.inner_text("#pair .eyebrow")
        seen.page.keyboard.press("j")
        expect(seen.page.locator("#pair .eyebrow")).not_to_have_text(before)
        seen.assert_quiet()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_no_serious_fault_and_nothing_overflows(
    browser: Browser, report: Path, scheme: str, width: str
) -> None:
    assert serious_faults(browser, report, scheme, width) == []
    with visit(browser, report, width=width, scheme=scheme) as seen:
        seen.assert_quiet()


def test_hostile_texts_are_shown_and_never_run(browser: Browser, tmp_path: Path) -> None:
    questions = [f"question {i} {text}" for i, text in enumerate(HOSTILE)]
    model = [
        {"instruction": question, "output": text, "dataset": text, "generator": HOSTILE[0]}
        for question, text in zip(questions, HOSTILE, strict=True)
    ]
    reference = [
        {"instruction": question, "output": "fine", "generator": HOSTILE[1]} for question in questions
    ]
    run(tmp_path, model_outputs=model, reference_outputs=reference)
    with visit(browser, report_of(tmp_path)) as seen:
        title = seen.page.title()
        for number, text in enumerate(HOSTILE, 1):
            seen.page.evaluate(f"location.hash = 'pair-{number}'")
            seen.page.locator("#pair .eyebrow", has_text=f"Pair {number} ").wait_for()
            assert (
                seen.page.locator(".output .model-text").nth(1).evaluate("node => node.textContent") == text
            )
        assert seen.page.title() == title
        assert (
            seen.page.locator("#pair img, #pair iframe, #pair script, #pair style, #pair form").count() == 0
        )
        seen.assert_quiet()


def test_a_megabyte_of_text_is_shown_in_part_so_that_the_page_opens_at_once(
    browser: Browser, tmp_path: Path
) -> None:
    questions = [f"question {i}" for i in range(805)]
    reference = [
        {"instruction": question, "output": f"a fine answer to {question}"} for question in questions
    ]
    model = [
        {**row, "output": "long " * 200_000 if i == 0 else row["output"] * 20}
        for i, row in enumerate(reference)
    ]
    evaluate(model, reference, "longest", name="m", output_path=tmp_path, caching_path=None)
    report = tmp_path / "longest" / "report.html"
    with visit(browser, report) as seen:
        assert seen.page.locator("body *").count() < 10 * len(questions)
        lengths = seen.page.locator("body .model-text").evaluate_all(
            "nodes => nodes.map(node => node.textContent.length)"
        )
        assert sum(lengths) < 50_000
        assert len(seen.page.locator(".output .model-text").nth(1).inner_text()) == 20_000
        seen.page.check("#differences")
        assert seen.shows("too long to highlight")
        seen.page.get_by_role("button", name="Show all 1,000,000 characters").click()
        assert (
            len(seen.page.locator(".output .model-text").nth(1).evaluate("node => node.textContent"))
            == 1_000_000
        )
