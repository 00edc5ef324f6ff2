"""The site: its pages as a person meets them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from autoeval.errors import UsageError
from autoeval.leaderboards.table import read_board
from autoeval.pipeline.site import site
from autoeval.resources import shipped
from tests.browser import Visit, chromium, serious_faults, visit

BOARD = "alpaca_eval_2-weighted_alpaca_eval_gpt4_turbo"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    site(folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def shown_models(seen: Visit) -> list[str]:
    return seen.page.locator("#table tbody tr:not(.hidden) th").all_inner_texts()


def test_every_model_has_a_page(pages: Path) -> None:
    board = read_board(shipped("leaderboards") / "alpaca_eval_2" / "weighted_alpaca_eval_gpt4_turbo.csv")
    assert len(list((pages / BOARD).glob("model-*.html"))) == len(board.rows) == 29


def test_no_page_names_an_address_to_load(pages: Path) -> None:
    found = list(pages.rglob("*.html"))
    assert len(found) > 29
    for page in found:
        text = page.read_text()
        assert "default-src &#39;none&#39;" in text
        assert not any(f'{attribute}="http' in text for attribute in ("src", "href"))


def test_names_of_models_cannot_leave_the_folder_or_the_text(tmp_path: Path) -> None:
    board = tmp_path / "boards" / "eval" / "judge.csv"
    board.parent.mkdir(parents=True)
    board.write_text(",win_rate\n../../<script>alert(1)</script>,50.0\nA/B,40.0\na-b,30.0\n")
    site(tmp_path / "out", tmp_path / "boards")
    names = sorted(path.name for path in (tmp_path / "out" / "eval-judge").iterdir())
    assert names == ["index.html", "model-a-b-2.html", "model-a-b.html", "model-script-alert-1-script.html"]
    assert "<script>alert" not in (tmp_path / "out" / "eval-judge" / "index.html").read_text()


def test_a_folder_without_boards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no leaderboard"):
        site(tmp_path / "out", tmp_path)


@pytest.mark.browser
def test_sorting_searching_and_filtering(browser: Browser, pages: Path) -> None:
    board = read_board(shipped("leaderboards") / "alpaca_eval_2" / "weighted_alpaca_eval_gpt4_turbo.csv").rows
    with visit(browser, pages / BOARD / "index.html") as seen:
        assert len(shown_models(seen)) == 29
        seen.page.get_by_role("button", name="Length", exact=True).click()
        lengths = [board[name]["avg_length"] for name in shown_models(seen)]
        assert lengths == sorted(lengths, key=lambda length: -float(length or 0))
        seen.page.fill("#search", "vicuna")
        assert shown_models(seen)
        assert all("vicuna" in name for name in shown_models(seen))
        seen.page.fill("#search", "")
        seen.page.select_option("#mode", "dev")
        assert {board[name]["mode"] for name in shown_models(seen)} == {"dev"}
        seen.assert_quiet()


@pytest.mark.browser
def test_a_subset_has_its_own_win_rates(browser: Browser, pages: Path) -> None:
    with visit(browser, pages / BOARD / "index.html") as seen:
        before = seen.page.locator("#table tbody tr .rate").all_inner_texts()
        seen.page.select_option("#subset", "vicuna")
        after = [float(text) for text in seen.page.locator("#table tbody tr .rate").all_inner_texts()]
        assert after != [float(text) for text in before]
        assert after == sorted(after, reverse=True)
        assert seen.page.locator(".marks > div:visible").count() == 29


@pytest.mark.browser
def test_choosing_models_draws_them(browser: Browser, pages: Path) -> None:
    with visit(browser, pages / BOARD / "index.html") as seen:
        seen.page.get_by_label("claude", exact=True).check()
        assert seen.page.locator("#chosen tbody tr").count() == 4
        assert "claude" in seen.page.locator("#chosen tbody tr").last.inner_text()
        assert seen.page.locator("#radar .dot:visible").count() == 4 * 5


@pytest.mark.browser
def test_switching_judges_and_opening_a_model_by_keyboard(browser: Browser, pages: Path) -> None:
    with visit(browser, pages / "index.html", waits=False) as seen:
        seen.page.get_by_role("link", name="alpaca_eval_gpt4", exact=True).focus()
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector("html[data-ready]", state="attached")
        assert seen.page.inner_text("h1") == "alpaca_eval_gpt4"
        seen.page.get_by_role("link", name="examples · offline").focus()
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector("html[data-ready]", state="attached")
        assert seen.page.inner_text("h1") == "offline"
        seen.page.get_by_role("link", name="example-model-b").focus()
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector("text=Compared with the others")
        assert seen.page.inner_text("h1") == "example-model-b"
        seen.assert_quiet()


@pytest.mark.browser
@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_and_nothing_overflows(
    browser: Browser, pages: Path, scheme: str, width: str
) -> None:
    for place in ("index.html", f"{BOARD}/index.html", f"{BOARD}/model-claude.html"):
        has_table = place == f"{BOARD}/index.html"
        assert serious_faults(browser, pages / place, scheme, width, has_table) == []
        with visit(browser, pages / place, width=width, scheme=scheme, waits=False) as seen:
            assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
