"""Another judge's word in place of a judge's own: what ships for AlpacaEval's instructions, and what is learned."""

from pathlib import Path

import numpy as np
import pytest

from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator
from autoeval.journeys.learn import learn
from autoeval.metrics.instructions import instruction_key
from autoeval.metrics.sampling import DOUBT_OF_OTHERS
from autoeval.prediction.history import aligned, r_squared
from autoeval.prediction.seen import read_lengths
from autoeval.prediction.shipped import ShippedEffects, effects_for, shipped_effects
from autoeval.runs.paying.predicting import RANDOM, prediction_of
from autoeval.types import Case
from benchmarks.recorded_preferences import read_json
from tests.annotators.planning import a_judge
from tests.recorded import recorded_data

REFERENCE = "The reference says this."


@pytest.fixture(autouse=True)
def _nothing_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoeval.prediction.kept.kept_path", lambda name: tmp_path / f"{name}.npz")


def pairs(board: str, model: str) -> tuple[list[Case], np.typing.NDArray[np.float64]]:
    """A recorded model's pairs, and the recorded preferences − 1."""
    rows = read_json(recorded_data() / board / model / "annotations.json.gz")
    cases = [
        Case.pair(i, row["instruction"], row["output_1"], row["output_2"], "reference", model)
        for i, row in enumerate(rows)
    ]
    return cases, np.array([(row["preference"] or np.nan) - 1 for row in rows])


def test_effects_are_read_as_they_were_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    keys = [f"k{i}" for i in range(50)]
    hard = rng.normal(size=50)
    seen, shares = {}, {}
    for m in range(8):
        seen[f"m{m}"] = read_lengths(keys, rng.uniform(50, 900, 50), rng.uniform(50, 900, 50))
        shares[f"m{m}"] = (hard + rng.normal(size=50) > 0).astype(float)
    effects = ShippedEffects.of("a judge", aligned(seen, shares), ["r"] * 50)
    assert np.corrcoef(effects.model.effects, hard)[0, 1] > 0.8
    effects.write(tmp_path / "effects.csv")
    again = ShippedEffects.read(tmp_path / "effects.csv")
    assert (again.judge, again.keys, again.references) == ("a judge", effects.keys, effects.references)
    assert again.predict(seen["m0"]) == pytest.approx(effects.predict(seen["m0"]), abs=1e-3)
    assert "k0,r," in (tmp_path / "effects.csv").read_text()


def test_shipped_effects_are_of_figures_alone_and_of_one_reference_each() -> None:
    assert [len(one.keys) for one in shipped_effects()] == [805, 805]
    assert all(len(text) == 12 for one in shipped_effects() for text in (*one.keys, *one.references))
    assert effects_for(shipped_effects()[0].keys, [REFERENCE] * 805, 0.9) is None


@pytest.mark.parametrize("board", ["alpaca_eval_1", "alpaca_eval_2"])
def test_a_judge_that_nobody_knows_is_predicted_by_what_ships(board: str) -> None:
    """With more doubt than of its own history; and not where the reference is another one."""
    cases, shares = pairs(board, "phi-2-sft")
    judge = Annotator("a new judge", (a_judge(),))
    found = prediction_of(cases, judge)
    keys, references = [instruction_key(c.instruction) for c in cases], [c.output_1 for c in cases]
    effects = effects_for(keys, references, 0.9)
    assert effects is not None
    assert found.method == f"sampled by what {effects.judge} said of other models"
    assert (found.doubt, found.reason) == (DOUBT_OF_OTHERS, "")
    assert r_squared(found.shares, shares) > 0.1
    elsewhere = [Case.pair(c.index, c.instruction, REFERENCE, c.output_2, "other", "m") for c in cases]
    assert prediction_of(elsewhere, judge).method == RANDOM
    assert "nothing is learned" in prediction_of(elsewhere, judge).reason


@pytest.mark.slow
def test_another_judges_history_is_used_with_more_doubt(tmp_path: Path) -> None:
    """Learned for a judge from files that another one judged: said, kept, and sampled by with care."""
    folder = recorded_data() / "alpaca_eval_1"
    names = ["alpaca-7b", "cut-13b", "gpt4_0314", "phi-2-dpo", "vicuna-13b"]
    learned = learn([folder / name / "annotations.json.gz" for name in names], "gpt4_ranking")
    assert learned.judged_by == ["alpaca_eval_gpt4"]
    cases, _ = pairs("alpaca_eval_1", "phi-2-sft")
    found = prediction_of(cases, load_annotator("gpt4_ranking"))
    assert (found.method, found.doubt) == (
        "sampled by what alpaca_eval_gpt4 said of other models",
        DOUBT_OF_OTHERS,
    )
