import csv
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autoeval.metrics.difficulties import (
    Difficulties,
    LengthPrior,
    read_difficulties,
    shipped_difficulties,
    write_difficulties,
)
from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.length_control import (
    LengthMethod,
    length_controlled_win_rate,
    length_controlled_win_rates,
)
from autoeval.metrics.length_model import GamedRows, LengthModel, Solver, predicted_win_rate
from tests.processes.peer import peer_python, run_peer
from tests.recorded import load_recorded, recorded_data

Rows = list[dict[str, Any]]
SOLVERS: tuple[Solver, ...] = ("liblinear", "newton")
QUESTIONS = [f"Question {i}?" for i in range(60)]
KNOWN = Difficulties(
    {instruction_key(text): math.sin(i) for i, text in enumerate(QUESTIONS)},
    LengthPrior((-1.6, 0.4, 0.0), (14.0, 62.0, 0.01)),
)


def annotated(seed: int = 0, ability: float = -0.5, n: int = 60) -> Rows:
    rng = np.random.default_rng(seed)
    shares = rng.binomial(1, 1 / (1 + np.exp(-ability - rng.normal(size=n)))).tolist()
    lengths = rng.integers(20, 400, size=(n, 2)).tolist()
    return [
        {"instruction": text, "preference": 1 + share, "output_1": "a" * first, "output_2": "b" * second}
        for text, share, (first, second) in zip(QUESTIONS, shares, lengths, strict=False)
    ]


@cache
def recorded() -> tuple[dict[str, Rows], dict[str, dict[str, str]]]:
    folder = recorded_data() / "alpaca_eval_2"
    instructions = [row["instruction"] for row in load_recorded(folder / "reference_outputs.json.gz")]
    import pandas as pd

    models: dict[str, Rows] = {}
    for row in pd.read_csv(folder / "preferences_and_lengths.csv.gz").itertuples(index=False):
        model, index, preference, reference, output = row
        models.setdefault(str(model), []).append(
            {
                "instruction": instructions[index],
                "preference": preference,
                "output_1": "x" * reference,
                "output_2": "x" * output,
            }
        )
    with (folder / "published_leaderboard.csv").open() as file:
        published = {row[""]: row for row in csv.DictReader(file)}
    return models, published


def gamed_file(path: Path, seed: int = 0) -> Path:
    """Write a file of the shape of AlpacaEval's: 805 rows of a concise and 805 of a verbose reference."""
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(0, 1.2, 805)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["model", "preference", "index", "std_delta_len", "instruction_difficulty", "not_gamed_baseline"]
        )
        for name, mean in (("concise", 0.7), ("verbose", -0.5)):
            delta = rng.normal(mean, 1, 805)
            share = 1 / (1 + np.exp(1.8 * np.tanh(delta) - 0.2 * difficulty - rng.normal(0, 1.5, 805)))
            rows = zip(share.tolist(), range(805), delta.tolist(), difficulty.tolist(), strict=True)
            writer.writerows([name, *row, False] for row in rows)
    return path


def test_shipped_difficulties_give_the_published_length_controlled_win_rates() -> None:
    """Of every third model; that of them all are on the shipped board, `test_known_models.py` checks."""
    from scipy.stats import spearmanr

    models, published = recorded()
    complete = [name for name, row in published.items() if row["n_total"] == "805"][::3]
    ours = [length_controlled_win_rate(models[name]).value for name in complete]
    theirs = [float(published[name]["length_controlled_winrate"]) for name in complete]
    assert np.abs(np.subtract(ours, theirs)).mean() < 0.4
    assert spearmanr(ours, theirs).statistic > 0.99


