"""WildBench: tasks with a checklist of their own, models' outputs for them, and judgments of those from 1 to 10."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autoeval.data.instructions import SAID, Instruction
from autoeval.data.loading import Row, describe, is_missing, listed, read_rows
from autoeval.data.records import read_label, read_text, read_turns
from autoeval.errors import UsageError

DATASET = "allenai/WildBench:v2:test"
"""The hub's dataset, the configuration and the split that is judged."""
SCALE = (1.0, 10.0)
MIDDLE, STRETCH = 5.0, 2.0
"""The score that WildBench publishes is (mean − 5) · 2."""


TASK_GROUPS = "task_groups"
"""The field of a task that says in which groups its score counts."""
GROUP_WEIGHTS = {
    "Creative Tasks": 0.5,
    "Planning & Reasoning": 1.25,
    "Math & Data Analysis": 1.0,
    "Information/Advice seeking": 0.75,
    "Coding & Debugging": 1.25,
}
"""What each group weighs in the score over groups."""
_GROUP_OF = {
    "Information seeking": "Information/Advice seeking",
    "Advice seeking": "Information/Advice seeking",
    "Creative Writing": "Creative Tasks",
    "Editing": "Creative Tasks",
    "Brainstorming": "Creative Tasks",
    "Role playing": "Creative Tasks",
    "Others": "Creative Tasks",
    "Coding & Debugging": "Coding & Debugging",
    "Planning": "Planning & Reasoning",
    "Reasoning": "Planning & Reasoning",
    "Math": "Math & Data Analysis",
    "Data Analysis": "Math & Data Analysis",
}
"""The group of tasks that a tag belongs to."""
_ROLE = "--evaluation_dataset"
_SPEAKERS = {"user": "User", "assistant": "Assistant"}


def load_questions(source: Any, reference_answers: Any, near: Iterable[Any]) -> list[Instruction]:  # noqa: ARG001
    """Load the tasks, each with its checklist.

    A task that is a conversation is known by all that was said, each turn with who said it. Models are asked and judges
    shown the conversation itself, which is kept beside it.

    Args:
        source: files in the dataset's form (session_id, conversation_input, checklist, primary_tag); None for the
            hub's.
        reference_answers: there are none.
        near: files that are not looked at.

    Raises:
        UsageError: a row is wrong, or the hub cannot be reached.
    """
    if reference_answers is not None:
        raise UsageError("--reference_answers: WildBench has no right answers. Leave it out.")
    return [_task(row) for row in read_rows(DATASET if source is None else source, _ROLE)]


def _task(row: Row) -> Instruction:
    said = _conversation(row)
    tag = read_label(row, "primary_tag")
    fields = {
        "question_id": read_text(row, "session_id"),
        "checklist": read_turns(row, "checklist", listed(row.fields.get("checklist"))),
        TASK_GROUPS: _groups(row, tag),
    }
    if len(said) == 1:
        return Instruction(said[0][1], tag, fields=fields)
    text = "\n\n".join(f"{_SPEAKERS[speaker]}: {words}" for speaker, words in said)
    return Instruction(text, tag, fields={**fields, SAID: [list(one) for one in said]})


def _groups(row: Row, primary: str | None) -> list[str]:
    """Return the groups of a task's tags, in which its score counts; a tag that WildBench has none for has none."""
    others = listed(row.fields.get("secondary_tags"))
    tags = [primary, *(others if isinstance(others, list | tuple) else ())]
    return list(dict.fromkeys(_GROUP_OF[tag] for tag in tags if tag in _GROUP_OF))


def _conversation(row: Row) -> list[tuple[str, str]]:
    """Return what was said so far, with who said it; the last word is the user's."""
    said = listed(row.fields.get("conversation_input"))
    if not isinstance(said, list | tuple) or not said or not all(isinstance(one, Mapping) for one in said):
        raise UsageError(
            f"{row.where}: `conversation_input` is {describe(said)}; it should be a list of objects with `role` and "
            "`content`."
        )
    turns = [Row(f"{row.where}, turn {number}", one) for number, one in enumerate(said, 1)]
    speakers = [read_text(turn, "role") for turn in turns]
    texts = [read_text(turn, "content") for turn in turns]
    for turn, speaker in zip(turns, speakers, strict=True):
        if speaker not in _SPEAKERS:
            raise UsageError(f"{turn.where}: `role` is {speaker!r}; it should be user or assistant.")
    if speakers[-1] != "user":
        raise UsageError(
            f"{turns[-1].where}: the last turn is the {speakers[-1]}'s; it should be the user's."
        )
    return list(zip(speakers, texts, strict=True))


def is_output(row: Row) -> bool:
    """Whether a row is a model's output for a task, which it names by its number."""
    return "session_id" in row.fields and "instruction" not in row.fields


def read_output(row: Row) -> tuple[str | None, str, str]:
    """Return whose an output is, which task it is for, and its text: WildBench's results, or its judgments.

    Raises:
        UsageError: a field is missing or wrong.
    """
    if "model_output" in row.fields:
        return read_label(row, "model_test"), read_text(row, "session_id"), read_text(row, "model_output")
    output = listed(row.fields.get("output"))
    is_list = isinstance(output, list | tuple)
    text = read_turns(row, "output", output)[0] if is_list else read_text(row, "output")
    return read_label(row, "generator"), read_text(row, "session_id"), text


@dataclass(frozen=True, slots=True)
class WildBenchGrade:
    """One judgment; `score` is None where the file has none on the scale."""

    session_id: str
    model: str
    score: float | None


def read_wildbench(judgments: Any) -> Iterator[WildBenchGrade]:
    """Read files of `score.v2` judgments: session_id, model_test and score.

    Raises:
        UsageError: a field is missing or wrong; the message names file and row.
    """
    for row in read_rows(judgments, "--judgments"):
        yield WildBenchGrade(read_text(row, "session_id"), read_text(row, "model_test"), _score(row))


def _score(row: Row) -> float | None:
    """Return a grade, which these files write as text; -1 and what lies off the scale is none."""
    if "score" not in row.fields:
        raise UsageError(f"{row.where} has no field 'score', so it is no judgment of WildBench.")
    value = row.fields["score"]
    if is_missing(value):
        return None
    try:
        score = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except ValueError:
        score = None
    if score is None:
        raise UsageError(f"{row.where}: `score` is {describe(value)}; it should be a number from 1 to 10.")
    return score if SCALE[0] <= score <= SCALE[1] else None
