"""What is wrong with outputs that are about to be judged, said before anything is spent."""

from collections.abc import Iterable, Sequence

from autoeval.annotators.judges import Annotator
from autoeval.completions.ask import Display
from autoeval.data.cases import OutputCases
from autoeval.data.conversations import ConversationPairs
from autoeval.data.flaws import Flaws, flaw_of
from autoeval.data.mt_bench import WITH_REFERENCE
from autoeval.data.pairing import Pairs
from autoeval.texts.thinking import without_thinking

_MANY = 0.05


def _told(counted: Flaws, whose: str, n_stripped: int) -> Iterable[str]:
    """Say what is wrong with one side's outputs."""
    if n_stripped:
        yield f"reasoning was left out of {n_stripped} outputs of {whose} (--is_strip_thinking)"
    if counted.n_thinking:
        yield (
            f"{counted.n_thinking} of {counted.n} outputs of {whose} hold reasoning (<think> or another mark), which "
            "is judged as if it were part of the answer; --is_strip_thinking leaves it out"
        )
    if counted.n_empty > _MANY * counted.n:
        yield f"{counted.n_empty} of {counted.n} outputs of {whose} are empty, and are judged as they are"


def announced(warnings: Iterable[str], display: Display) -> tuple[str, ...]:
    """Say each warning once, and return them."""
    told = tuple(dict.fromkeys(warnings))
    for warning in told:
        display.announce(f"warning: {warning}")
    return told


def looked_through(
    outputs: Sequence[str], whose: str, is_strip_thinking: bool
) -> tuple[list[str], tuple[str, ...]]:
    """Return outputs, without their reasoning if that is wanted, and what is wrong with them.

    Args:
        outputs: of one model.
        whose: its name.
        is_strip_thinking: leave the reasoning out.
    """
    kept = [without_thinking(output) for output in outputs] if is_strip_thinking else list(outputs)
    n_stripped = sum(one != other for one, other in zip(kept, outputs, strict=True))
    return kept, tuple(_told(Flaws.of(kept), whose, n_stripped))


def grading_warnings(cases: OutputCases, annotator: Annotator) -> tuple[str, ...]:
    """Say which outputs hold reasoning, where many are empty, and which right answers are missing.

    Args:
        cases: read once.
        annotator: the judge.
    """
    model, unanswered = Flaws(), 0
    for case in cases:
        model.add(flaw_of(case.output))
        unanswered += case.dataset in WITH_REFERENCE and "reference" not in case.fields
    told = [*_told(model, cases.generator, cases.n_stripped)]
    if unanswered and annotator.kind.name == "single" and any("question_id" in case.fields for case in cases):
        told.append(
            f"{unanswered} outputs of math, reasoning and coding are graded without a right answer; give them with "
            "--reference_answers"
        )
    return tuple(told)


def output_warnings(pairs: Pairs | ConversationPairs) -> tuple[str, ...]:
    """Say which outputs hold reasoning, and where many are empty: the model's first, then the reference's."""
    reference, model = pairs.flaws()
    return (
        *_told(model, pairs.generator_2, pairs.n_stripped_2),
        *_told(reference, pairs.generator_1, pairs.n_stripped_1),
    )
