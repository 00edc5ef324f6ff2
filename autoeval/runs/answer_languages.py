"""Whether answers are in the language of their question, where an eval set says which that is."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from autoeval.data.m_arena_hard import LANGUAGES
from autoeval.errors import MissingExtraError
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Case

_CODE = lazy_pattern(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_FEWEST_LETTERS, _LONGEST = 20, 2000
_MOST_OTHERS = 0.1


def answer_languages(cases: Iterable[Case]) -> tuple[dict[str, float], list[str]]:
    """Compare the language of each answer with that of its question.

    Code is left out; what has fewer than 20 letters then is in no language that could be told.

    Args:
        cases: pairs whose field `language` says the question's.

    Returns:
        The share of answers in the question's language, in percent, as a row's cell; and in which languages many
        answers are in another one, or why that is not known.
    """
    told: dict[str, Counter[str]] = {}
    try:
        for case in cases:
            text = _CODE.sub(" ", case.output)[:_LONGEST]
            if "language" in case.fields and sum(map(str.isalpha, text)) >= _FEWEST_LETTERS:
                told.setdefault(str(case.fields["language"]), Counter())[_language(text)] += 1
    except MissingExtraError as error:
        return {}, [f"which languages the answers are in is not known: {error}"]
    n = sum(counts.total() for counts in told.values())
    if not n:
        return {}, []
    same = sum(counts[language] for language, counts in told.items())
    cautions = [
        f"{counts.total() - counts[language]} of {counts.total()} answers to questions in {language!r} are in another "
        f"language, mostly {next(name for name, _ in counts.most_common() if name != language)!r}"
        for language, counts in told.items()
        if counts.total() - counts[language] > _MOST_OTHERS * counts.total()
    ]
    return {"same_language": 100 * same / n}, cautions


def _language(text: str) -> str:
    return str(_identifier().classify(text.lower())[0])


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise MissingExtraError("telling which language an answer is in", "ifeval") from None
    found = LanguageIdentifier.from_model_file(MODEL_FILE)
    found.set_languages(list(LANGUAGES))
    return found
