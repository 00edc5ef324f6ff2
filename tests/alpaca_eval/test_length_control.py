"""Length control beside alpaca_eval's own, on annotations that it was not fitted on."""

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import autoeval
from autoeval.alpaca_eval import metrics
from autoeval.alpaca_eval.metrics import get_length_controlled_winrate
from autoeval.metrics.length_control import LengthMethod
from autoeval.runs.length import control_length
from tests.alpaca_eval.peer import ask_peer
from tests.recorded import load_recorded, recorded_data


def annotations() -> list[dict[str, Any]]:
    """Return verdicts on AlpacaEval's own instructions, for which alone 0.6.6 knows how hard they are."""
    draw = random.Random(5)
    reference = load_recorded(recorded_data() / "alpaca_eval_2" / "reference_outputs.json.gz")
    rows = []
    for row in reference:
        output = "word " * draw.randint(5, 400)
        preference = min(2.0, max(1.0, draw.gauss(1.4 + (len(output) - len(row["output"])) / 9000, 0.3)))
        rows.append(
            {
                "instruction": row["instruction"],
                "output_1": row["output"],
                "generator_1": "gpt4_1106_preview",
                "output_2": output,
                "generator_2": "new",
                "annotator": "weighted_alpaca_eval_gpt4_turbo",
                "preference": preference,
            }
        )
    return rows


def unreachable(*_: str) -> Path:
    raise autoeval.UsageError("the hub cannot be reached")


def gamed(path: Path) -> Path:
    """Write rows of a reference that was told to be long or short, as AlpacaEval's file from the hub has them."""
    draw = random.Random(6)
    rows = [
        {
            "preference": min(1.0, max(0.0, draw.gauss(0.5 - 0.2 * side, 0.2))),
            "index": index,
            "std_delta_len": draw.gauss(side, 0.5),
            "instruction_difficulty": random.Random(index).gauss(0, 1),
            "not_gamed_baseline": False,
            "model": "concise" if side > 0 else "verbose",
        }
        for side in (-1, 1)
        for index in range(805)
    ]
    pd.DataFrame(rows).to_csv(path)
    return path


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize(
    "glm_name", ["length_controlled_v1", "length_controlled_noreg", "length_controlled_minimal"]
)
def test_a_length_controlled_win_rate_is_theirs_with_its_standard_error(
    glm_name: str, tmp_path: Path
) -> None:
    rows, file = annotations(), gamed(tmp_path / "df_gamed.csv")
    question = {"annotations": rows, "gamed": str(file), "kwargs": {"glm_name": glm_name}}
    theirs = ask_peer("length_controlled", question, tmp_path)
    ours = control_length(rows, file, glm_name=glm_name)
    near = 5e-3 if glm_name == "length_controlled_minimal" else 1e-4  # percent points
    assert ours.value == pytest.approx(theirs["length_controlled_winrate"], abs=near)
    assert ours.alpaca_eval_standard_error == pytest.approx(theirs["lc_standard_error"], abs=near)


def test_without_their_file_it_is_said_once_that_the_figure_is_not_quite_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("autoeval.runs.length.hub_file", unreachable)
    metrics._warn_once.cache_clear()
    rows = annotations()
    without = [get_length_controlled_winrate(rows)["length_controlled_winrate"] for _ in range(2)]
    (said,) = (record.getMessage() for record in caplog.records)
    assert "df_gamed.csv" in said
    assert "length_control_file" in said
    caplog.clear()
    metrics._warn_once.cache_clear()
    file = gamed(tmp_path / "df_gamed.csv")
    given = get_length_controlled_winrate(rows, length_control_file=file)["length_controlled_winrate"]
    assert given == control_length(rows, file).value != without[0]
    assert not caplog.records


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"glm_name": "length_controlled_noreg"}, "name it with length_control_file"),
        ({"length_control_file": "nothing.csv"}, "^length_control_file: .*nothing.csv"),
    ],
)
def test_python_is_told_its_argument_and_not_a_flag(
    given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autoeval.runs.length.hub_file", unreachable)
    with pytest.raises(autoeval.UsageError, match=told) as error:
        get_length_controlled_winrate(annotations(), **given)
    assert "--" not in str(error.value)


def test_the_hubs_file_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = gamed(tmp_path / "df_gamed.csv")
    monkeypatch.setattr("autoeval.runs.length.hub_file", lambda *_: file)
    found = control_length(rows := annotations(), "auto")
    assert (found.method, found.value) == (LengthMethod.GAMED_ROWS, control_length(rows, file).value)


def test_a_file_of_other_instructions_is_named(tmp_path: Path) -> None:
    file = gamed(tmp_path / "df_gamed.csv")
    others = [{**row, "instruction": f"{row['instruction']} Why?"} for row in annotations()]
    with pytest.raises(autoeval.UsageError, match=r"^length_control_file: .*another eval set"):
        get_length_controlled_winrate(others, length_control_file=file)


@pytest.mark.slow
def test_the_flag_gives_their_standard_error(tmp_path: Path) -> None:
    rows = annotations()
    model, reference = (
        [{"instruction": row["instruction"], "output": row[output], "generator": row[who]} for row in rows]
        for output, who in (("output_2", "generator_2"), ("output_1", "generator_1"))
    )
    found = [
        autoeval.evaluate(
            model, reference, annotators_config="longest", output_path=None, caching_path=None,
            precomputed_leaderboard=None, preset="alpaca_eval_2", lc_standard_error=which,
        )
        for which in ("bootstrap", "alpaca_eval")
    ]  # fmt: skip
    bootstrap, alpaca_eval = (board.leaderboard.loc["new"] for board in found)
    judged = [{**row, **mine} for row, mine in zip(rows, found[0].records(), strict=True)]
    expected = get_length_controlled_winrate(judged)["lc_standard_error"]
    assert alpaca_eval["lc_standard_error"] == pytest.approx(expected)
    assert alpaca_eval["length_controlled_winrate"] == bootstrap["length_controlled_winrate"]
    assert alpaca_eval["lc_standard_error"] != bootstrap["lc_standard_error"]
