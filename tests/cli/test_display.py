"""The live line of a run says what its user wants to know."""

from autoeval.cli.display import progress_line
from autoeval.completions.ledger import Progress


def _progress(**fields: object) -> Progress:
    progress = Progress(total=100, **fields)  # type: ignore[arg-type]
    progress.began -= 10
    progress.done, progress.cached, progress.output_tokens, progress.spent = 20, 30, 5_000, 0.126
    return progress


def test_generating_shows_tokens_a_second_cost_and_time_left() -> None:
    line = progress_line(_progress(doing="generated"))
    assert line == "50/100 generated · 30 cached · 2.0/s · 500 tokens/s · $0.13 · 25 s left"
    assert len(line) < 80


def test_an_unknown_price_is_not_called_free() -> None:
    progress = _progress()
    progress.is_price_known = False
    progress.failed = 2
    assert "over $0.13" in progress_line(progress)
    assert "2 failed" in progress_line(progress)
