"""FastChat's recorded judgments as a judge: it says to each prompt what GPT-4 said to it."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import Answer, prompt_text
from tests.servers.answers import Body


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines; U+2028 does not end one."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file.read().split("\n") if line.strip()]


@dataclass
class RecordedGrader:
    """Answers by the user's message. What it was never asked is an error, so that a prompt that differs shows."""

    replies: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, files: Iterable[Path]) -> "RecordedGrader":
        """Return the judge of some `<judge>_single.jsonl.gz`; the last of several judgments counts."""
        return cls({row["user_prompt"]: row["judgment"] for path in files for row in lines(path)})

    def __call__(self, body: Body) -> Answer:
        """Return what was said to a prompt."""
        asked = next((m["content"] for m in body["messages"] if m["role"] == "user"), prompt_text(body))
        if asked not in self.replies:
            self.unknown.append(asked)
            return Answer("no such prompt was recorded", status=400)
        return Answer(self.replies[asked], model="gpt-4")
