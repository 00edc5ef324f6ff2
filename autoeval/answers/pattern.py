"""A regular expression: one that each row gives, or one for all whose group is the answer."""

from typing import TYPE_CHECKING

from autoeval.answers.checked import Answer, Check, Checked, one_by_one
from autoeval.answers.targets import text_target
from autoeval.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import regex

_SECONDS = 1.0


def pattern_check(extract: str | None = None) -> Check:
    """Check answers by regular expressions.

    Args:
        extract: the last match of it is the answer, or of its first group where it has one, and equals the target but
            for white space around it. Default: each target is a regular expression that the output must match.

    Raises:
        UsageError: `extract` is no regular expression.
        MissingExtraError: the extra `regex` is not installed.
    """
    if extract is None:
        return one_by_one(_matches_target)
    compiled = _compiled(extract, "--pattern")

    def check(answer: Answer) -> Checked:
        target = text_target(answer).strip()
        try:
            matches = compiled.findall(answer.output, timeout=_SECONDS)
        except TimeoutError:
            return _gave_up()
        if not matches:
            return Checked(0.0, note="the pattern matches nowhere")
        last = matches[-1]
        found = (last if isinstance(last, str) else next(filter(None, last), "")).strip()
        return Checked(float(found == target), extracted=found)

    return one_by_one(check)


def _matches_target(answer: Answer) -> Checked:
    compiled = _compiled(text_target(answer), f"{answer.row.where}: `target`")
    try:
        found = compiled.search(answer.output, timeout=_SECONDS)
    except TimeoutError:
        return _gave_up()
    return Checked(float(found is not None), extracted=found.group() if found else None)


def _gave_up() -> Checked:
    return Checked(None, failure=f"matching took more than {_SECONDS:g} s: the pattern backtracks too much")


def _compiled(text: str, where: str) -> "regex.Pattern[str]":
    try:
        import regex
    except ImportError:
        raise MissingExtraError("the check 'regex'", "regex") from None
    try:
        return regex.compile(text)
    except regex.error as error:
        raise UsageError(f"{where} is no regular expression ({error}).") from None