@pytest.mark.peer
@pytest.mark.slow
def test_with_the_file_of_gamed_rows_it_is_what_alpaca_eval_computes(tmp_path: Path) -> None:
    peer_python()
    complete = [name for name, rows in recorded()[0].items() if len(rows) == 805]
    models = {name: recorded()[0][name] for name in complete[::12]}
    gamed, given = gamed_file(tmp_path / "df_gamed.csv"), tmp_path / "models.json"
    fields = ("preference", "output_1", "output_2")
    given.write_text(
        json.dumps(
            {
                name: [[row["preference"], *(len(row[field]) for field in fields[1:])] for row in rows]
                for name, rows in models.items()
            }
        )
    )
    script = Path(__file__).with_name("peer_length_control.py")
    out = run_peer(script, gamed, given, folder=tmp_path)
    theirs = json.loads(out.stdout.splitlines()[-1])
    file = GamedRows.read(gamed)
    for name, rows in models.items():
        exact, newton = (length_controlled_win_rate(rows, gamed=file, solver=s) for s in SOLVERS)
        assert exact.method is LengthMethod.GAMED_ROWS
        assert exact.value == pytest.approx(theirs[name], abs=1e-9), name
        assert newton.value == pytest.approx(theirs[name], abs=0.1), name


def test_newton_and_liblinear_agree_at_the_same_strength(tmp_path: Path) -> None:
    from autoeval.metrics.length_model import _fit_liblinear, _fit_newton

    gamed = GamedRows.read(gamed_file(tmp_path / "df_gamed.csv"))
    design = np.column_stack([gamed.lengths, gamed.difficulties, np.ones(len(gamed.shares))])
    for strength in (0.3593813663804626, 21.54434690031882):
        newton, liblinear = (
            fit(design, gamed.shares, np.ones((1, len(design))), strength, None, 0)
            for fit in (_fit_newton, _fit_liblinear)
        )
        assert newton == pytest.approx(liblinear, abs=5e-3)


def test_the_strength_is_that_of_the_least_loss_on_held_out_fifths() -> None:
    """Against scikit-learn's fits and sums by hand: rows are dealt to folds from the last one on."""
    from sklearn.linear_model import LogisticRegression

    from autoeval.metrics.length_model import _STRENGTHS, _choose_strength, _fit_newton

    rng = np.random.default_rng(1)
    design = rng.normal(size=(60, 4))
    targets = rng.beta(0.6, 0.6, 60) * (design[:, 0] > -0.5)
    weights = rng.choice([0.1, 1.0], 60)
    losses = []
    for strength in _STRENGTHS:
        of_folds = []
        for fold in range(5):
            held_out = [row for row in range(60) if (59 - row) % 5 == fold]
            rest = [row for row in range(60) if row not in held_out]
            model = LogisticRegression(
                C=strength, l1_ratio=1, solver="saga", fit_intercept=False, tol=1e-8, max_iter=100_000
            )
            shares = np.concatenate([(weights * targets)[rest], (weights * (1 - targets))[rest]])
            model.fit(np.vstack([design[rest]] * 2), [1] * len(rest) + [0] * len(rest), sample_weight=shares)
            chances = model.predict_proba(design[held_out])[:, 1]
            terms = [
                -weights[row] * (targets[row] * math.log(p) + (1 - targets[row]) * math.log(1 - p))
                for row, p in zip(held_out, chances, strict=True)
            ]
            of_folds.append(sum(terms) / len(terms))
        losses.append(sum(of_folds) / 5)
    best = losses.index(min(losses))
    assert 0 < best < len(losses) - 1, "neither end"
    assert _choose_strength(design, targets, weights, _fit_newton) == _STRENGTHS[best]


def test_difficulties_follow_the_instruction_not_the_row() -> None:
    rows = annotated()
    rng = np.random.default_rng(1)
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    in_order = length_controlled_win_rate(rows, difficulties=KNOWN)
    assert length_controlled_win_rate(shuffled, difficulties=KNOWN).value == pytest.approx(in_order.value)


