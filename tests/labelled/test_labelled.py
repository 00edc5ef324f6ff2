"""Judges on pairs with a right answer: recorded ones as their authors count them, and one that is asked."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.data.labelled.rewardbench import SECTIONS, WEIGHTS
from autoeval.errors import UsageError
from autoeval.journeys.labelled_judges import LabelledAnalysis
from autoeval.leaderboards.labelled import read_evaluators
from tests.cli.running import CommandLine
from tests.recorded import recorded_data

Row = dict[str, Any]


def analyse(labelled: str, dataset: Any, recorded: Any = None, **flags: Any) -> LabelledAnalysis:
    found = autoeval.analyze_evaluators(labelled=labelled, dataset=dataset, recorded=recorded, **flags)
    assert isinstance(found, LabelledAnalysis)
    return found


@pytest.mark.parametrize(
    "subset", ["LLMBar_Natural", "LLMBar_Adversarial_Neighbor", "LLMBar_Adversarial_GPTOut"]
)
def test_llmbars_recorded_statistics_come_out(subset: str) -> None:
    folder = recorded_data() / "llmbar" / subset
    found = analyse("llmbar", folder / "dataset.json.gz", str(folder / "*.result.json.gz"))
    assert len(found.judges) == 6
    for judge in found.judges:
        with gzip.open(folder / f"{judge.name}.statistics.json.gz", "rt") as file:
            theirs = json.load(file)
        row = found.board.rows[judge.name]
        share = {
            name: float(theirs[name].split("=")[-1].strip(" %")) for name in theirs if "kappa" not in name
        }
        assert row["accuracy"] == pytest.approx(share["correct_average"])
        assert row["accuracy_both"] == pytest.approx(share["correct_both"])
        assert row["agreement"] == pytest.approx(share["equal"])
        assert float(row["accuracy_low"] or 0) < share["correct_average"] < float(row["accuracy_high"] or 0)


def test_files_of_one_evaluator_in_several_folders_are_one_judge() -> None:
    folder = recorded_data() / "llmbar"
    datasets, replies = (
        str(folder / "LLMBar_*/dataset.json.gz"),
        str(folder / "LLMBar_*/GPT-4_*.result.json.gz"),
    )
    found = analyse("llmbar", datasets, replies)
    row = found.board.rows["GPT-4_Vanilla"]
    assert row["n_total"] == 281
    assert row["LLMBar_Natural: accuracy"] == pytest.approx(95.5)
    assert row["LLMBar_Adversarial_Neighbor: accuracy"] == pytest.approx(78.7313432)
    assert len(found.contrasts) == 6
    best = found.contrasts[0]
    assert best.low < best.difference < best.high
    assert all(one.p <= one.p_holm <= 1 for one in found.contrasts)


def llmbar(n: int = 4) -> list[Row]:
    return [{"input": f"q{i}", "output_1": "good", "output_2": "bad", "label": 1} for i in range(n)]


def results(rows: list[Row], *replies: tuple[str | None, str | None]) -> list[Row]:
    """Return results with raw replies alone: a judge's winner need not stand beside them."""
    orders = ("swap = False", "swap = True")
    return [
        {
            **row,
            "results": [
                {order: {"completion": [said, "stop"]} for order, said in zip(orders, both, strict=True)}
            ],
        }
        for row, both in zip(rows, replies, strict=True)
    ]


def test_raw_replies_are_read_as_if_the_judge_had_been_asked() -> None:
    rows = llmbar(5)
    first, second = "Output (a)", "Output (b)"
    swayed = "Output (a) is concise. Therefore, Output (a) is better."
    both = "Output (a) is better. On second thought, Output (b) is better."
    replies = [(first, second), (swayed, swayed), (second, first), (both, second), (None, None)]
    judge = analyse("llmbar", rows, results(rows, *replies)).judges[0]
    assert judge.whole.accuracy.value == pytest.approx(100 * (1 + 0.5 + 0 + 0.5 + 0) / 5)
    assert judge.n_unparsed == 2
    assert judge.whole.statistics["accuracy_both"].value == pytest.approx(20)
    assert judge.whole.statistics["agreement"].value == pytest.approx(40)
    assert judge.whole.statistics["first_shown"].value == pytest.approx(100 * (0.5 + 1 + 0.5 + 0) / 4)


