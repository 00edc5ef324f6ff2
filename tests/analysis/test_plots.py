from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from autoeval.analysis import (
    compare_models,
    p_value_by_n,
    plot_length_against_win_rate,
    plot_p_by_n,
    plot_p_values,
    plot_price_against_agreement,
)
from autoeval.analysis.comparison import ModelComparisons
from autoeval.errors import UsageError

pytest.importorskip("matplotlib", reason="plots need the extra `report`")


@pytest.fixture
def models() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "instruction": f"i{i}", "dataset": "odd" if i % 2 else "even", "generator_1": "ref",
            "generator_2": model, "preference": 1 + float(rng.random() < skill),
        }
        for model, skill in (("mono", 0.2), ("duo", 0.5), ("trio", 0.8))
        for i in range(60)
    )  # fmt: skip


def words_in(path: Path) -> str:
    """The texts of an SVG, which matplotlib leaves as comments before the glyphs."""
    return path.read_text(encoding="utf-8")


def test_heat_maps_show_every_subset_and_model(models: pd.DataFrame, tmp_path: Path) -> None:
    drawn = words_in(plot_p_values(compare_models(models), tmp_path / "p.svg"))
    for words in ("even (n = 30)", "odd (n = 30)", "overall (n = 60)", "mono", "duo", "trio", "p_t"):
        assert f"<!-- {words}" in drawn


def test_curve_of_p_shows_the_level_and_both_axes(models: pd.DataFrame, tmp_path: Path) -> None:
    drawn = words_in(plot_p_by_n(p_value_by_n(models, draws=20), tmp_path / "n.svg"))
    for words in ("instructions", "90% quantile", "α = 0.05", "pairs with p &lt; 0.05 (%)"):
        assert f"<!-- {words}" in drawn


def test_boards_become_points_with_names(tmp_path: Path) -> None:
    judges = pd.DataFrame(
        {"Price [$/1000 examples]": [0, 12.0, np.nan], "Human agreement": [60, 70, 80.0]},
        index=["free", "dear", "new"],
    )
    drawn = words_in(plot_price_against_agreement(judges, tmp_path / "price.svg"))
    assert "<!-- free" in drawn
    assert "<!-- dear" in drawn
    assert "<!-- new" not in drawn
    board = pd.DataFrame(
        {"avg_length": [900, 2000], "win_rate": [40, 60], "standard_error": [1, 2]}, index=["a1", "b2"]
    )
    assert "<!-- b2" in words_in(plot_length_against_win_rate(board, tmp_path / "length.svg"))


def test_recorded_models_are_drawn(compared: ModelComparisons, tmp_path: Path) -> None:
    path = plot_p_values(compared, tmp_path / "p.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    board = pd.DataFrame({"avg_length": [np.nan], "win_rate": [40]})
    with pytest.raises(UsageError, match="has no rows"):
        plot_length_against_win_rate(board, tmp_path / "length.svg")
    with pytest.raises(UsageError, match=r"must end in one of \.pdf, \.png, \.svg"):
        plot_length_against_win_rate(board, tmp_path / "length.doc")
    with pytest.raises(UsageError, match="no column 'win_rate'"):
        plot_length_against_win_rate(board.rename(columns={"win_rate": "win"}), tmp_path / "length.svg")
