"""What is wrong with outputs that are about to be judged, said before anything is spent."""

from collections.abc import Iterable
from dataclasses import dataclass

from autoeval.annotators.config import Annotator
from autoeval.completions.ask import Display
from autoeval.data.cases import OutputCases
from autoeval.data.conversations import ConversationPairs
from autoeval.data.mt_bench import WITH_REFERENCE
from autoeval.data.pairing import Pairs
from autoeval.texts.thinking import without_thinking

_MANY = 0.05


@dataclass
class _Counts:
    """One side's outputs by what is wrong with them."""

    n: int = 0
    n_thinking: int = 0
    n_empty: int = 0

    def add(self, output: str) -> None:
        self.n += 1
        self.n_empty += not output.strip()
        self.n_thinking += without_thinking(output) != output

    def warnings(self, whose: str, n_stripped: int) -> Iterable[str]:
        if n_stripped:
            yield f"reasoning was left out of {n_stripped} outputs of {whose} (--is_strip_thinking)"
        if self.n_thinking:
            yield (
                f"{self.n_thinking} of {self.n} outputs of {whose} hold reasoning (<think> or another mark), which is "
                "judged as if it were part of the answer; --is_strip_thinking leaves it out"
            )
        if self.n_empty > _MANY * self.n:
            yield f"{self.n_empty} of {self.n} outputs of {whose} are empty, and are judged as they are"


def announced(warnings: Iterable[str], display: Display) -> tuple[str, ...]:
    """Say each warning once, and return them."""
    told = tuple(dict.fromkeys(warnings))
    for warning in told:
        display.announce(f"warning: {warning}")
    return told


def grading_warnings(cases: OutputCases, annotator: Annotator) -> tuple[str, ...]:
    """Say which outputs hold reasoning, where many are empty, and which right answers are missing.

    Args:
        cases: read once.
        annotator: the judge.
    """
    model, unanswered = _Counts(), 0
    for case in cases:
        model.add(case.output)
        unanswered += case.dataset in WITH_REFERENCE and "reference" not in case.fields
    told = [*model.warnings(cases.generator, cases.n_stripped)]
    if unanswered and annotator.kind.name == "single" and any("question_id" in case.fields for case in cases):
        told.append(
            f"{unanswered} outputs of math, reasoning and coding are graded without a right answer; give them with "
            "--reference_answers"
        )
    return tuple(told)


def output_warnings(pairs: Pairs | ConversationPairs) -> tuple[str, ...]:
    """Say which outputs hold reasoning, and where many are empty: the model's first, then the reference's.

    Args:
        pairs: read once.
    """
    model, reference = _Counts(), _Counts()
    for pair in pairs:
        model.add(pair.output_2)
        reference.add(pair.output_1)
    return (
        *model.warnings(pairs.generator_2, pairs.n_stripped_2),
        *reference.warnings(pairs.generator_1, pairs.n_stripped_1),
    )