def test_rewardbenchs_sections_are_weighted_by_its_counts(tmp_path: Path) -> None:
    accuracies = {name: (place * 37 % 100) / 100 for place, name in enumerate(WEIGHTS)}
    expected = {
        section: 100
        * sum(accuracies[name] * WEIGHTS[name] for name in names)
        / sum(WEIGHTS[name] for name in names)
        for section, names in SECTIONS.items()
    }
    rows, outcomes = [], []
    for name, share in accuracies.items():
        for i in range(100):
            rows.append({"prompt": f"{name} {i}", "chosen": "c", "rejected": "r", "subset": name, "id": i})
            outcomes.append({"subset": name, "id": i, "results": int(i < round(100 * share))})
    metrics = tmp_path / "reward.json"
    metrics.write_text(json.dumps({**accuracies, "model": "reward", "model_type": "Seq. Classifier"}))
    for recorded in (outcomes, metrics):
        (row,) = analyse("rewardbench", rows, recorded).board.rows.values()
        assert {name: row[f"{name}: accuracy"] for name in SECTIONS} == pytest.approx(expected)
        assert row["accuracy"] == pytest.approx(sum(expected.values()) / 4)
        assert row["math-prm: accuracy"] == pytest.approx(100 * accuracies["math-prm"])
    assert WEIGHTS["math-prm"] == sum(WEIGHTS[name] for name in SECTIONS["Reasoning"] if name != "math-prm")


def test_an_example_that_rewardbench_published() -> None:
    """The sections of PKU-Alignment/beaver-7b-v1.0-cost, by its subsets' accuracies in RewardBench's readme."""
    chat = {
        "alpacaeval-easy": 0.5,
        "alpacaeval-length": 0.5894736842105263,
        "alpacaeval-hard": 0.7052631578947368,
    }
    chat |= {"mt-bench-easy": 0.5714285714285714, "mt-bench-med": 0.725}
    pairs = [{"prompt": "p", "chosen": "c", "rejected": "r", "subset": "alpacaeval-easy", "id": 1}]
    (row,) = analyse("rewardbench", pairs, [{**chat, "model": "beaver"}]).board.rows.values()
    assert row["Chat: accuracy"] == pytest.approx(100 * (50 + 56 + 67 + 16 + 29) / 358)


def judgebench(label: str, *decisions: str | None, source: str = "mmlu-pro-law") -> Row:
    judgments = [
        None if one is None else {"judgment": {"judge_model": "m", "response": ""}, "decision": one}
        for one in decisions
    ]
    pair = {"pair_id": f"{label}{decisions}{source}", "source": source, "question": "q", "label": label}
    return {**pair, "response_A": "a", "response_B": "b", "judge_name": "arena_hard", "judgments": judgments}


def test_judgebench_counts_a_pair_as_a_whole() -> None:
    rows = [
        judgebench("A>B", "A>B", "B>A"),  # right in both orders
        judgebench("A>B", "A>B", "A=B"),  # once, and once neither
        judgebench("A>B", "A>B", "A>B"),  # swayed by the order
        judgebench("B>A", None, "A>B", source="livecodebench"),
        judgebench("B>A", "A>B", "B>A", source="livecodebench"),
    ]
    found = analyse("judgebench", rows, rows)
    row = found.board.rows["m (arena_hard)"]
    assert row["accuracy"] == pytest.approx(60)
    assert row["accuracy_both"] == pytest.approx(20)
    assert row["Knowledge: accuracy"] == pytest.approx(200 / 3)
    assert row["Coding: accuracy"] == 50
    rows[0]["judgments"][0]["judgment"]["response"] = "I think [[B>>A]]"
    assert analyse("judgebench", rows, rows).board.rows["m (arena_hard)"]["accuracy"] == pytest.approx(40)


def test_pandalms_results_are_read_against_the_majority() -> None:
    folder = recorded_data() / "human" / "pandalm_testset"
    replies = [
        str(folder / "gpt-3.5-turbo-testset-v1.json.gz"),
        str(folder / "pandalm-7b-testset-v1.json.gz"),
    ]
    rows = analyse("pandalm", folder / "testset-v1.json.gz", replies).board.rows
    assert rows["gpt-3.5-turbo"]["accuracy"] == pytest.approx(100 * 697 / 999)
    assert rows["pandalm-7b"]["accuracy"] == pytest.approx(100 * 667 / 999)
    assert rows["pandalm-7b"].get("accuracy_both") is None
    assert rows["gpt-3.5-turbo"]["n_unparsed"] == 25


def test_fairevals_files_are_read_from_their_folder() -> None:
    reviews = recorded_data() / "vicuna_bench" / "review" / "vicuna-13b_20230322-clean-lang"
    found = analyse("faireval", recorded_data() / "faireval", reviews / "review_gpt35_vicuna-13b.jsonl.gz")
    (row,) = found.board.rows.values()
    assert row["n_total"] == 80
    assert row["accuracy"] == pytest.approx(52.5)
    assert float(row["first_shown"] or 0) > 60, "GPT-4 preferred what it was shown first"


PAIRS = [
    {"instruction": f"q{i}", "output_1": "good", "output_2": "bad", "label": "1" if i < 3 else "tie"}
    for i in range(4)
]


