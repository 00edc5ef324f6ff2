"""A user's copy of FastChat's `judge_prompts.jsonl`, filled in to the letter."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.data.loading import read_rows
from autoeval.errors import UsageError, nearest
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Message

_FIELD = lazy_pattern(r"\{(\w+)\}|\{\{|\}\}")
_NEEDED = ("name", "type", "system_prompt", "prompt_template")


@dataclass(frozen=True, slots=True)
class JudgePrompt:
    """One prompt of the file: a system message and the template of the user's."""

    name: str
    system: str
    template: str

    def messages(self, fields: Mapping[str, str]) -> tuple[Message, ...]:
        """Fill the template in.

        Args:
            fields: by the names that FastChat uses (`question_1`, `answer_1`, `ref_answer_1`, …).

        Raises:
            UsageError: the template wants a field that there is not.
        """
        text = filled(self.template, fields, f"--judge_prompts: the prompt {self.name!r}")
        return Message("system", self.system), Message("user", text)


def filled(template: str, fields: Mapping[str, str], where: str) -> str:
    """Fill a template in as Python's own formatting does: `{name}` is a field, a doubled brace is one.

    Raises:
        UsageError: the template, which is at `where`, wants a field that there is not.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        if match[1] not in fields:
            raise UsageError(f"{where} uses {{{match[1]}}}. {nearest(match[1], fields)}")
        return fields[match[1]]

    return _FIELD.sub(value, template)


@dataclass(frozen=True)
class JudgePrompts:
    """All prompts of a file by name."""

    by_name: Mapping[str, JudgePrompt]

    @classmethod
    def read(cls, source: Any) -> "JudgePrompts":
        """Read `judge_prompts.jsonl`.

        Raises:
            UsageError: a field is missing or no text; the message names file and row.
        """
        prompts: dict[str, JudgePrompt] = {}
        for row in read_rows(source, "--judge_prompts"):
            for field in _NEEDED:
                if not isinstance(row.fields.get(field), str):
                    raise UsageError(
                        f"{row.where} has no text in {field!r}. Is it FastChat's judge_prompts.jsonl?"
                    )
            name, _, system, template = (str(row.fields[field]) for field in _NEEDED)
            prompts[name] = JudgePrompt(name, system, template)
        return cls(prompts)

    def grading(self, n_turns: int, has_reference: bool) -> JudgePrompt:
        """Return the prompt that FastChat grades the last of so many turns with."""
        return self.named(f"single-{'math-v1' if has_reference else 'v1'}", n_turns)

    def comparing(self, n_turns: int, has_reference: bool) -> JudgePrompt:
        """Return the prompt that FastChat compares the last of so many turns of two models with."""
        return self.named(f"pair-{'math-v1' if has_reference else 'v2'}", n_turns)

    def named(self, name: str, n_turns: int = 1) -> JudgePrompt:
        """Return a prompt by its name; the one for several turns where there are some.

        Raises:
            UsageError: the file does not have it.
        """
        name += "-multi-turn" if n_turns > 1 else ""
        if name not in self.by_name:
            raise UsageError(f"--judge_prompts has no prompt {name!r}. {nearest(name, self.by_name)}")
        return self.by_name[name]


@dataclass(frozen=True)
class FastChatPrompt:
    """A judge's prompt that is one of the file's, chosen by how many turns there are and whether right answers are.

    `compares`: two outputs are shown, rather than one.
    """

    prompts: JudgePrompts
    compares: bool
    is_chat: bool = True

    @property
    def sources(self) -> list[list[str | None]]:
        """The name, the system's words and the template of each prompt of the file that can be chosen."""
        kind = "pair" if self.compares else "single"
        chosen = sorted(name for name in self.prompts.by_name if name.startswith(kind))
        return [[one.name, one.system, one.template] for one in map(self.prompts.by_name.__getitem__, chosen)]

    def chosen(self, fields: Mapping[str, str]) -> JudgePrompt:
        """Return the prompt for a case with these fields."""
        n_turns = sum(1 for name in fields if re.fullmatch(r"question_\d+", name))
        has_reference = "ref_answer_1" in fields
        choose = self.prompts.comparing if self.compares else self.prompts.grading
        return choose(n_turns, has_reference)

    def messages(self, rows: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
        """Fill the prompt that is chosen for the one row."""
        (fields,) = rows
        return self.chosen(fields).messages(fields)

    def text(self, rows: Sequence[Mapping[str, str]]) -> str | None:  # noqa: ARG002 - they are chat prompts
        """Return None: the file holds chat prompts."""
        return None


def grading_fields(turns: Sequence[str], answers: Sequence[str], reference: Sequence[str]) -> dict[str, str]:
    """Return what a grading prompt is filled in with, under FastChat's names.

    Args:
        turns: what the user said, up to the turn that is graded.
        answers: what the model said.
        reference: the right answers; none where the category needs none.
    """
    fields = _numbered("question", turns) | _numbered("answer", answers) | _numbered("ref_answer", reference)
    return fields | {"question": turns[0], "answer": answers[0]}


def comparing_fields(
    turns: Sequence[str], first: Sequence[str], second: Sequence[str], reference: Sequence[str]
) -> dict[str, str]:
    """Return what a comparing prompt is filled in with, under FastChat's names; `first` is shown as A."""
    fields = _numbered("question", turns) | _numbered("ref_answer", reference)
    fields |= _numbered("answer_a", first) | _numbered("answer_b", second)
    return fields | {"question": turns[0], "answer_a": first[0], "answer_b": second[0]}


def _numbered(name: str, texts: Sequence[str]) -> dict[str, str]:
    return {f"{name}_{place}": text for place, text in enumerate(texts, 1)}
