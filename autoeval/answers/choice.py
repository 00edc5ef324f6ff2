r"""A letter of several choices: what the output says that its answer is."""

import re
import unicodedata
from collections.abc import Iterator

from autoeval.answers.checked import Answer, Check, Checked, one_by_one
from autoeval.answers.targets import text_target
from autoeval.errors import UsageError
from autoeval.texts.patterns import lazy_pattern

_CLOSING = r"[)\]*\"'`_$}]*"
_LETTER = r"(?:\\text\{)?[(\[*\"'`_$]*([A-Za-z])[)\]*\"'`_$.:,}]*"
_ANNOUNCED = (
    r"(?:(?i:(?<![^\W_])(?:answer|choice|option)(?![^\W_])(?:\s++(?:is|would be|should be))*+)|"
    r"(?:答案|选项|選項|答え|正解|정답)(?:应该|應該)?[是为為は은는]?)"
    r"[\s*_]*+[:=]?+[\s*_]*+(?i:(?:choice|option)\s++)?"
)
_SAID = lazy_pattern(rf"{_ANNOUNCED}{_LETTER}(?![^\W\u3040-\u9fff\uac00-\ud7af]|['’])")
_ALSO = lazy_pattern(
    rf"{_CLOSING}(?:\s*+(?:,?+\s*+\b(?:or|and)\b|[/&,;|+或和])\s*+|[ \t]++)(?i:(?:choice|option)\s++)?{_LETTER}"
    r"(?=\s*(?:[.,;:!?)\n]|\Z))"
)
"""A letter that goes with the one before it: `(B) or (C).`, `A B`"""
_BOXED = lazy_pattern(rf"\\boxed\{{\s*{_LETTER}\s*\}}")
_FIRST = lazy_pattern(rf"\s*{_LETTER}(?!\w)")
_ALONE = lazy_pattern(rf"\s*{_LETTER}\s*")
_FIRST_LINE = lazy_pattern(r"\s*[*]*[(\[]?([A-Z])(?:[)\].:]|\s[-–—])[*]*(?:\s|$)")


def choice_check(marker: str | None = None) -> Check:
    """Check which letter was chosen.

    The letter is the whole output, in a box, behind words such as `the answer is`, or begins the output as that of a
    list does (`B) …`). An output that names two letters so names none.

    Args:
        marker: the letter stands behind its last occurrence. Default: as above.
    """

    def check(answer: Answer) -> Checked:
        target = _ALONE.fullmatch(text_target(answer))
        if target is None:
            raise UsageError(
                f"{answer.row.where}: `target` is {answer.target!r}; it should be one letter, such as B."
            )
        found = _chosen(answer.output, marker)
        if len(found) != 1:
            told = f"it names {' and '.join(sorted(found))}" if found else "no letter was found"
            return Checked(0.0, note=told)
        letter = found.pop()
        return Checked(float(letter == target[1].upper()), extracted=letter)

    return one_by_one(check)


def _chosen(output: str, marker: str | None) -> set[str]:
    output = unicodedata.normalize("NFKC", output)  # a full-width letter is one
    if marker is not None:
        marker = unicodedata.normalize("NFKC", marker)
        _, found, behind = output.rpartition(marker)
        letter = _FIRST.match(behind) if found else None
        return {match[1].upper() for match in _with_others(letter, behind)} if letter else set()
    if alone := _ALONE.fullmatch(output):
        return {alone[1].upper()}
    for pattern in (_BOXED, _SAID):
        said = pattern.finditer(output)
        letters = {match[1] for one in said for match in _with_others(one, output)}
        # "the answer is a bit longer": only a capital is sure to be a letter
        if letters := {letter.upper() for letter in letters if letter.isupper() or pattern is _BOXED}:
            return letters
    first = _FIRST_LINE.match(output)
    return {first[1]} if first else set()


def _with_others(match: re.Match[str], output: str) -> Iterator[re.Match[str]]:
    """Give a letter, and those that go with it."""
    also: re.Match[str] | None = match
    while also is not None:
        yield also
        also = _ALSO.match(output, also.end(1))
