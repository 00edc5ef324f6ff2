"""The view as people use it, in a real Chromium: served, and as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from autoeval.journeys.label import Corrected, label
from autoeval.journeys.site import site
from tests.browser import LOOKS, PATIENCE, Visit, chromium, faults_of, new_page
from tests.viewing.hostile import HOSTILE
from tests.viewing.runs import finish, write_run
from tests.viewing.serving import serving

pytestmark = pytest.mark.browser

MARKED = "# Title\n\nsome **bold** words, \\(x^2\\) and a needle in `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    finish(folder / "ours", "example-model")
    outputs = [MARKED, *(f"output {i}" for i in range(2, 31))]
    for step in (1, 2, 3):
        preferences = [2.0 if i < 8 * step else 1.0 for i in range(30)]
        write_run(folder / f"step{step}", f"mine-step-{step}000", outputs, list(preferences))
    write_run(folder / "long", "wordy", ["word " * 5000 + "end of it", *outputs[1:]], [1.0] * 30)
    return folder


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[str]:
    with serving(root) as address:
        yield address


@pytest.fixture(scope="module")
def written(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return site(tmp_path_factory.mktemp("site"), runs=root).index.as_uri()


@contextmanager
def opened(
    browser: Browser,
    address: str,
    place: str = "",
    width: str = "wide",
    scheme: str = "light",
    is_checked: bool = False,
) -> Iterator[Page]:
    """Open the view; nothing may be said on the console or asked of anybody else."""
    expect.set_options(timeout=PATIENCE)
    with new_page(browser, width, scheme, is_checked) as page:
        found = Visit.of(page)
        go(page, address, place)
        yield page
        found.assert_quiet(address.rpartition("/")[0])


def go(page: Page, address: str, place: str) -> None:
    page.goto("about:blank")
    page.goto(f"{address}#{place}")
    page.wait_for_selector("html[data-ready]", state="attached")


def link_to(page: Page, model: str) -> str:
    href = page.get_by_role("link", name=model, exact=True).get_attribute("href")
    assert href
    return href.removeprefix("#")


@pytest.mark.parametrize("how", ["served", "written"])
def test_find_a_run_see_a_trend_compare_and_open_a_pair(
    browser: Browser, how: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(how)
    with opened(browser, address, "runs") as page:
        expect(page.locator("table.runs tbody tr")).to_have_count(5)
        page.fill("#run-search", "step-2000")
        expect(page.locator("table.runs tbody tr")).to_have_count(1)
        page.reload()
        expect(page.locator("#run-search")).to_have_value("step-2000")
        expect(page.locator("table.runs tbody tr")).to_have_count(1)
        page.fill("#run-search", "")
        page.get_by_role("link", name="mine", exact=True).click()
        expect(page.locator("svg.trend .dot")).to_have_count(3)
        expect(page.locator("svg.trend .ci")).to_have_count(3)
        page.get_by_role("link", name="All runs").click()
        for model in ("mine-step-1000", "mine-step-3000", "wordy"):
            page.get_by_label(f"choose {model}").check()
        page.get_by_role("button", name="Side by side (3)").click()
        expect(page.locator("#compare-pair .output")).to_have_count(3)
        expect(page.locator("#compare-list a").first).to_contain_text("100%")  # the most different first
        page.keyboard.press("j")
        expect(page.locator("#compare-list a[aria-current]")).to_contain_text("Do thing")
        page.locator("#compare-pair .output a").first.click()
        expect(page.locator("#pair .eyebrow")).to_contain_text("Pair 2")
        place = page.evaluate("location.hash")
        page.reload()
        expect(page.locator("#pair .eyebrow")).to_contain_text("Pair 2")
        assert page.evaluate("location.hash") == place


@pytest.mark.parametrize("how", ["served", "written"])
def test_a_pair_is_rendered_raw_by_a_key_and_searched(
    browser: Browser, how: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(how)
    with opened(browser, address, "runs") as page:
        run = link_to(page, "mine-step-1000")
        go(page, address, f"{run}/pair-1")
        text = page.locator(".output .model-text").nth(1)
        for part in ("h1", "strong", "math msup", "table", "code"):
            expect(text.locator(part).first).to_be_visible()
        page.keyboard.press("m")
        expect(text).to_have_text(MARKED)
        assert "plain=1" in page.evaluate("location.hash")
        page.reload()
        expect(text).to_have_text(MARKED)
        page.keyboard.press("m")
        page.get_by_role("button", name="Show the raw text").first.click()
        expect(text).to_have_text(MARKED)
        page.fill("#search", "NEEDLE")
        expect(page.locator("#list a")).to_have_count(1)
        expect(text.locator("mark.hit")).to_have_text("needle")
        page.keyboard.press("Enter")
        expect(text.locator("mark.hit")).to_be_in_viewport()
        go(page, address, f"{link_to_other(page, address, 'wordy')}/pair-1&search=end+of+it")
        expect(page.locator("mark.hit")).to_be_in_viewport()  # at the end of 25,000 characters
        page.fill("#search", "")
        page.select_option("#outcome", "loss")
        page.select_option("#order", "longer")
        page.reload()
        expect(page.locator("#outcome")).to_have_value("loss")
        expect(page.locator("#order")).to_have_value("longer")
        box = page.locator(".output .model-text").nth(1)
        assert box.evaluate("node => node.scrollHeight <= node.clientHeight + 1")  # no line is cut


def link_to_other(page: Page, address: str, model: str) -> str:
    go(page, address, "runs")
    return link_to(page, model)


def test_thirty_pairs_are_labelled_by_keyboard_closed_and_gone_on_with(
    browser: Browser, served: str, root: Path
) -> None:
    with opened(browser, served, "runs") as page:
        run = link_to(page, "mine-step-2000").removeprefix("run-")
        go(page, served, f"label-{run}")
        page.keyboard.type("anna")
        page.keyboard.press("Enter")
        expect(page.locator("#label-count")).to_contain_text("0 of 30")
        assert "mine-step" not in page.inner_text("#desk")
        for done, key in enumerate("1212tu", 1):
            page.keyboard.press(key)
            page.wait_for_selector(f"html[data-labelled='{done if key != 'u' else 4}']", state="attached")
        place = page.evaluate("location.hash").removeprefix("#")
    with opened(browser, served, place) as page:
        expect(page.locator("#label-count")).to_contain_text("4 of 30")
        for done in range(5, 31):
            page.keyboard.press("1")
            page.wait_for_selector(f"html[data-labelled='{done}']", state="attached")
        expect(page.get_by_text("All pairs are labelled")).to_be_visible()
        expect(page.get_by_text("Corrected with these labels")).to_be_visible()
        expect(page.locator("#agreement tbody tr")).to_have_count(30)
    sheet = root / "step2" / "labels" / "anna.csv"
    assert isinstance(label(str(root / "step2"), labels=sheet), Corrected)


@pytest.mark.parametrize("how", ["served", "written"])
def test_hostile_texts_neither_run_nor_load(browser: Browser, how: str, tmp_path: Path) -> None:
    folder = write_run(
        tmp_path / "runs" / "run", "<img src=x onerror=\"document.title = 'ran'\">", HOSTILE, [1.0] * 40
    )
    if how == "written":
        look_at_all(browser, site(tmp_path / "site", runs=folder.parent).index.as_uri())
        return
    with serving(folder.parent) as address:
        look_at_all(browser, address)


def look_at_all(browser: Browser, address: str) -> None:
    with opened(browser, address, "runs") as page:
        run = page.locator("table.runs th a").first.get_attribute("href")
        for number in range(1, len(HOSTILE) + 1):
            page.evaluate(f"location.hash = '{run}/pair-{number}'")
            expect(page.locator("#pair .eyebrow")).to_contain_text(f"Pair {number} ")
            assert page.title().endswith("· autoeval")
        harmful = (
            "#pair :is(img, iframe, script, style, form, svg, object, embed, link, meta, video, audio, base)"
        )
        assert page.locator(harmful).count() == 0


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_no_serious_fault_and_nothing_overflows(
    browser: Browser, served: str, scheme: str, width: str
) -> None:
    with opened(browser, served, "runs", width, scheme, is_checked=True) as page:
        runs = [link_to(page, f"mine-step-{step}000") for step in (1, 2, 3)]
        one, three = runs[0], "-".join(run.removeprefix("run-") for run in runs)
        desk = f"label-{one.removeprefix('run-')}&by=eve&n=5&seed=0"
        for place in ("runs", f"{one}/pair-1", f"compare-{three}", f"trend-{three}", desk):
            go(page, served, place)
            assert faults_of(page) == [], place
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        go(page, served, "runs")
        for table in page.locator("table.runs").all():  # ranks, win rates and intervals without scrolling
            assert table.evaluate(
                "node => node.parentElement.scrollWidth <= node.parentElement.clientWidth + 1"
            )
