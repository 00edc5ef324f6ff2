"""A run that is refused before anything was spent leaves everything as it was: no folder, no file, no row."""

from typing import Any

import pytest
import yaml

from tests.cli.malformed import annotations
from tests.cli.running import CommandLine, rows
from tests.servers import JudgeServer, always

PAIRS = ("--reference_outputs", "reference.json", "--model_outputs", "outputs.json")
JUDGE = ("--annotators_config", "gpt4_ranking")
CACHE = ("--caching_path", "new/caches/cache.sqlite")
RESULTS = ("--output_path", "new/results")
VOTES = [
    {
        "instruction": f"Do {number}.",
        "output_1": "a",
        "output_2": "bb",
        "preference": 1 + (number + index) % 2,
        "annotator_index": index,
    }
    for number in range(4)
    for index in range(2)
]
LABELLED = "instruction,output_1,output_2,label,subset\n" + "".join(
    f"Do {i}.,a,b,{1 + i % 2},s\n" for i in range(4)
)
ANCHORS = [row for place in range(6) for row in rows(80, who=f"m{place}")]
BOARD = ",win_rate,n_total,reference\n" + "".join(f"m{i},{8 + 14 * i}.0,80,reference\n" for i in range(6))
FILES: dict[str, Any] = {
    "outputs.json": rows(80),
    "reference.json": rows(80, who="reference"),
    "few.json": rows(8),
    "votes.json": VOTES,
    "labelled.csv": LABELLED,
    "anchors.json": ANCHORS,
    "board.csv": BOARD,
    "run/annotations.json": annotations(),
    "odd/annotations.json": [*annotations(), {"instruction": 5}],
    "empty.json": [],
    "rules.yaml": yaml.safe_dump({"rules": [{"win_rate": "> 50"}]}),
}

ASKS = {
    "pairs": ("evaluate", *PAIRS, *JUDGE, *RESULTS),
    "single outputs": (
        *("evaluate", "--model_outputs", "outputs.json", "--annotators_config", "mt_bench_grade", *RESULTS),
        *("--reference_answers", "None"),
    ),
    "a sample": ("evaluate", *PAIRS, *JUDGE, *RESULTS, "--n_paid", "50"),
    "in batches": ("evaluate", *PAIRS, *JUDGE, *RESULTS, "--batch"),
    "a model": (
        *("evaluate_from_model", "gpt-4.1", "--evaluation_dataset", "reference.json"),
        *("--annotators_config", "longest", *RESULTS),
    ),
    "who judges a model": (
        *("evaluate_from_model", "gpt-4.1", "--generator_api_key_env", "ANTHROPIC_API_KEY"),
        *("--evaluation_dataset", "reference.json", *JUDGE, *RESULTS),
    ),
    "harder instructions": (
        *("evolve", "few.json", "--model_configs", "gpt-4.1"),
        *("--output_path", "new/set.json"),
    ),
    "a board": (
        *("make_leaderboard", "new/board.csv", "--all_model_outputs", "outputs.json"),
        *("--reference_outputs", "reference.json", *JUDGE, *RESULTS),
    ),
    "a board until all is decided": (
        *("make_leaderboard", "new/board.csv", "--all_model_outputs", "anchors.json", "--until_decided"),
        *("--reference_outputs", "reference.json", *JUDGE, *RESULTS),
    ),
    "shares of scores": (*("percent_of", *PAIRS, *RESULTS, "--leaderboard_path", "new/board.csv"),),
    "a bridge": (
        *("bridge", "board.csv", "--anchor_outputs", "anchors.json", *JUDGE, *RESULTS),
        *("--reference_outputs", "reference.json", "--model_outputs", "outputs.json"),
    ),
    "refusals": ("refusal", "outputs.json", "--annotators_config", "refusal_judge", *RESULTS),
    "a judge beside people": (
        *("analyze_evaluators", "gpt4_ranking", "--gold_crossannotations", "votes.json", *RESULTS),
        *("--precomputed_leaderboard", "new/board.csv", "--is_save_leaderboard"),
    ),
    "a judge on labelled pairs": (
        *("analyze_evaluators", "gpt4_ranking", "--labelled", "csv", "--dataset", "labelled.csv"),
        *("--leaderboard_path", "new/board.csv"),
    ),
    "an audit": ("audit", *PAIRS, *JUDGE, *RESULTS),
    "anchors": ("anchor", *PAIRS, *JUDGE, "--anchors_path", "new/anchors"),
}
"""Commands that ask somebody over the network."""


@pytest.fixture
def command(command: CommandLine) -> CommandLine:
    for name, content in FILES.items():
        command.write(name, content)
    return command


@pytest.mark.parametrize("asks", ASKS.values(), ids=ASKS)
def test_without_a_key(command: CommandLine, asks: tuple[str, ...]) -> None:
    command.patch.delenv("OPENAI_API_KEY")
    before = command.files()
    outcome = command(*asks, *CACHE)
    assert (outcome.code, outcome.out) == (2, ""), outcome.err
    assert "OPENAI_API_KEY" in outcome.err
    assert command.files() == before


