"""Replies as real servers and judges give them, through a whole run: what was said is counted, or nothing is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import autoeval
from tests.journeys.small import evaluated
from tests.servers import Answer, JudgeServer

N_PAIRS = 2
LOGPROBS = {"kind": "logprobs", "first": "a", "second": "b"}
RANKING = {"kind": "ranking", "first": "a", "second": "b"}
SCORES = {"kind": "scores", "first": "a", "second": "b"}
TOOL = {"kind": "tool", "first": "a", "second": "b", "field": "better"}


def judged(folder: Path, parser: dict[str, Any], answer: Answer) -> autoeval.Evaluation:
    """Judge two pairs, the reference shown first."""
    config = {
        "provider": "openai_compatible",
        "model": "j",
        "parameters": {"max_tokens": 9},
        "messages": [{"role": "user", "template": "p.jinja"}],
        "order": "fixed",
        "parser": parser,
    }
    (folder / "judge").mkdir()
    (folder / "judge" / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "judge" / "p.jinja").write_text("{{ instruction }}\na: {{ first }}\nb: {{ second }}")
    rows = [{"instruction": f"question {i}", "output": f"text {i}"} for i in range(N_PAIRS)]
    with JudgeServer(lambda _: answer) as server:
        result: autoeval.Evaluation = evaluated(
            [{**row, "output": "model's"} for row in rows],
            rows,
            annotators_config=str(folder / "judge"),
            judge_base_url=server.base_url,
            caching_path=folder / "cache.sqlite",
            output_path=folder / "run",
            min_coverage=0,
            precomputed_leaderboard=None,
            no_report=True,
        )
    return result


def choice(*top: tuple[str, float | None]) -> Answer:
    alternatives = [{"token": token, "logprob": logprob} for token, logprob in top]
    content = [{"token": "a", "logprob": -0.1, "top_logprobs": alternatives}]
    message = {"role": "assistant", "content": "a"}
    return Answer(choice={"message": message, "finish_reason": "length", "logprobs": {"content": content}})


def calls(*arguments: object) -> Answer:
    called = [{"type": "function", "function": {"name": "choose", "arguments": one}} for one in arguments]
    message = {"role": "assistant", "content": None, "tool_calls": called}
    return Answer(choice={"message": message, "finish_reason": "tool_calls"})


@pytest.mark.parametrize(
    ("parser", "answer", "preference"),
    [
        (RANKING, Answer("Answer b is longer, so b > a, but a is right.</think>a > b"), 1.0),
        (RANKING, Answer("<seed:think>b > a</seed:think><br>a > b"), 1.0),
        (RANKING, Answer("a > b", finish_reason="length"), 1.0),
        (SCORES, Answer("a: 8,5\nb: 8,7"), 2.0),
        (LOGPROBS, choice(("a", -0.1), ("a", -5.0), ("b", -2.3)), 1.0991),
        (LOGPROBS, choice(("a", -0.1), ("b", None)), 1.0),
        (TOOL, calls({"better": "b"}), 2.0),
        (TOOL, calls('{"better": "b"}', {"better": "b"}), 2.0),
    ],
)
def test_what_was_said_is_counted(
    parser: dict[str, Any], answer: Answer, preference: float, tmp_path: Path
) -> None:
    result = judged(tmp_path, parser, answer)
    assert list(result.annotations["preference"]) == [pytest.approx(preference, abs=1e-4)] * N_PAIRS


@pytest.mark.parametrize(
    ("parser", "answer"),
    [
        (RANKING, Answer("In style, b > a, but for correctness", finish_reason="length")),
        (SCORES, Answer("a: 8.5\nb: 8", finish_reason="length")),
        (LOGPROBS, choice()),
        (LOGPROBS, choice(("a", 0.9), ("b", 0.1))),
        (TOOL, calls('{"better": "a"}', '{"better": "b"}')),
    ],
)
def test_what_was_not_said_is_not_counted(parser: dict[str, Any], answer: Answer, tmp_path: Path) -> None:
    tally = judged(tmp_path, parser, answer).tally
    assert tally.n_judged == 0
    assert tally.failures == {"unparsed": N_PAIRS}
