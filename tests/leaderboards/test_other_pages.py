"""The site's pages of boards that are none of win rates: ratings, and judges by accuracy and price."""

import re
from pathlib import Path

import pytest

from autoeval.journeys.rank import rank
from autoeval.journeys.site import site
from tests.browser import chromium, serious_faults

JUDGES = """\
,accuracy,accuracy_low,accuracy_high,price_per_1000_pairs,agreement,first_shown,n_total
dear,91.0,88.0,93.5,9.5,90.0,51.0,419
cheap,86.0,82.0,89.0,0.4,84.0,55.0,419
bad,70.0,65.0,74.0,2.0,71.0,60.0,419
unpriced,80.0,76.0,84.0,,80.0,50.0,419
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    boards = folder / "boards" / "votes"
    boards.mkdir(parents=True)
    battles = [
        {"model_a": one, "model_b": other, "winner": winner}
        for one, other in (("<b>x</b>", "y"), ("y", "z"), ("z", "<b>x</b>"))
        for winner in ("model_a", "model_a", "tie", "model_b")
    ]
    rank(battles, leaderboard_path=boards / "crowd.csv")
    (boards / "llmbar.csv").write_text(JUDGES)
    (boards / "other.csv").write_text("a,b\n1,2\n")
    made = site(folder / "out", folder / "boards")
    assert (made.n_boards, made.n_pages) == (2, 3)
    return folder / "out"


def test_ratings_stand_with_ranks_and_intervals(pages: Path) -> None:
    page = (pages / "votes-crowd" / "index.html").read_text()
    assert re.findall(r'<tr data-name="([^"]+)"', page) == ["&lt;b&gt;x&lt;/b&gt;", "y", "z"]
    assert page.count("1 – 3") == 3, "nobody can be told from the others"
    assert page.count('class="chart mark"') == 3
    assert "<b>x</b>" not in page
    index = (pages / "index.html").read_text()
    assert 'href="votes-crowd/index.html"' in index
    assert 'href="votes-llmbar/index.html"' in index


def test_judges_stand_by_accuracy_with_their_price_and_who_is_worth_it(pages: Path) -> None:
    page = (pages / "votes-llmbar" / "index.html").read_text()
    rows = re.findall(r'<tr data-name="([^"]+)">(.*?)</tr>', page, re.DOTALL)
    assert [name for name, _ in rows] == ["dear", "cheap", "unpriced", "bad"]
    assert {name for name, row in rows if "no cheaper one is as good" in row} == {"dear", "cheap"}
    cells = re.findall(r">([^<>\n]+)</td>", rows[1][1])
    assert cells[:3] == ["86.0", "82.0 – 89.0", "0.40"]
    assert "unknown" in rows[2][1]
    assert page.count("82.0 to 89.0%") == 1, "the plot says the interval of each dot"
    assert "unpriced:" not in page


@pytest.mark.browser
def test_pages_can_be_used_by_everyone(pages: Path) -> None:
    with chromium() as browser:
        for name in ("votes-crowd", "votes-llmbar"):
            assert serious_faults(browser, pages / name / "index.html", waits=False) == []
