"""The benchmark of graded verdicts: what the audit's repeats find is the noise that the server was given."""

from pathlib import Path

import pytest

from benchmarks.graded import known_noise, measured, repeated, with_samples


@pytest.mark.parametrize(
    ("judge", "form"), [("gpt6_graded", "per cent"), ("gpt6_logprob", "log probabilities")]
)
def test_repeats_find_the_noise_that_is_there(tmp_path: Path, judge: str, form: str) -> None:
    n_pairs = 60
    _, noise = measured(repeated(with_samples(judge, 1, tmp_path), n_pairs))
    assert noise == pytest.approx(known_noise(form, 1, n_pairs, n_draws=200), rel=0.5)


def test_samples_take_out_their_share_and_no_more() -> None:
    once, fivefold = (known_noise("binary", samples, 60, n_draws=200) for samples in (1, 5))
    assert once == pytest.approx(5 * fivefold)


def test_samples_of_a_repeat_are_asked_anew(tmp_path: Path) -> None:
    _, noise = measured(repeated(with_samples("gpt6_sampled", 3, tmp_path), 60))
    assert noise == pytest.approx(known_noise("binary", 3, 60, n_draws=200), rel=0.5)
