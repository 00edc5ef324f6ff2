"""How well a bridge between two judges works, on published boards of several judges over the same models.

    python -m benchmarks.bridge            # errors of models left out, and coverage of the intervals
    python -m benchmarks.bridge --links    # other links, each model left out

The boards are those of AlpacaEval, in `boards_of_other_judges` of the recorded data. Anchors are drawn in two ways,
spread over the new judge's range: `bins`, one at random from each of k stretches of equally many models; `ends`, the
two extreme models and k − 2 at random. As the command does it, anchors that the judges rank differently make no bridge,
and every other model is placed unless it lies far outside the anchors' range ("all": without these refusals); an
interval is right if it holds the old judge's win rate.
"""

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autoeval.analysis.linking import (
    FARTHEST,
    Anchor,
    Rate,
    fit_link,
    leave_one_out,
    rank_correlation,
    refusal,
)
from benchmarks.bridge_links import LINKS, left_out_errors
from benchmarks.judge_data import recorded_data

GPT4 = "data_AlpacaEval_alpaca_eval_gpt4"
GPT4_TURBO = "data_AlpacaEval_2_weighted_alpaca_eval_gpt4_turbo"
PAIRS = (
    ("data_AlpacaEval_2_alpaca_eval_cot_gpt4_turbo_fn", GPT4_TURBO),
    ("data_AlpacaEval_2_alpaca_eval_gpt4_turbo_fn", GPT4_TURBO),
    ("data_AlpacaEval_2_claude_3_opus_ranking", GPT4_TURBO),
    ("data_AlpacaEval_2_mistral-large-2402_ranking", GPT4_TURBO),
    ("data_AlpacaEval_claude", GPT4),
    ("data_AlpacaEval_chatgpt_fn", GPT4),
)
"""New judge and old judge."""
SIZES = (5, 6, 8, 12)
DRAWS = 500

Indices = npt.NDArray[np.intp]


def boards_folder() -> Path:
    """Return where the published boards lie."""
    return recorded_data() / "boards_of_other_judges"


def shared_models(new: str, old: str) -> list[Anchor]:
    """Return the models that two boards share, but the reference, whose 50% nobody measured."""
    ours, theirs = _rates(new), _rates(old)
    return [Anchor(name, theirs[name], rate) for name, rate in ours.items() if name in theirs]


def _rates(board: str) -> dict[str, Rate]:
    with (boards_folder() / f"{board}.csv").open(encoding="utf-8", newline="") as file:
        rates = {
            row[""]: Rate(float(row["win_rate"]), int(float(row["n_total"])), float(row["standard_error"]))
            for row in csv.DictReader(file)
        }
    return {name: rate for name, rate in rates.items() if rate.standard_error}


def bins(order: Indices, k: int, rng: np.random.Generator) -> Indices:
    """Draw one of each of k stretches of the models in their order."""
    return np.array([rng.choice(part) for part in np.array_split(order, k)])


def ends(order: Indices, k: int, rng: np.random.Generator) -> Indices:
    """Draw the first, the last and k − 2 others."""
    return np.concatenate([order[[0, -1]], rng.choice(order[1:-1], k - 2, replace=False)])


Draw = Callable[[Indices, int, np.random.Generator], Indices]
WAYS: tuple[Draw, ...] = (bins, ends)


def coverage(models: Sequence[Anchor], k: int, draw: Draw, refuses: bool = True) -> tuple[float, float]:
    """Return how often the intervals hold the old judge's win rate, and how wide they are on average.

    With `refuses`, of what the command would link and place; without it, of every draw and every other model.
    """
    rng = np.random.default_rng([k, WAYS.index(draw), len(models)])
    order = np.argsort([model.new.win_rate for model in models])
    held, widths = [], []
    for _ in range(DRAWS):
        chosen = set(draw(order, k, rng).tolist())
        anchors = [models[i] for i in sorted(chosen)]
        if refuses and refusal(anchors):
            continue
        link = fit_link(anchors)
        for i, model in enumerate(models):
            if i not in chosen and not (refuses and link.beyond(model.new) > FARTHEST):
                placed = link.place(model.new)
                held.append(placed.low <= model.old.win_rate <= placed.high)
                widths.append(placed.width)
    return float(np.mean(held)), float(np.mean(widths))


def report() -> None:
    """Print the errors of models left out, and the coverage."""
    print(f"{'new judge':32} models  Spearman  raw difference  linked: mean  largest  residual  slope")
    for new, old in PAIRS:
        models = shared_models(new, old)
        raw = np.mean([abs(model.new.win_rate - model.old.win_rate) for model in models])
        placed = leave_one_out(models)
        errors = [abs(p.win_rate - model.old.win_rate) for p, model in zip(placed, models, strict=True)]
        link = fit_link(models)
        print(
            f"{_short(new):32} {len(models):6} {rank_correlation(models):9.2f} {raw:15.2f} {np.mean(errors):13.2f}"
            f" {max(errors):8.1f} {link.residual:9.2f} {link.slope:6.2f}"
        )
    print(
        f"\nshare of 95% intervals that hold the old judge's win rate, and mean width in points ({DRAWS} draws)"
    )
    settings = [(way, refuses) for refuses in (True, False) for way in WAYS]
    heads = [f"{way.__name__}{'' if refuses else ', all'}" for way, refuses in settings]
    print(f"{'new judge':32} {'anchors':>7}  " + "  ".join(f"{head:>16}" for head in heads))
    for new, old in PAIRS:
        models = shared_models(new, old)
        for k in (k for k in SIZES if k < len(models)):
            cells = [coverage(models, k, way, refuses) for way, refuses in settings]
            figures = "  ".join(f"{share:7.3f} {width:8.1f}" for share, width in cells)
            print(f"{_short(new):32} {k:7}  {figures}")


def report_links() -> None:
    """Print what other links come to when each model is left out."""
    print("mean error in points, and mean interval score (Gneiting and Raftery 2007; smaller is better)")
    print(f"{'link':20}" + "".join(f"{_short(new)[:16]:>18}" for new, _ in PAIRS))
    boards = [shared_models(new, old) for new, old in PAIRS]
    for name, link in LINKS.items():
        cells = [left_out_errors(models, link) for models in boards]
        print(f"{name:20}" + "".join(f"{error:10.2f} {score:7.1f}" for error, score in cells))


def _short(board: str) -> str:
    return board.removeprefix("data_AlpacaEval_2_").removeprefix("data_AlpacaEval_")


def main() -> None:
    """Report on the published boards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--links", action="store_true", help="compare other links")
    report_links() if parser.parse_args().links else report()


if __name__ == "__main__":
    main()
