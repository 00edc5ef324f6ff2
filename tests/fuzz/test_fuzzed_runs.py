"""Whole runs against a server whose first reply to each question is a mutated one."""

import json
import random
import re
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.cache import Cache
from autoeval.runs.result import Evaluation
from tests.fuzz.mutations import damaged, restructured, written
from tests.fuzz.valid_replies import anthropic, openai
from tests.journeys.small import evaluate_small
from tests.servers import Answer, prompt_text
from tests.servers.answers import Body
from tests.servers.batch_server import BatchServer

SEED = 12
N_PAIRS = 50
_SHAPES = {"openai": openai, "anthropic": anthropic}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-0123456789")


class _Judge:
    """Prefers the reference where the instruction's number is even, and says so in a mutated reply at first."""

    def __init__(self, protocol: str) -> None:
        self._protocol = protocol
        self._asked: Counter[str] = Counter()
        self.is_blurred: set[str] = set()

    def __call__(self, body: Body) -> Answer:
        instruction, text = verdict_on(prompt_text(body))
        reply: Any = _SHAPES[self._protocol](text)
        self._asked[instruction] += 1
        if self._asked[instruction] > 1:
            return Answer(raw=reply)
        draw = random.Random(f"{SEED} {self._protocol} {instruction}")
        if draw.random() < 0.6:
            return Answer(raw=written(draw, restructured(draw, reply)[0]))
        content = damaged(draw, written(draw, reply))
        if content.count(text.encode()) != 1:
            self.is_blurred.add(instruction)
        return Answer(raw=content)


def verdict_on(prompt: str) -> tuple[str, str]:
    """Return the instruction that a prompt is about and the text that says the verdict on it."""
    found = re.search(r"Do thing (\d+)\.", prompt)
    assert found is not None
    is_reference_first = prompt.index("reference answer") < prompt.index("answer of the model")
    prefers_reference = int(found[1]) % 2 == 0
    return found[0], "a > b" if prefers_reference == is_reference_first else "b > a"


def _check(result: Evaluation, folder: Path, is_blurred: set[str]) -> int:
    """Check every row, and that all that was written is JSON; returns how many were judged."""
    (written_rows,) = (folder / "results").rglob("annotations.json")
    rows = json.loads(written_rows.read_text(), parse_constant=pytest.fail)
    assert len(rows) == N_PAIRS
    for row in rows:
        if row["preference"] is None:
            assert row["failure"]
        elif row["instruction"] not in is_blurred:
            number = int(re.findall(r"\d+", row["instruction"])[0])
            assert row["preference"] == (1.0 if number % 2 == 0 else 2.0), row
    for path in (folder / "results").rglob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)
    with Cache(folder / "cache.sqlite") as cache:
        for (value,) in cache.query("SELECT value FROM replies"):
            json.loads(value, parse_constant=pytest.fail)
    assert result.ask.spent >= 0
    assert result.ask.input_tokens >= 0
    assert result.ask.output_tokens >= 0
    n_judged = sum(row["preference"] is not None for row in rows)
    assert result.exit_code == (0 if n_judged == N_PAIRS else 3)
    return n_judged


QUIET: dict[str, Any] = {"precomputed_leaderboard": None, "no_report": True, "go_on": True}


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_run_over_mutated_replies(protocol: str, tmp_path: Path) -> None:
    judge = _Judge(protocol)
    with BatchServer(judge) as server:
        result = evaluate_small(tmp_path, server, protocol, N_PAIRS, judge_price=(1.0, 1.0), **QUIET)
        assert server.n_requests > N_PAIRS, "no reply had to be asked for again"
    assert _check(result, tmp_path, judge.is_blurred) > N_PAIRS * 0.7


def test_a_batch_of_mutated_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autoeval.completions.batch.asking._FIRST_PAUSE", 0.01)
    draw, is_mutated = random.Random(SEED), threading.Event()

    def mutate(lines: list[str]) -> list[str]:
        if is_mutated.is_set():
            return lines
        is_mutated.set()
        sent = []
        for line in lines:
            content = written(draw, restructured(draw, json.loads(line))[0])
            torn = damaged(draw, line.encode())
            if draw.random() < 0.4 and re.search(rb'"[ab] > [ab]"', torn):  # it still says what it said
                content = torn
            sent.append(content.decode("utf-8", "replace").replace("\n", " "))
        return sent

    with BatchServer(lambda body: Answer(verdict_on(prompt_text(body))[1]), is_instant=True) as server:
        server.lines_sent = mutate
        result = evaluate_small(tmp_path, server, "openai", N_PAIRS, batch=True, wait=True, **QUIET)
        assert server.n_batched > N_PAIRS, "no line had to be asked for again"
    assert _check(result, tmp_path, set()) > N_PAIRS * 0.7
