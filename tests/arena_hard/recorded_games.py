"""A fork's recorded games as everything a run needs: questions, answers, the judge's config, and the judge itself."""

import gzip
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.recorded import recorded_data
from tests.servers import Answer
from tests.servers.answers import Body

Row = dict[str, Any]
BASELINE = "gpt-4-0314"
SYSTEM = "You compare two answers. {braces} stay."
_MARK = re.compile(r"(<\|[^|\n]+\|>)")


def lines(path: Path) -> list[Row]:
    """Read JSON lines; U+2028 does not end one."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file.read().split("\n") if line.strip()]


@dataclass
class RecordedGames:
    """The games of one file, in v0.1's first form; `unknown` has the prompts that are none of theirs."""

    rows: list[Row]
    unknown: list[str] = field(default_factory=list)
    systems: set[str] = field(default_factory=set)

    @classmethod
    def of_a_fork(cls) -> "RecordedGames":
        """Return the games of the first fork whose prompts say what was asked."""
        path = min((recorded_data() / "arena_hard" / "forks").glob("*.jsonl.gz"))
        return cls([row for row in lines(path) if all(game.get("user_prompt") for game in row["games"])])

    @property
    def model(self) -> str:
        """Whose answers were judged."""
        return str(self.rows[0]["model"])

    @property
    def template(self) -> str:
        """The prompt's template: the marks of a recorded prompt, with names in place of what stands between."""
        pieces = _MARK.split(self.rows[0]["games"][0]["user_prompt"])
        assert len(pieces) == 11, "five marks"
        marks = pieces[1::2]
        between = ["\n{question_1}\n\n", "\n{answer_1}\n", "\n\n", "\n{answer_2}\n", ""]
        return "".join(mark + text for mark, text in zip(marks, between, strict=True))

    def write(self, folder: Path) -> Path:
        """Write a folder as v0.1's tools have it: questions, both models' answers, and the judge's config."""
        questions, of_model, of_baseline = [], [], []
        for row in self.rows:
            question, first, second = self._said(row["games"][0]["user_prompt"])
            known = {"question_id": row["question_id"]}
            questions.append({**known, "category": "arena-hard-v0.1", "turns": [{"content": question}]})
            of_baseline.append(_answer(known, BASELINE, first))
            of_model.append(_answer(known, self.model, second))
        (folder / "model_answer").mkdir(parents=True)
        _write(folder / "question.jsonl", questions)
        _write(folder / "model_answer" / f"{BASELINE}.jsonl", of_baseline)
        _write(folder / "model_answer" / "tested.jsonl", of_model)
        config = folder / "judge_config.yaml"
        config.write_text(
            json.dumps(  # JSON is YAML
                {
                    "judge_model": "recorded-judge",
                    "reference": False,
                    "baseline": True,
                    "baseline_model": BASELINE,
                    "pairwise": True,
                    "temperature": 0,
                    "max_tokens": 4096,
                    "regex_pattern": r"\[\[([AB<>=]+)\]\]",
                    "system_prompt": SYSTEM,
                    "prompt_template": [self.template],
                    "model_list": ["tested"],
                }
            )
        )
        return config

    def __call__(self, body: Body) -> Answer:
        """Return what the recorded judge said to a prompt; of a judgment without a verdict, first its first attempt."""
        system, user, *more = (message["content"] for message in body["messages"])
        self.systems.add(system)
        if user not in self._replies:
            self.unknown.append(user)
            return Answer("no such prompt was recorded", status=400)
        reply = self._replies[user]
        if "[[" not in reply:
            first, second = reply.strip().split("\n")
            assert not more or more[0] == first, "the conversation goes on"
            reply = second if more else first
        return Answer(reply, model="recorded-judge")

    @property
    def _replies(self) -> dict[str, str]:
        return {game["user_prompt"]: game["judgment"] for row in self.rows for game in row["games"]}

    def _said(self, prompt: str) -> tuple[str, str, str]:
        """Split a prompt at the template's marks into question, first and second answer."""
        names = re.split(r"\{\w+\}", self.template)
        pattern = "(.*)".join(map(re.escape, names))
        match = re.fullmatch(pattern, prompt, re.DOTALL)
        assert match is not None
        return match[1], match[2], match[3]


def _answer(known: Row, model: str, text: str) -> Row:
    return {**known, "model_id": model, "choices": [{"index": 0, "turns": [{"content": text}]}]}


def _write(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
