"""Arena-Hard's facts, and its judgments as they were recorded: v0.1's, v2.0's and the mixed ones of forks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.fastchat import ERROR
from autoeval.data.loading import Row, describe, is_missing, listed, read_rows
from autoeval.data.records import read_field, read_key, read_text
from autoeval.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class ArenaSet:
    """An eval set of Arena-Hard.

    `baselines` are the models that all others meet, by category; '' is every other category. `is_first_version` says
    that upstream's figures are v0.1's: there a game counts also where the other one failed. `tails` are where its
    intervals end. `bench` is the folder of its files upstream.
    """

    name: str
    bench: str
    baselines: Mapping[str, str]
    is_first_version: bool
    tails: tuple[float, float]


SETS: Mapping[str, ArenaSet] = {
    "arena_hard_v0.1": ArenaSet(
        "arena_hard_v0.1", "arena-hard-v0.1", {"": "gpt-4-0314"}, True, (0.025, 0.975)
    ),
    "arena_hard_v2.0": ArenaSet(
        "arena_hard_v2.0",
        "arena-hard-v2.0",
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
class Asked:
    """One game as it was asked: the messages, the reply (None: nobody answered) and its verdict (None: it has none)."""

    messages: Sequence[Mapping[str, str]]
    reply: str | None
    label: str | None


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
            model=label_of(row, "model"),
            judge=label_of(row, "judge"),
            category=optional_text(row, "category"),
            baseline=optional_text(row, "baseline"),
            games=_games(row),
            fields=row.fields,
            where=row.where,
        )


def arena_judgments(source: Any, role: str) -> Iterator[ArenaJudgment] | None:
    """Return the judgments of a file of Arena-Hard's; None where it is another file."""
    first = next(iter(read_rows(source, role)), None)
    return None if first is None or "games" not in first.fields else read_judgments(source, role)


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


def judgment_row(
    question_id: str, category: str, judge: str, model: str, baseline: str, games: Iterable[Asked]
) -> dict[str, Any]:
    """Return a judgment as upstream writes it; a game that nobody answered is null."""
    return {
        "uid": question_id,
        "category": category,
        "judge": judge,
        "model": model,
        "baseline": baseline,
        "games": [
            None
            if game.reply is None
            else {"score": game.label, "judgment": {"answer": game.reply}, "prompt": list(game.messages)}
            for game in games
        ],
    }


def old_judgment_row(question_id: str, judge: str, model: str, games: Iterable[Asked]) -> dict[str, Any]:
    """Return a judgment as v0.1's first tools wrote it."""
    return {
        "question_id": question_id,
        "model": model,
        "judge": judge,
        "games": [
            {
                "user_prompt": game.messages[1]["content"],
                "judgment": f"\n{ERROR if game.reply is None else game.reply}",
                "score": game.label,
            }
            for game in games
        ],
    }


def _games(row: Row) -> tuple[Game, ...]:
    games = read_field(row, "games")
    games = listed(games)
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


def label_of(row: Row, name: str) -> str:
    """Return a field that is text, and not empty."""
    text = read_text(row, name)
    if not text.strip():
        raise UsageError(f"{row.where}: `{name}` is empty. Fill it in, or remove the row.")
    return text


def optional_text(row: Row, name: str) -> str | None:
    """Return a field that is text where it is there."""
    value = row.fields.get(name)
    return None if is_missing(value) or value == "" else label_of(row, name)