SPOILT = {
    "no such judge": ("--annotators_config", "gpt4_rankin"),
    "no such preset": ("--preset", "alpaca_eval2"),
    "a wrong number": ("--max_attempts", "0"),
    "no price": ("--max_cost", "1", "--judge_model", "who-knows"),
    "a file as folder": ("--output_path", "outputs.json/results"),
    "no flex": ("--flex", "--judge_base_url", "http://127.0.0.1:9"),
    "no such shard": ("--shard", "3/2"),
    "no cluster": ("--engine", "rai"),
    "no prompts": ("--judge_prompts", "nowhere.jsonl"),
    "a broken key": ("--judge_api_key_env", "BROKEN_KEY"),
    "no cache": ("--caching_path", "new/a.sqlite,new/none.sqlite"),
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_with_a_wrong_flag(command: CommandLine, spoilt: tuple[str, ...]) -> None:
    """Where the flag is not one of a command's, or right for it, the key is missing: nobody is ever asked."""
    command.patch.setenv("BROKEN_KEY", "sk-\nsecret")
    command.patch.delenv("OPENAI_API_KEY")
    before = command.files()
    told = set()
    for name, asks in ASKS.items():
        outcome = command(*_without(asks, spoilt[::2]), *_without(CACHE, spoilt), *spoilt)
        assert (outcome.code, outcome.out) == (2, ""), (name, outcome.err)
        assert command.files() == before, name
        told.add("has no flag" in outcome.err or "OPENAI_API_KEY" in outcome.err)
    assert False in told


def test_a_place_for_results_that_is_none_is_refused_before_anybody_is_asked(command: CommandLine) -> None:
    places = {"new/results": "outputs.json/results", "new/board.csv": "outputs.json/board.csv"}
    n_refused = 0
    with JudgeServer(always("a > b")) as server:
        command.patch.setenv("OPENAI_BASE_URL", server.base_url)
        before = command.files()
        for name, asks in ASKS.items():
            for place in set(asks) & places.keys():
                outcome = command(*(places[place] if word == place else word for word in asks), *CACHE)
                assert (outcome.code, server.n_requests) == (2, 0), (name, outcome)
                assert "is no folder" in outcome.err, (name, outcome)
                assert command.files() == before, name
                n_refused += 1
    assert n_refused > len(ASKS)


def _without(arguments: tuple[str, ...], flags: tuple[str, ...]) -> list[str]:
    """Return a command's words but for some flags and their values."""
    return [
        word
        for place, word in enumerate(arguments)
        if word not in flags and (place == 0 or arguments[place - 1] not in flags)
    ]


OTHERS = {
    "check": ("check", "gsm8k", "--model_outputs", "FILE", *RESULTS),
    "check, a wrong value": (
        "check",
        "number",
        "--model_outputs",
        "outputs.json",
        "--tolerance",
        "x",
        *RESULTS,
    ),
    "check, without targets": ("check", "number", "--model_outputs", "outputs.json", *RESULTS),
    "refusals by rule": ("refusal", "FILE", *RESULTS),
    "offline": ("evaluate", "--reference_outputs", "reference.json", "--model_outputs", "FILE", *RESULTS),
    "best of n": ("best_of_n", "--model_outputs", "outputs.json", "--annotations", "FILE", *RESULTS),
    "rank": (
        "rank",
        "FILE",
        "--leaderboard_path",
        "new/board.csv",
        "--differences_path",
        "new/differences.csv",
    ),
    "reviews": ("percent_of", "FILE", *RESULTS, "--leaderboard_path", "new/board.csv"),
    "gate": ("gate", "FILE", "--rules", "rules.yaml", *RESULTS),
    "gate, rules": ("gate", "run", "--rules", "FILE", *RESULTS),
    "site of runs": ("site", "new/site", "--runs", "none.json"),
    "site of boards": ("site", "new/site", "--leaderboards", "FILE"),
    "label": ("label", "FILE", "--sheet", "new/labels.csv"),
    "label, a wrong value": ("label", "run", "--n", "0", "--sheet", "new/labels.csv"),
    "learn": ("learn", "FILE", *JUDGE),
    "import_annotations": ("import_annotations", "FILE", *JUDGE, *CACHE),
    "import_results": ("import_results", "FILE", "--leaderboard_path", "new/board.csv"),
    "export": ("export", "FILE", "--to", "latex", "--out", "new/table.tex"),
    "export, a wrong value": ("export", "run", "--to", "latx", "--out", "new/table.tex"),
    "cache merge": ("cache", "merge", "FILE", "--into", "new/all.sqlite"),
    "cache export": ("cache", "export", "FILE", "--into", "new/all.jsonl"),
    "batches": ("batches", "new/cache.sqlite", "--cancel", "nothing"),
    "show": ("show", "FILE"),
    "new": ("new", "annotator", "new/mine", "--provider", "opnai"),
    "anchors": ("anchors", "--anchors_path", "FILE"),
}
"""Commands that ask nobody over the network, where FILE is a file that they read."""


@pytest.mark.parametrize("name", ["none.json", "empty.json", "odd", "run/annotations.txt"])
def test_of_a_wrong_file(command: CommandLine, name: str) -> None:
    before = command.files()
    for case, words in OTHERS.items():
        outcome = command(*(name if word == "FILE" else word for word in words))
        assert outcome.code == 2, (case, outcome)
        assert command.files() == before, case