def test_a_table_of_ones_own_is_judged_by_annotations_of_ours() -> None:
    known = [{name: row[name] for name in ("instruction", "output_1", "output_2")} for row in PAIRS]
    values = [(1.0, 1.2), (1.0, 2.0), (None, 1.0), (1.5, 1.5)]
    rows = [
        {**pair, "annotator": "j", "preference": 1.5, "judgments": [
            {"annotator": "j", "preference": one, "is_switched_outputs": False},
            {"annotator": "j", "preference": other, "is_switched_outputs": True},
        ]}
        for pair, (one, other) in zip(known, values, strict=True)
    ]  # fmt: skip
    row = analyse("csv", PAIRS, rows).board.rows["j"]
    assert row["accuracy"] == pytest.approx(100 * (1 + 0.5 + 0.5 + 1) / 4)
    assert row["accuracy_both"] == pytest.approx(50)
    alone = [{**pair, "winner": "output_1"} for pair in known]
    assert analyse("csv", PAIRS, alone).board.rows["recorded 1"]["accuracy"] == pytest.approx(75)


@pytest.mark.parametrize(
    ("labelled", "dataset", "recorded", "told"),
    [
        ("lmbar", llmbar(), None, r"--labelled: 'lmbar'.*'llmbar'"),
        (None, llmbar(), None, "--labelled is missing"),
        ("llmbar", None, None, "--dataset is missing"),
        ("llmbar", [{**llmbar()[0], "label": 3}], [], r"row 1: `label` is a number \(3\)"),
        ("llmbar", [{**llmbar()[0], "label": float("nan")}], [], r"row 1: `label` is null"),
        ("llmbar", [llmbar()[0]] * 2, [], "row 2 is the same pair as"),
        ("llmbar", llmbar(1), [{**llmbar()[0], "results": []}], "row 1: `results` is a list"),
        ("llmbar", llmbar(1), results(llmbar(2), ("Output (a)",) * 2, (None,) * 2), "row 2: the set has no such pair"),
        ("judgebench", [judgebench("A", "A>B")], [], r"row 1: `label` is text \('A'\)"),
        ("judgebench", [judgebench("A>B", "A>B")], [judgebench("A>B", "A>B") | {"judgments": []}], "`judgments`"),
        ("rewardbench", [{"prompt": "p", "chosen": 1, "rejected": "r", "subset": "s", "id": 1}], [], "row 1: `chosen`"),
        ("pandalm", [{"idx": 1, "annotator1": 4}], [], "row 1: `annotator1` is a number"),
        ("csv", [], [], "there is no row"),
        ("csv", PAIRS, [{**PAIRS[0], "winner": "nobody"}], r"row 1: `winner` is text \('nobody'\)"),
        ("csv", PAIRS, [{**PAIRS[0], "preference": 7}], "row 1: `preference` is a number"),
    ],
)  # fmt: skip
def test_wrong_sets_and_records_are_refused_with_their_row(
    labelled: Any, dataset: Any, recorded: Any, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        autoeval.analyze_evaluators(labelled=labelled, dataset=dataset, recorded=recorded)


@pytest.mark.parametrize(
    "given",
    [
        {"output_path": "results"},
        {"output_path": Path("results")},
        {"gold_crossannotations": PAIRS},
        {"gold_annotations": "votes.json"},
        {"is_save_leaderboard": True},
        {"n_votes": 2},
        {"scoring_rule": "squared"},
        {"compatible": True},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_a_labelled_set_has_no_use_for_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"^--{next(iter(given))} has no meaning with --labelled"):
        autoeval.analyze_evaluators(labelled="csv", dataset=PAIRS, **{"annotators_config": "auto", **given})


def test_what_it_has_a_use_for_or_what_wants_nothing_is_not(tmp_path: Path) -> None:
    board = tmp_path / "b.csv"
    given: dict[str, Any] = {"output_path": None, "n_votes": None, "is_save_leaderboard": True}
    found = analyse(
        "csv", PAIRS, annotators_config="longest", leaderboard_path=board, caching_path=None, **given
    )
    assert found.path == board


def test_a_judge_is_asked_in_both_orders_and_joins_the_board(command: CommandLine) -> None:
    """The embedded judge that prefers the longer output asks nobody, and is right where length is."""
    pairs = [
        {"instruction": f"q{i}", "output_1": "long enough" if i % 3 else "x", "output_2": "short", "label": 1}
        for i in range(6)
    ]
    data = command.write("pairs.json", pairs)
    flags = [
        "--labelled",
        "csv",
        "--dataset",
        data,
        "--annotators_config",
        "longest",
        "--leaderboard_path",
        "b.csv",
    ]
    flags = ["--caching_path", "c.sqlite", *flags]
    found = command("analyze_evaluators", *flags)
    assert found.code == 0, found.err
    row = read_evaluators(command.folder / "b.csv").rows["longest"]
    assert row["accuracy"] == pytest.approx(400 / 6)
    other = command.write("others.json", pairs[:2])
    refused = command("analyze_evaluators", *flags[:5], other, *flags[6:])
    assert refused.code == 2
    assert "is of csv, 6 pairs" in refused.err