def test_a_dataframe_and_a_list_of_rows_are_the_same() -> None:
    import pandas as pd

    rows = annotated()
    assert length_controlled_win_rate(pd.DataFrame(rows), difficulties=KNOWN) == length_controlled_win_rate(
        rows, difficulties=KNOWN
    )


def test_longer_outputs_lose_what_their_length_gave_them() -> None:
    rng = np.random.default_rng(5)
    rows = []
    for text in QUESTIONS * 5:
        longer = int(rng.integers(50, 400))
        share = rng.binomial(1, 1 / (1 + np.exp(-1.6 * np.tanh(longer / 100))))
        rows.append(
            {
                "instruction": text,
                "preference": 1 + share,
                "output_1": "a" * 500,
                "output_2": "b" * (500 + longer),
            }
        )
    raw = 100 * np.mean([row["preference"] - 1 for row in rows])
    controlled = length_controlled_win_rate(rows, difficulties=KNOWN)
    assert controlled.value < raw - 5


def test_samples_of_one_instruction_do_not_shrink_the_error() -> None:
    rows = annotated()
    once = length_controlled_win_rate(rows, difficulties=KNOWN)
    thrice = length_controlled_win_rate(rows * 3, difficulties=KNOWN)
    assert thrice.standard_error > 0.8 * once.standard_error


def test_the_baseline_itself_is_at_50() -> None:
    rows = [{**row, "generator_1": "gpt", "generator_2": "gpt"} for row in annotated()]
    result = length_controlled_win_rate(rows)
    assert (result.value, result.standard_error, result.low, result.high) == (50, 0, 50, 50)
    assert result.method is LengthMethod.BASELINE


def test_one_row_has_a_value_and_no_standard_error() -> None:
    result = length_controlled_win_rate(annotated()[:1], difficulties=KNOWN)
    assert 0 <= result.value <= 100
    assert math.isnan(result.standard_error)
    assert (result.low, result.high, result.n) == (0, 100, 1)


def test_equal_lengths_leave_the_win_rate_as_it_is() -> None:
    rows = [{**row, "output_1": "same", "output_2": "size"} for row in annotated()]
    raw = 100 * np.mean([row["preference"] - 1 for row in rows])
    assert length_controlled_win_rate(rows, difficulties=KNOWN).value == pytest.approx(raw, abs=0.1)


@pytest.mark.parametrize("preference", [1, 1.5, 2])
def test_all_one_preference_is_finite_with_an_interval_of_some_width(preference: float) -> None:
    rows = [{**row, "preference": preference} for row in annotated()]
    result = length_controlled_win_rate(rows, difficulties=KNOWN)
    assert result.low < result.value < result.high
    assert math.isfinite(result.standard_error)
    assert (result.value < 5, result.value > 95) == (preference == 1, preference == 2)


def test_nulls_leave_the_fit_but_not_the_mean_over_instructions() -> None:
    rows = annotated()
    gaps = [{**row, "preference": None} if i % 3 == 0 else row for i, row in enumerate(rows)]
    result = length_controlled_win_rate(gaps, difficulties=KNOWN)
    assert result.n == 40
    model = result.model
    assert model is not None
    z = [model.constant + model.difficulty * math.sin(i) for i in range(60)]
    assert result.value == pytest.approx(100 * np.mean([1 / (1 + math.exp(-x)) for x in z]))


def test_nothing_judged_is_unknown() -> None:
    result = length_controlled_win_rate([{**row, "preference": None} for row in annotated()])
    assert math.isnan(result.value)
    assert (result.low, result.high, result.n, result.method) == (0, 100, 0, LengthMethod.NONE)
    empty = length_controlled_win_rate([])
    assert math.isnan(empty.value)


def test_a_lone_model_on_an_unknown_eval_set_gets_only_the_extrapolated_figure() -> None:
    result = length_controlled_win_rate(annotated())
    assert result.method is LengthMethod.NONE
    assert math.isnan(result.value)
    assert result.difficulty_free is not None
    assert 0 < result.difficulty_free.value < 100
    assert result.warning is not None
    assert "extrapolates" in result.warning


