"""A run of 0.6.6 and a run of ours, against the same server: the same preference on every pair."""

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import autoeval
from tests.alpaca_eval.peer import ask_peer
from tests.processes.peer import peer_package
from tests.recorded import load_recorded, recorded_data
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Answerer, Body
from tests.servers.recorded_judge import RecordedJudge

pytestmark = [pytest.mark.peer, pytest.mark.slow]

N_PAIRS = 150
"""More than one of the stretches of 128 pairs in which 0.6.6 annotates."""

MODEL = "vicuna-13b"


def sides() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the reference's and the model's outputs, some of them equal."""
    recorded = load_recorded(recorded_data() / "alpaca_eval_1" / MODEL / "annotations.json.gz")[:N_PAIRS]
    reference = [side(row, 1) for row in recorded]
    model = [side(row, 2) for row in recorded]
    for place in range(7, N_PAIRS, 50):
        model[place]["output"] = reference[place]["output"]
    return reference, model


def side(row: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "instruction": row["instruction"],
        "output": row[f"output_{number}"],
        "generator": row[f"generator_{number}"],
        "dataset": row["dataset"],
    }


def by_hash(body: Body) -> Answer:
    """Judge by a hash of the whole prompt, so that equal verdicts on groups mean equal groups."""
    digest = hashlib.sha256(prompt_text(body).encode()).digest()
    verdicts = [f"Output ({'ab'[byte % 2]})" for byte in digest[:5]]
    return Answer("\n".join(verdicts))


def by_hash_in_a_pool(body: Body) -> Answer:
    """Judge five pairs where the limit has room for five verdicts, else one."""
    answer = by_hash(body)
    return answer if body["max_tokens"] > 100 else Answer(answer.text.partition("\n")[0])


def compare(config: Path, answer: Answerer, folder: Path, **parameters: Any) -> int:
    """Run both, and return how many pairs have a preference; it is the same on each."""
    found, expected = run_both(config, answer, folder, **parameters)
    assert found.keys() == expected.keys()
    different = {key: (found[key], expected[key]) for key in found if not same(found[key], expected[key])}
    assert different == {}
    return sum(preference is not None for preference in found.values())


Preferences = dict[tuple[str, str], float | None]
"""By instruction and model's output."""


def run_both(
    config: Path, answer: Answerer, folder: Path, **parameters: Any
) -> tuple[Preferences, Preferences]:
    """Return our preferences and theirs."""
    reference, model = sides()
    with JudgeServer(answer) as server:
        question = {
            "config": str(config),
            "outputs_1": reference,
            "outputs_2": model,
            "kwargs": {"caching_path": str(seeded_cache(folder)), **parameters},
        }
        address = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_BASE": server.base_url}
        theirs = ask_peer("annotate", question, folder, **address)
        _, ours = autoeval.evaluate(
            model,
            reference,
            config,
            judge_base_url=server.base_url,
            caching_path=None,
            output_path=None,
            precomputed_leaderboard=None,
            is_return_instead_of_print=True,
            **parameters,
        )
    found = {(row["instruction"], row["output_2"]): row["preference"] for row in ours}
    expected = {(row["instruction"], row["output_2"]): row["preference"] for row in theirs}
    return found, expected


def same(ours: float | None, theirs: float | None) -> bool:
    return ours == theirs or (ours is not None and theirs is not None and abs(ours - theirs) < 1e-9)


def seeded_cache(folder: Path) -> Path:
    """Write a cache with a judgment of another pair: with none at all, 0.6.6 cannot add label noise."""
    path = folder / "their_cache.json"
    row = {
        "instruction": "x",
        "output_1": "y",
        "output_2": "z",
        "annotator": "nobody",
        "preference": 1,
    }
    path.write_text(json.dumps([row]))
    return path


def evaluators() -> Path:
    return peer_package() / "evaluators_configs"


def test_a_ranking_judge(tmp_path: Path) -> None:
    judge = RecordedJudge(recorded_data() / "alpaca_eval_1", MODEL)
    assert compare(evaluators() / "alpaca_eval_gpt4" / "configs.yaml", judge, tmp_path) > N_PAIRS - 10


def test_a_weighted_judge_at_another_seed(tmp_path: Path) -> None:
    judge = RecordedJudge(recorded_data() / "alpaca_eval_1", MODEL)
    config = evaluators() / "weighted_alpaca_eval_gpt4_turbo" / "configs.yaml"
    assert compare(config, judge, tmp_path, seed=3) > N_PAIRS - 10


def test_label_noise(tmp_path: Path) -> None:
    judge = RecordedJudge(recorded_data() / "alpaca_eval_1", MODEL)
    config = evaluators() / "alpaca_eval_gpt4" / "configs.yaml"
    found, expected = run_both(config, judge, tmp_path, p_label_flip=0.25)
    noise = {key: noise_on(key[0]) for key in found}
    judged = {key for key in found if noise[key] is None}
    # 0.6.6 draws the noise, but loses the pairs that got it before it returns them
    assert {key for key in expected if expected[key] is None} == found.keys() - judged
    assert {key: found[key] for key in judged} == {key: expected[key] for key in judged}
    flipped = {key for key in found.keys() - judged if found[key] != 1.5}  # equal outputs stay a tie
    assert len(flipped) > N_PAIRS / 3
    assert {key: found[key] for key in flipped} == {key: noise[key] for key in flipped}


def noise_on(instruction: str) -> float | None:
    """Draw as 0.6.6 does."""
    draw = random.Random(f"noisy_preference{instruction}0")
    return draw.choices([None, 1, 2], weights=[0.5, 0.25, 0.25], k=1)[0]


def test_prompts_on_five_pairs(tmp_path: Path) -> None:
    config = evaluators() / "alpaca_farm_greedy_gpt4" / "configs.yaml"
    assert compare(config, by_hash, tmp_path) == N_PAIRS


def test_a_pool(tmp_path: Path) -> None:
    """Three annotators of alpaca_farm's pool that ask about five pairs at once, and one that asks about one."""
    folder = tmp_path / "evaluators_configs"
    (folder / "pool").mkdir(parents=True)
    shutil.copytree(evaluators() / "alpaca_farm", folder / "alpaca_farm")
    entries = (evaluators() / "alpaca_farm" / "configs.yaml").read_text().split("\n\n")
    chosen = [entry for entry in entries if entry.startswith(("gpt4_2:", "gpt4_3:", "gpt4_5:"))]
    single = """one:
  prompt_template: "alpaca_farm/chatml_b1_without_inputs.txt"
  completions_kwargs: {model_name: gpt-4-0314, max_tokens: 50, temperature: 1.0}
  completion_parser_kwargs:
    outputs_to_match: {1: 'Output \\(a\\)', 2: 'Output \\(b\\)'}
"""
    (folder / "pool" / "configs.yaml").write_text("\n".join([*chosen, single]))
    judged = compare(folder / "pool" / "configs.yaml", by_hash_in_a_pool, tmp_path)
    assert judged == N_PAIRS
