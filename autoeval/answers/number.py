r"""A number: what stands behind a marker, in the last `\\boxed{}`, or last in the output."""

from autoeval.answers.checked import Answer, Check, Checked, one_by_one
from autoeval.answers.numbers import are_equal, first_number, last_number
from autoeval.answers.targets import number_target
from autoeval.texts.patterns import lazy_pattern

_BOXED = lazy_pattern(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")


def number_check(marker: str | None = None, tolerance: float = 0.0) -> Check:
    """Check answers against a number.

    Args:
        marker: the answer is the first number behind its last occurrence. Default: the answer is the last number in
            the last box, or of the whole output.
        tolerance: the largest difference that counts as equal, as a share of the target.
    """

    def check(answer: Answer) -> Checked:
        target = number_target(answer, marker or "", "####")
        if marker is not None:
            before = answer.output.rpartition(marker)
            found = first_number(before[2]) if before[1] else None
        else:
            boxes = _BOXED.findall(answer.output)
            found = last_number(boxes[-1] if boxes else answer.output)
        if found is None:
            return Checked(0.0, note="no number was found")
        return Checked(float(are_equal(found[1], target, tolerance)), extracted=found[0])

    return one_by_one(check)
