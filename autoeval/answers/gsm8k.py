"""GSM8k: the number behind a marker (strict), and the last number wherever it stands (flexible).

The two extractions are lm-evaluation-harness'; where the marker stands several times, its last one counts.
"""

from fractions import Fraction

from autoeval.answers.checked import Answer, Check, Checked, one_by_one
from autoeval.answers.numbers import are_equal, first_number, last_number
from autoeval.answers.targets import number_target

MARKER = "####"


def gsm8k_check(marker: str = MARKER) -> Check:
    """Check answers against the number that each target ends with.

    Args:
        marker: stands before the answer.
    """

    def check(answer: Answer) -> Checked:
        target = number_target(answer, marker, MARKER)
        behind = answer.output.rpartition(marker)
        strict = first_number(behind[2].split("\n", 1)[0]) if behind[1] else None
        flexible = last_number(answer.output)
        score = _score(strict, target)
        return Checked(
            score,
            {"strict": [score], "flexible": [_score(flexible, target)]},
            strict[0] if strict else None,
            None if behind[1] else f"the output has no {marker!r}",
        )

    return one_by_one(check)


def _score(found: tuple[str, Fraction] | None, target: Fraction) -> float:
    return float(found is not None and are_equal(found[1], target))