def test_several_models_on_an_unknown_eval_set_give_each_other_difficulties() -> None:
    models = {"weak": annotated(0, ability=-1.5), "fair": annotated(1, ability=0.0)}
    results = length_controlled_win_rates(models)
    assert {result.method for result in results.values()} == {LengthMethod.JOINT}
    assert results["weak"].value < results["fair"].value
    assert all(result.standard_error > 0 for result in results.values())


def test_rows_of_unknown_difficulty_are_left_out_and_counted() -> None:
    rows = annotated()
    odd = [{**row, "instruction": "Never seen."} if i < 3 else row for i, row in enumerate(rows)]
    result = length_controlled_win_rate(odd, difficulties=KNOWN)
    assert result.n == 57
    assert result.warning is not None
    assert result.warning.startswith("3 rows were left out")


def test_another_judge_or_reference_than_that_of_the_difficulties_is_said() -> None:
    known = Difficulties(KNOWN.by_key, KNOWN.prior, reference="gpt4", annotator="judge")
    names = {"generator_1": "other", "generator_2": "mine", "annotator": "judge"}
    rows = [{**row, **names} for row in annotated()]
    warning = length_controlled_win_rate(rows, difficulties=known).warning
    assert warning == "difficulties were estimated with the reference gpt4, not other"


def test_the_bootstrap_repeats_with_its_seed() -> None:
    first, again, other = (
        length_controlled_win_rate(annotated(), difficulties=KNOWN, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.standard_error != other.standard_error


def test_a_model_predicted_against_itself_is_at_50_and_sides_add_up() -> None:
    one, other = LengthModel(-1.5, 0.9, -2.0), LengthModel(-1.7, 1.2, 0.4)
    difficulties = np.linspace(-2, 2, 50)
    assert predicted_win_rate(one, one, difficulties) == pytest.approx(50)
    there, back = predicted_win_rate(one, other, difficulties), predicted_win_rate(other, one, difficulties)
    assert there + back == pytest.approx(100)
    assert there < 50


def test_a_file_of_another_shape_or_eval_set_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("preference,index\n0.5,0\n")
    with pytest.raises(ValueError, match="lacks std_delta_len, instruction_difficulty"):
        GamedRows.read(wrong)
    with pytest.raises(ValueError, match="index 804"):
        GamedRows.read(gamed_file(tmp_path / "df_gamed.csv"), instructions=QUESTIONS)
    with pytest.raises(ValueError, match="another eval set"):
        length_controlled_win_rate(annotated(), gamed=GamedRows.read(tmp_path / "df_gamed.csv"))


def test_a_file_with_a_cell_that_is_too_long_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "outputs.csv"
    wrong.write_text(f"instruction,output\n1,{'2' * 200}\n")
    limit = csv.field_size_limit(100)
    try:
        with pytest.raises(ValueError, match="no file of gamed rows: field larger"):
            GamedRows.read(wrong)
    finally:
        csv.field_size_limit(limit)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="no 'output_1'"):
        length_controlled_win_rate([{"instruction": "a", "preference": 1}])


def test_shipped_difficulties_are_figures_for_805_instructions() -> None:
    shipped = shipped_difficulties()
    assert len(shipped.by_key) == 805
    assert all(len(key) == 12 and int(key, 16) >= 0 for key in shipped.by_key)
    assert shipped.reference == "gpt4_1106_preview"


def test_difficulties_survive_a_file(tmp_path: Path) -> None:
    write_difficulties(tmp_path / "d.csv", KNOWN)
    again = read_difficulties(tmp_path / "d.csv")
    assert again.prior == KNOWN.prior
    assert again.of(QUESTIONS) == pytest.approx(KNOWN.of(QUESTIONS), abs=1e-4)
