"""The site: its pages as a person meets them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from autoeval.errors import UsageError
from autoeval.journeys.site import site
from autoeval.leaderboards.presets import PRESETS
from autoeval.leaderboards.table import Board, read_board
from autoeval.resources import shipped
from tests.browser import LOOKS, Visit, chromium, serious_faults, visit

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
    return seen.page.locator("#table tbody tr:not(.hidden) th a").all_inner_texts()


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


ROWS = [("short", 40.0, 60.0), ("long", 60.0, 40.0), ("NullModel", 50.0, 50.0)]
"""Models with their win rates, plain and length-controlled."""


def written(folder: Path, order: str) -> str:
    """Write a board in the order of a column, and return the page that it gets."""
    rows = {name: {"win_rate": rate, "length_controlled_winrate": lc} for name, rate, lc in ROWS}
    path = folder / "boards" / "mine" / "judge.csv"
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        Board(rows).sorted_by(order).write(file)
    site(folder / "out", folder / "boards")
    return (folder / "out" / "mine-judge" / "index.html").read_text()


@pytest.mark.parametrize("order", ["win_rate", "length_controlled_winrate"])
def test_a_board_is_ranked_as_its_file_is_sorted(tmp_path: Path, order: str) -> None:
    page = written(tmp_path, order)
    best = ["long", "NullModel", "short"] if order == "win_rate" else ["short", "NullModel", "long"]
    assert re.findall(r'<tr data-name="([^"]+)" data-rank="(\d)"', page) == list(
        zip(best, "123", strict=True)
    )
    assert ("ranked by the\n  length-controlled win rate" in page) == (order != "win_rate")
    index = (tmp_path / "out" / "index.html").read_text()
    assert re.findall(r'class="num">([\d.]+)%', index) == ["60.0", "50.0", "40.0"]


def test_a_preset_decides_the_order_of_its_boards(pages: Path) -> None:
    for preset in PRESETS.values():
        board = read_board(shipped("leaderboards") / preset.name / f"{preset.board}.csv")
        page = (pages / f"{preset.name}-{preset.board}" / "index.html").read_text()
        shown = re.findall(r'<tr data-name="([^"]+)"', page)
        assert shown == list(board.sorted_by(preset.sort_by).rows)
    page = (pages / BOARD / "model-claude.html").read_text()
    assert "Rank <strong>4</strong> of 29 by length-controlled win rate (26.7%)" in page


def test_a_model_that_was_made_to_fool_the_judge_is_marked_on_every_page(tmp_path: Path) -> None:
    page = written(tmp_path, "win_rate")
    assert page.count("made to fool the judge</span>") == 1
    assert re.search(
        r'model-nullmodel\.html">NullModel</a> <span class="chip missing" title="[^"]+arXiv', page
    )
    assert "made to fool the judge</span>" in (tmp_path / "out" / "index.html").read_text()
    folder = tmp_path / "out" / "mine-judge"
    assert "<strong>Made to fool the judge:</strong>" in (folder / "model-nullmodel.html").read_text()
    assert "fool the judge" not in (folder / "model-short.html").read_text()


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
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_no_serious_fault_and_nothing_overflows(
    browser: Browser, pages: Path, scheme: str, width: str
) -> None:
    board = f"{BOARD}/index.html"
    for place in ("index.html", board, f"{BOARD}/model-claude.html"):
        assert serious_faults(browser, pages / place, scheme, width, waits=place == board) == [], place


@pytest.mark.browser
def test_on_a_phone_a_board_shows_what_matters_without_scrolling(browser: Browser, pages: Path) -> None:
    """Rank, win rate, interval and length control."""
    with visit(browser, pages / BOARD / "index.html", width="narrow") as seen:
        table = seen.page.locator("#table")
        assert table.evaluate("node => node.parentElement.scrollWidth <= node.parentElement.clientWidth")
        assert table.locator("tbody tr").first.inner_text().count(" – ") >= 1


def test_a_board_in_place_of_its_folder_is_said(tmp_path: Path) -> None:
    board = tmp_path / "board.csv"
    board.write_text(",win_rate\nmine,50.0\n")
    with pytest.raises(UsageError, match=r"board.csv is a file; name the folder"):
        site(out=tmp_path / "site", leaderboards=board)


def test_a_board_without_some_counts_has_its_pages(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "a.csv").write_text(",win_rate,n_wins,n_total\nmine,50.0,4,8\n")
    (tmp_path / "boards" / "b.csv").write_text(",rating,rank_low,rank_high\nmine,1000,1,1\n")
    (tmp_path / "boards" / "c.csv").write_text(",rating,rank_low,rank_high\n")
    assert site(out=tmp_path / "site", leaderboards=tmp_path / "boards").n_boards == 3
