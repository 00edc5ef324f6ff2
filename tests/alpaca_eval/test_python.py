"""Scripts of others with `import autoeval.alpaca_eval as alpaca_eval` in the place of their import."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import autoeval.alpaca_eval as alpaca_eval
from autoeval.alpaca_eval.annotators import PairwiseAnnotator
from autoeval.errors import AutoevalError, UsageError
from tests.processes import start_python

WINRATE: dict[str, Any] = {"fn_metric": "get_winrate", "sort_by": "win_rate", "annotators_config": "longest"}


def outputs(who: str) -> list[dict[str, Any]]:
    return [
        {"instruction": f"do {n}", "output": who * (n + 1), "generator": who, "dataset": "d"}
        for n in range(6)
    ]


def test_evaluate_returns_the_board_and_the_annotations() -> None:
    board, annotations = alpaca_eval.evaluate(
        outputs("model"), outputs("ref"), output_path=None, is_return_instead_of_print=True, **WINRATE
    )
    assert board.loc["model", "win_rate"] == 100
    assert board.loc["model", "mode"] == "community"
    assert [row["preference"] for row in annotations] == [2.0] * 6
    assert annotations[0]["generator_1"] == "ref"
    assert annotations[0]["dataset"] == "d"


def test_evaluate_prints_one_table_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    alpaca_eval.evaluate(outputs("model"), outputs("ref"), output_path=None, **WINRATE)
    printed = capsys.readouterr().out.split()
    assert printed == [
        "win_rate",
        "standard_error",
        "n_total",
        "avg_length",
        "model",
        "100.00",
        "0.00",
        "6",
        "17",
    ]


def test_a_loop_over_models_on_one_board(tmp_path: Path) -> None:
    board = tmp_path / "new" / "board.csv"
    for who in ("model", "another", "model"):
        files: dict[str, Any] = {"precomputed_leaderboard": board, "output_path": tmp_path / who}
        alpaca_eval.evaluate(model_outputs=outputs(who), reference_outputs=outputs("ref"), **files, **WINRATE)
    assert sorted(pd.read_csv(board, index_col=0).index) == ["another", "model"]


def test_metrics() -> None:
    rate = alpaca_eval.metrics.pairwise_to_winrate([1, 2, 0, 2, math.nan])
    assert (rate["win_rate"], rate["n_total"], rate["n_draws"]) == (62.5, 4, 1)


def test_several_pairs_on_one_instruction() -> None:
    texts = (("a", "bb"), ("aa", "b"), ("a", "a"), ("a", "bb"))
    pairs = [{"instruction": "same", "output_1": first, "output_2": second} for first, second in texts]
    annotated = PairwiseAnnotator("longest", caching_path=None).annotate_pairs(pairs)
    assert [row["preference"] for row in annotated] == [2.0, 1.0, 1.5, 2.0]


def test_heads_by_instruction_and_by_place() -> None:
    annotator = PairwiseAnnotator("longest", caching_path=None)
    by_place = annotator.annotate_head2head(outputs("ref"), outputs("model"), is_ordered=True)
    assert annotator.annotate_head2head(outputs("ref"), outputs("model")[::-1]) == by_place


def test_not_one_judged_pair_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    limits: dict[str, Any] = {"max_attempts": 1, "retry_delay": 0, "judge_base_url": "http://127.0.0.1:9/v1"}
    annotator = PairwiseAnnotator("gpt4_ranking", caching_path=None, **limits)
    with pytest.raises(AutoevalError, match="not one of 1 pairs could be judged"):
        annotator.annotate_pairs([{"instruction": "i", "output_1": "a", "output_2": "b"}])


def test_a_pair_without_a_field_is_refused() -> None:
    with pytest.raises(UsageError, match="'output_2'"):
        PairwiseAnnotator("longest", caching_path=None).annotate_pairs(
            [{"instruction": "i", "output_1": "a"}]
        )


@pytest.mark.slow
def test_the_module_is_the_command(tmp_path: Path) -> None:
    for name, who in (("model.json", "model"), ("ref.json", "ref")):
        pd.DataFrame(outputs(who)).to_json(tmp_path / name, orient="records")
    arguments = "evaluate --model_outputs model.json --reference_outputs ref.json --annotators_config longest"
    module = "autoeval.alpaca_eval.main"
    run = start_python(
        "-m", module, *arguments.split(), folder=tmp_path, variables={"IS_ALPACA_EVAL_2": "False"}
    ).finish()
    assert run.stdout.split()[-5:] == ["model", "100.00", "0.00", "6", "17"]
