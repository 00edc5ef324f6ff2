"""What a row of battles says: the column names and spellings that real files have."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoeval.data.annotations import read_preference
from autoeval.data.loading import Row, describe, is_missing, shorten
from autoeval.data.records import read_amount, read_label
from autoeval.errors import UsageError, nearest
from autoeval.texts.patterns import lazy_pattern

MODELS = (
    ("model_a", "model_b"),
    ("left", "right"),
    ("generator_1", "generator_2"),
    ("model_1", "model_2"),
    ("model1", "model2"),
    ("player_a", "player_b"),
    ("model_x", "model_y"),
)
"""Columns that name the two models; the first pair that a row has is taken."""

_WINNERS = ("winner", "outcome", "result", "verdict")
_ONE_HOT = ("winner_model_a", "winner_model_b", "winner_tie")
_TWO_GAMES = ("g1_winner", "g2_winner")
_FIRST = "model_a a left first model_1 model1 1 x model_x player_a output_1 a>b a>>b win_a a_wins"
_SECOND = "model_b b right second model_2 model2 2 y model_y player_b output_2 b>a b>>a win_b b_wins"
_TIE = "tie tied draw equal same neither a=b tie_bothbad tie_both_bad tie_inconsistent"
_BOTH = "both_bad bothbad both_good bothgood"
_SHARES: Mapping[str, float] = {
    **dict.fromkeys(_FIRST.split(), 0.0),
    **dict.fromkeys(_SECOND.split(), 1.0),
    **dict.fromkeys([*_TIE.split(), *_BOTH.split()], 0.5),
}
"""How much of the win the second model has, by what a file may say of the winner."""
_BETWEEN_WORDS = lazy_pattern(r"[\s_\-()]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of a row say what."""

    models: tuple[str, str]
    share: Callable[[Row, str, str], float | None]
    clusters: tuple[str, ...]
    has_weights: bool = False


def layout_of(row: Row, clusters: Sequence[str] | None) -> Layout:
    """Find which columns of a row say what; `clusters` names those whose equal values are one observation.

    Raises:
        UsageError: a column is missing.
    """
    fields = row.fields
    models = next((pair for pair in MODELS if pair[0] in fields and pair[1] in fields), None)
    if models is None:
        known = ", ".join(map(str, fields))
        raise UsageError(
            f"{row.where} does not name two models: it has no 'model_a' and 'model_b' (nor left and right, or "
            f"generator_1 and generator_2). It has: {known}. Rename the columns."
        )
    for name in clusters or ():
        if name not in fields:
            raise UsageError(
                f"{row.where} has no column {name!r} (--cluster). {nearest(name, map(str, fields))}"
            )
    if all(name in fields for name in _TWO_GAMES):
        return Layout(models, _of_two_games, tuple(clusters or ()))
    winner = next((name for name in _WINNERS if name in fields), None)
    if winner is not None:
        return Layout(models, _named(winner), tuple(clusters or ()))
    if all(name in fields for name in _ONE_HOT):
        return Layout(models, _one_hot, tuple(clusters or ()))
    if "preference" in fields:
        own = ("instruction",) if "instruction" in fields else ()
        return Layout(models, _preferred, own if clusters is None else tuple(clusters), "weight" in fields)
    known = ", ".join(map(str, fields))
    raise UsageError(
        f"{row.where} has no column 'winner' (nor winner_model_a, winner_model_b and winner_tie, or preference). "
        f"{nearest('winner', map(str, fields))} It has: {known}."
    )


def plain_columns(header: Sequence[str]) -> tuple[str, str, str] | None:
    """Return the columns of the two models and of the winner, where a file with this header has them."""
    models = next((pair for pair in MODELS if pair[0] in header and pair[1] in header), None)
    winner = next((name for name in _WINNERS if name in header), None)
    if models is None or winner is None or all(name in header for name in _TWO_GAMES):
        return None
    return *models, winner


def weight_of(row: Row) -> float:
    """Return how many times an annotation counts, which has none where that is once."""
    weight = read_amount(row, "weight")
    return 1.0 if weight is None else weight


def share_in_words(text: str) -> float | None:
    """Return how much of the win the second model has by what a file says of the winner; None for other words."""
    found = _SHARES.get(text)
    return _SHARES.get(_BETWEEN_WORDS.sub("_", text.strip().lower()).strip("_")) if found is None else found


def _named(column: str) -> Callable[[Row, str, str], float]:
    def share(row: Row, one: str, other: str) -> float:
        value = row.fields[column]
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
            raise _unknown(row, column, value)
        text = str(value)
        found = share_in_words(text)
        by_name = 0.0 if text == one else 1.0 if text == other else None
        if by_name is None or one == other:
            if found is None:
                raise _unknown(row, column, value)
            return found
        if found not in (None, by_name):
            raise UsageError(
                f"{row.where}: `{column}` is {shorten(value)}, which can be read two ways: as a model's name and as "
                "the place of the other. Write model_a or model_b."
            )
        return by_name

    return share


def _of_two_games(row: Row, one: str, other: str) -> float | None:
    """Return the mean of FastChat's two games, which are one battle in both orders; None where one of them failed."""
    if any(row.fields[name] == "error" for name in _TWO_GAMES):
        return None
    return sum(_named(name)(row, one, other) for name in _TWO_GAMES) / 2


def _unknown(row: Row, column: str, value: Any) -> UsageError:
    return UsageError(
        f"{row.where}: `{column}` is {describe(value)}; it should be model_a, model_b, tie or both_bad, or the name of "
        "one of the two models."
    )


def _one_hot(row: Row, _one: str, _other: str) -> float:
    found = [_is_one(row, name) for name in _ONE_HOT]
    if sum(found) != 1:
        told = ", ".join(f"{name}={shorten(row.fields[name])}" for name in _ONE_HOT)
        raise UsageError(f"{row.where}: exactly one of the three winner columns should be 1 ({told}).")
    return (0.0, 1.0, 0.5)[found.index(True)]


def _is_one(row: Row, name: str) -> bool:
    value = row.fields[name]
    text = str(value).strip().lower()
    if is_missing(value) or text not in ("0", "1", "0.0", "1.0", "true", "false"):
        raise UsageError(f"{row.where}: `{name}` is {describe(value)}; it should be 0 or 1.")
    return text in ("1", "1.0", "true")


def _preferred(row: Row, _one: str, _other: str) -> float | None:
    preference = read_preference(row)
    return None if preference is None else preference - 1


def model_named(row: Row, column: str) -> str:
    """Return the model that a column names.

    Raises:
        UsageError: it names none.
    """
    value = row.fields[column]
    if isinstance(value, str) and value.strip():
        return value
    name = read_label(row, column)
    if name is None or not name.strip():
        raise UsageError(
            f"{row.where}: `{column}` names no model ({describe(value)}). Fill it in, or remove the row."
        )
    return name


def cluster_of(row: Row, column: str) -> str:
    """Return what a column says of the observation that a row belongs to.

    Raises:
        UsageError: it says nothing.
    """
    value = row.fields[column]
    if is_missing(value) or value == "":
        raise UsageError(f"{row.where}: `{column}` (--cluster) is empty. Fill it in, or remove the row.")
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
