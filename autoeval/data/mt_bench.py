"""MT-Bench's facts: which questions are of which category, and what differs between categories."""

from collections.abc import Mapping

N_TURNS = 2
SCALE = (1.0, 10.0)
"""The lowest and the highest grade of a turn."""

TEMPERATURES: Mapping[str, float] = {
    "writing": 0.7,
    "roleplay": 0.7,
    "reasoning": 0.0,
    "math": 0.0,
    "coding": 0.0,
    "extraction": 0.0,
    "stem": 0.1,
    "humanities": 0.1,
}
"""The categories in the questions' order, each with the temperature that models answer it at."""

WITH_REFERENCE = frozenset({"math", "reasoning", "coding", "arena-hard-200"})
"""Categories whose answers are graded beside a right one; the last is of another set that the same prompts grade."""

_FIRST, _IN_A_CATEGORY = 81, 10


def category_of(question_id: str) -> str | None:
    """Return the category of one of the 80 questions, None for another."""
    categories = list(TEMPERATURES)
    place = int(question_id) - _FIRST if question_id.isdecimal() else -1
    return categories[place // _IN_A_CATEGORY] if 0 <= place < _IN_A_CATEGORY * len(categories) else None
