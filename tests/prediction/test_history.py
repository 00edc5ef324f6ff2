"""What is learned from a judge's history, on made-up models and on recorded ones."""

import numpy as np
import pytest

from autoeval.prediction.history import History, aligned, r_squared
from autoeval.prediction.seen import Seen, TextReader, read_lengths
from benchmarks.recorded_preferences import load
from tests.recorded import recorded_data

INSTRUCTIONS = [f"Name {number} animals and say why." for number in range(40)]
REFERENCES = ["The dog. It is loyal and kind to people."] * 40


def outputs(model: int) -> list[str]:
    return [f"Animal {model} {i % 7}: " + "because it is strong. " * (1 + (i * model) % 5) for i in range(40)]


def history(n_models: int = 6) -> History:
    reader = TextReader(INSTRUCTIONS, REFERENCES)
    seen = {f"m{m}": reader.read(outputs(m)) for m in range(n_models)}
    shares = {f"m{m}": np.array([float(i % 2) for i in range(40)]) for m in range(n_models)}
    return aligned(seen, shares)


def test_what_decides_by_instruction_is_learned_and_unknown_instructions_get_the_rest() -> None:
    known = history()
    reader = TextReader([*INSTRUCTIONS[:10], "What is new?"], [*REFERENCES[:10], "Nothing."])
    predicted = known.predict(reader.read([*outputs(9)[:10], "Something."]))
    assert predicted.shape == (11,)
    assert (predicted[1:10:2] > 0.7).all()
    assert (predicted[0:10:2] < 0.3).all()
    assert 0.3 < predicted[10] < 0.7


def test_a_model_left_out_leaves_no_trace() -> None:
    """Whatever was recorded of it, the prediction for it is the same."""
    known = history()
    turned = History(known.models, known.seen, known.shares.copy())
    turned.shares[2] = 1 - turned.shares[2]
    target = known.seen[2]
    assert (known.without(["m2"]).predict(target) == turned.without(["m2"]).predict(target)).all()
    assert (known.predict(target) != turned.predict(target)).any()


def test_models_with_other_instructions_are_brought_to_the_same() -> None:
    reader = TextReader(INSTRUCTIONS, REFERENCES)
    one, two = reader.read(outputs(1)), reader.read(outputs(2)).at(range(10, 40))
    both = aligned({"a": one, "b": two}, {"a": np.ones(40), "b": np.zeros(30)})
    assert both.keys == one.keys
    assert np.isnan(both.shares[1, :10]).all()
    assert (both.shares[1, 10:] == 0).all()
    assert np.isfinite(both.predict(one)).all()
    with pytest.raises(ValueError, match="no model"):
        aligned({}, {})


def test_closeness_is_that_of_words_and_lengths() -> None:
    reader = TextReader(["q", "r"], ["one two", "three"])
    left, right = reader.read(["cats purr", ""]), reader.read(["cats purr", "dogs bark"])
    close = left.closeness(right)
    assert close[0] == pytest.approx(1.25)
    assert close[1] == pytest.approx(0.25 * np.exp(-np.log(10)))
    lengths = [read_lengths(["a"], np.array([9.0]), np.array([length])) for length in (9.0, 99.0)]
    assert lengths[0].closeness(lengths[1])[0] == pytest.approx(0.1)


def test_recorded_models_that_were_left_out_are_predicted() -> None:
    """Lengths and history of 29 models; texts are measured by `python -m benchmarks.budget`."""
    recorded = load(recorded_data() / "alpaca_eval_2")
    found = [
        r_squared(recorded.without([name]).predict(seen), shares)
        for name, seen, shares in list(zip(recorded.models, recorded.seen, recorded.shares, strict=True))[
            4::6
        ]
    ]
    assert np.mean(found) > 0.38
    assert isinstance(recorded.seen[0], Seen)
