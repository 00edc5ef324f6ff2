"""Arena-Hard's facts and files: judgments, answers, style counts; v0.1's, v2.0's and the mixed ones of forks."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.loading import Row, describe, expand, is_missing, read_rows
from autoeval.data.records import read_field, read_key, read_text
from autoeval.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class ArenaSet:
    """An eval set of Arena-Hard.

    `baselines` are the models that all others meet, by category; '' is every other category. `is_first_version` says
    that upstream's figures are v0.1's: there a game counts also where the other one failed. `tails` are where its
    intervals end.
    """

    name: str
    baselines: Mapping[str, str]
    is_first_version: bool
    tails: tuple[float, float]


SETS: Mapping[str, ArenaSet] = {
    "arena_hard_v0.1": ArenaSet("arena_hard_v0.1", {"": "gpt-4-0314"}, True, (0.025, 0.975)),
    "arena_hard_v2.0": ArenaSet(
        "arena_hard_v2.0",
        {"hard_prompt": "o3-mini-2025-01-31", "creative_writing": "gemini-2.0-flash-001"},
        False,
        (0.05, 0.95),
    ),
}

SHARES: Mapping[str, float] = {"A>>B": 1, "A>B": 1, "A=B": 0.5, "B>A": 0, "B>>A": 0} | {
    "B<<A": 1, "B<A": 1, "B=A": 0.5, "A<B": 0, "A<<B": 0,
}  # fmt: skip
"""How much of the win each verdict gives to A."""
CLEAR_WIN = 3
"""How many times a clear win (>>) counts."""

Style = tuple[float, float, float, float]
"""Length, headers, list items and bold passages of an answer."""


@dataclass(frozen=True, slots=True)
class Game:
    """One game as its file has it; `label` is one of the verdicts, None where the judge gave none."""

    label: str | None
    fields: Mapping[str, Any] | None

    @property
    def reply(self) -> str | None:
        """What the judge said, where the file has it."""
        said = (self.fields or {}).get("judgment")
        said = said.get("answer") if isinstance(said, Mapping) else said
        return said if isinstance(said, str) else None


@dataclass(frozen=True, slots=True)
class ArenaJudgment:
    """A judge on one question: in the first game A is the baseline and B the model, in the second A is the model."""

    question_id: str
    model: str
    judge: str
    category: str | None
    baseline: str | None
    games: tuple[Game, ...]
    fields: Mapping[str, Any]
    where: str

    @property
    def row(self) -> dict[str, Any]:
        """The row as its file has it."""
        return dict(self.fields)


def read_judgments(source: Any, role: str = "--judgments") -> Iterator[ArenaJudgment]:
    """Read judgments in the order of their files.

    Args:
        source: a folder of `<model>.jsonl`, or files.
        role: the flag that named it.

    Raises:
        UsageError: there is none, or a field is missing or wrong; the message names file, row and field.
    """
    for row in read_rows(in_folder(source, role), role):
        yield ArenaJudgment(
            question_id=read_key(row, "uid", "question_id"),
            model=_label(row, "model"),
            judge=_label(row, "judge"),
            category=_optional(row, "category"),
            baseline=_optional(row, "baseline"),
            games=_games(row),
            fields=row.fields,
            where=row.where,
        )


def read_styles(
    answers: Any, metadata: Any, counts: Callable[[str], Style]
) -> tuple[dict[tuple[str, str], Style], str]:
    """Read what is counted of each answer, by model and question.

    Args:
        answers: a folder of `<model>.jsonl`, or files. Their counts (`metadata`, `conv_metadata`) are taken where
            all of them have some; otherwise all texts are counted, so that one measure holds for all.
        metadata: rows of `model_id`, `question_id` and `conv_metadata`.
        counts: counts a text.

    Returns:
        The counts, and what the first of them is: tokens or characters.

    Raises:
        UsageError: a field is missing or wrong.
    """
    if metadata is not None:
        rows = read_rows(in_folder(metadata, "--style_metadata"), "--style_metadata")
        found = {_answered(row, None): _counted(row) for row in rows}
        return {key: _present(style, "--style_metadata") for key, style in found.items()}, "tokens"
    recorded: dict[tuple[str, str], Style | None] = {}
    counted: dict[tuple[str, str], Style] = {}
    for entry in expand(in_folder(answers, "--answers"), "--answers"):
        for row in read_rows(entry, "--answers"):
            key = _answered(row, entry if isinstance(entry, Path) else None)
            recorded[key] = _counted(row)
            counted[key] = counts(_answer_text(row))
    styles = {key: style for key, style in recorded.items() if style is not None}
    return (styles, "tokens") if len(styles) == len(recorded) else (counted, "characters")


def in_folder(source: Any, role: str) -> Any:
    """Return a source with a folder's JSON lines in place of the folder.

    Raises:
        UsageError: the folder has none, or only below it.
    """
    try:
        folder = Path(source) if isinstance(source, str | Path) else None
        if folder is None or not folder.is_dir():
            return source
    except OSError:  # a name that no file can have; reading it says so
        return source
    found = sorted(path for path in folder.iterdir() if path.name.endswith((".jsonl", ".jsonl.gz", ".json")))
    if found:
        return found
    below = sorted({path.parent for pattern in ("*.jsonl", "*.jsonl.gz") for path in folder.rglob(pattern)})
    hint = f" Name one of the folders below it, such as {below[0]}." if below else ""
    raise UsageError(f"{role}: the folder {folder} holds no JSON lines (.jsonl).{hint}")


def model_of(path: Path) -> str:
    """Return the model that a file is named after."""
    return path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".json")


def _present(style: Style | None, role: str) -> Style:
    if style is None:
        raise UsageError(f"{role}: a row has neither `conv_metadata` nor `metadata`.")
    return style


def _games(row: Row) -> tuple[Game, ...]:
    games = read_field(row, "games")
    games = games.tolist() if hasattr(games, "tolist") else games
    if is_missing(games):
        return ()
    if not isinstance(games, list | tuple) or len(games) > 2:
        raise UsageError(f"{row.where}: `games` is {describe(games)}; it should be a list of two games.")
    return tuple(_game(row, number, game) for number, game in enumerate(games, 1))


def _game(row: Row, number: int, game: Any) -> Game:
    if is_missing(game):
        return Game(None, None)
    where = f"{row.where}, game {number}"
    if not isinstance(game, Mapping):
        raise UsageError(f"{where} is {describe(game)}; it should be an object with a `score`.")
    if "score" not in game:
        raise UsageError(f"{where} has no field 'score'. {nearest('score', map(str, game))}")
    score = game["score"]
    if is_missing(score):
        return Game(None, game)
    # A label that a judge made up ([[A]], [[A>>>B]]) is no verdict; what no judge can have said is a wrong file.
    if not isinstance(score, str) or set(score) - set("AB<>="):
        raise UsageError(
            f"{where}: `score` is {describe(score)}; it should be one of {', '.join(list(SHARES)[:5])}, or null."
        )
    return Game(score if score in SHARES else None, game)


def _answered(row: Row, path: Path | None) -> tuple[str, str]:
    """Return whose answer a row is, and to which question."""
    name = next((name for name in ("model", "model_id") if name in row.fields), None)
    if name is None and path is None:
        raise UsageError(f"{row.where} has no field 'model_id'. {nearest('model_id', map(str, row.fields))}")
    return _label(row, name) if name else model_of(path or Path()), read_key(row, "uid", "question_id")


def _counted(row: Row) -> Style | None:
    """Return the counts that a row has of its answer."""
    for name in ("metadata", "conv_metadata"):
        value = row.fields.get(name)
        if is_missing(value):
            continue
        if not isinstance(value, Mapping):
            raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be an object.")
        length, headers, items, bold = (
            _amount(row, f"{name}.{key}", value.get(key))
            for key in ("token_len", "header_count", "list_count", "bold_count")
        )
        return length, headers, items, bold
    return None


def _amount(row: Row, name: str, value: Any) -> float:
    parts = list(value.values()) if isinstance(value, Mapping) else [value]
    if not all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one < math.inf for one in parts
    ):
        raise UsageError(
            f"{row.where}: `{name}` is {describe(value)}; it should be a number, or numbers, from 0."
        )
    return float(sum(parts))


def _answer_text(row: Row) -> str:
    """Return the text of an answer: the assistant's last message (v2.0), or the first choice's first turn (v0.1)."""
    messages = row.fields.get("messages")
    if isinstance(messages, list | tuple) and messages:
        content = messages[-1].get("content") if isinstance(messages[-1], Mapping) else None
        content = content.get("answer") if isinstance(content, Mapping) else content
    else:
        content = _first_turn(row.fields.get("choices"))
    if not isinstance(content, str):
        raise UsageError(
            f"{row.where} has no answer: neither messages with content.answer nor choices[0].turns[0].content is text."
        )
    return content


def _first_turn(choices: Any) -> Any:
    choice = choices[0] if isinstance(choices, list | tuple) and choices else None
    turns = choice.get("turns") if isinstance(choice, Mapping) else None
    turn = turns[0] if isinstance(turns, list | tuple) and turns else None
    return turn.get("content") if isinstance(turn, Mapping) else turn


def _label(row: Row, name: str) -> str:
    text = read_text(row, name)
    if not text.strip():
        raise UsageError(f"{row.where}: `{name}` is empty. Fill it in, or remove the row.")
    return text


def _optional(row: Row, name: str) -> str | None:
    value = row.fields.get(name)
    return None if is_missing(value) or value == "" else _label(row, name)
