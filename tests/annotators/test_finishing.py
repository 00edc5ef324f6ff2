"""`follow_up` in a judge of one's own: any parser whose reply has not come to a verdict is told to finish, once."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import autoeval
from autoeval.annotators.finishing import joined
from autoeval.errors import NothingJudgedError, UsageError
from autoeval.types import Completion
from tests.servers import Answer, JudgeServer, always
from tests.servers.answers import Body

JUDGE: dict[str, Any] = {
    "kind": "single",
    "scale": [1, 10],
    "provider": "openai",
    "model": "m",
    "messages": [{"role": "user", "content": "Grade {{ output }}"}],
    "parser": {"kind": "grade"},
    "follow_up": "And the grade?",
    "price": {"input": 1, "output": 2},
}


def config(folder: Path, **changes: Any) -> Path:
    path = folder / "judge.yaml"
    said = {name: value for name, value in {**JUDGE, **changes}.items() if value is not None}
    path.write_text(yaml.safe_dump(said))
    return path


def test_both_replies_are_read_and_paid_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    def answer(body: Body) -> Answer:
        if len(body["messages"]) == 1 and "[[" not in body["messages"][0]["content"]:
            return Answer("It is fine.")
        return Answer("[[8]]")

    with JudgeServer(answer) as server:
        result: Any = autoeval.evaluate(
            [{"instruction": f"q{n}", "output": text} for n, text in enumerate(("one", "two", "[[x]]"))],
            annotators_config=config(tmp_path),
            judge_base_url=server.base_url,
            caching_path=None,
            output_path=None,
        )
        told = [body["messages"][1:] for body in server.bodies if len(body["messages"]) > 1]
    assert told == 2 * [
        [{"role": "assistant", "content": "It is fine."}, {"role": "user", "content": "And the grade?"}]
    ]
    rows = result.records()
    assert [row["score"] for row in rows] == [8, 8, 8]
    assert [row["raw_completion"] for row in rows] == [*2 * ["It is fine.\n[[8]]"], "[[8]]"]
    assert rows[0]["price_per_example"] > rows[2]["price_per_example"], "both replies are paid"


@pytest.mark.parametrize(("said", "n_requests"), [("It is fine.", 2), ("", 1), ("[[5]], no, [[6]]", 1)])
def test_who_has_been_told_or_said_nothing_or_too_much_is_not_told_again(
    said: str, n_requests: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with JudgeServer(always(said)) as server:
        with pytest.raises(NothingJudgedError, match="1 unparsed"):
            autoeval.evaluate(
                [{"instruction": "q", "output": "x"}],
                annotators_config=config(tmp_path),
                judge_base_url=server.base_url,
                caching_path=None,
                output_path=None,
            )
        assert server.n_requests == n_requests


def test_replies_of_one_conversation_are_one_that_ends_as_the_last_does() -> None:
    first = Completion(
        "a",
        "stop",
        input_tokens=1,
        output_tokens=2,
        reasoning_tokens=3,
        seconds=4,
        has_reasoning=True,
        adapted=("x",),
    )
    second = Completion("b", "length", input_tokens=10, output_tokens=20, seconds=40, adapted=("x", "y"))
    both = joined(first, second)
    assert (both.text, both.finish_reason, both.has_reasoning, both.adapted) == (
        "a\nb",
        "length",
        True,
        ("x", "y"),
    )
    assert (both.input_tokens, both.output_tokens, both.seconds) == (11, 22, 44)
    assert joined(first, second).reasoning_tokens is joined(second, first).reasoning_tokens is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"follow_up": " "}, "'follow_up' is empty"),
        ({"messages": None, "prompt": {"role": "user", "content": "{{ output }}"}}, "it needs 'messages'"),
        (
            {"together": 2, "messages": [{"role": "user", "content": "{{ outputs }}"}]},
            "'follow_up' is for prompts on one case",
        ),
    ],
)
def test_what_cannot_go_on_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        autoeval.evaluate(
            [{"instruction": "q", "output": "x"}], annotators_config=config(tmp_path, **changes)
        )
