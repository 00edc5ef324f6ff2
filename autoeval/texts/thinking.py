"""The reasoning that a model's output holds where its server did not take it out, and the output without it."""

import re

from autoeval.texts.patterns import lazy_pattern
from autoeval.texts.reasoning import may_hold_marks, opens_with_reasoning, without_reasoning

_CODE = lazy_pattern(r"^[ \t]*(```+|~~~+).*?^[ \t]*\1[ \t]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_FRAME = lazy_pattern(r"^\s*<\|start\|>assistant|<\|(?:end|return)\|>\s*$")
_STAND_IN = lazy_pattern("\ue000([0-9]+)\ue001")


def without_thinking(output: str) -> str:
    """Return an output without its reasoning.

    It is the same where it holds none, and empty where it is nothing but reasoning that never ended. Marks in code are
    part of the answer; so is one in mid-text that nothing closes.
    """
    if not may_hold_marks(output):  # as most, and it is seen far faster than what is code
        return output
    answer = _outside_code(output)
    if answer is None:
        answer = without_reasoning(output)
    if answer is None:
        answer = "" if opens_with_reasoning(output) else output
    return output if answer == output else _FRAME.sub("", answer).strip()


def _outside_code(output: str) -> str | None:
    """Return an output without the reasoning that is marked outside its code; None where that does not end."""
    if ("`" not in output and "~~~" not in output) or "\ue000" in output:
        return without_reasoning(output)
    code: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        code.append(match[0])
        return f"\ue000{len(code) - 1}\ue001"

    answer = without_reasoning(_CODE.sub(stand_in, output))
    return None if answer is None else _STAND_IN.sub(lambda match: code[int(match[1])], answer)
