"""Whom a model is compared with until it is decided: the reference, a run, or a model of the board."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autoeval.annotators.judges import Annotator
from autoeval.data.annotations import of_one_model, read_annotations
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError, nearest
from autoeval.leaderboards.preferences import path_beside, read_preferences
from autoeval.metrics.instructions import instruction_key
from autoeval.runs.annotation_table import find_annotations
from autoeval.runs.paying.deciding import Question
from autoeval.types import Case

REFERENCE = "reference"
_FEWEST_COMMON = 50


def question_of(
    other: str | Path, everything: Sequence[Case], annotator: Annotator, board: Path | None
) -> Question:
    """Ask whether a model is better than another.

    Args:
        other: `reference`, a run of the same judge and reference, or a model of the board.
        everything: the pairs of the model.
        annotator: the judge.
        board: the board that the result is to stand on; the preferences behind it are read.

    Raises:
        UsageError: there is no such run or model, or it cannot be compared with on these pairs.
    """
    import numpy as np

    if str(other) == REFERENCE:
        return Question(everything[0].generator_1 or REFERENCE)
    name, by_key = _of_board(str(other), board) or _of_run(other, everything, annotator, board)
    shares = np.array([by_key.get(instruction_key(pair.instruction), np.nan) - 1 for pair in everything])
    n_common = int(np.count_nonzero(~np.isnan(shares)))
    if n_common < min(_FEWEST_COMMON, len(everything)):
        raise UsageError(
            f"--until_decided: {name} was judged on {n_common} of these {len(everything)} instructions, which is too "
            f"few to compare on ({_FEWEST_COMMON}). Judge it in full first."
        )
    return Question(name, shares)


def _of_board(name: str, board: Path | None) -> tuple[str, dict[str, float]] | None:
    known = read_preferences(path_beside(board)) if board else {}
    if name not in known:
        return None
    return name, {row.instruction: row.preference for row in known[name] if row.preference is not None}


def _of_run(
    run: str | Path, everything: Sequence[Case], annotator: Annotator, board: Path | None
) -> tuple[str, Mapping[str, float]]:
    try:
        is_there = Path(run).exists()
    except OSError:  # a name that no file can have
        is_there = False
    if not is_there:
        known = [REFERENCE, *(read_preferences(path_beside(board)) if board else ())]
        raise UsageError(
            f"--until_decided: {str(run)!r} is neither a run nor a model whose judgments the board keeps. "
            f"{nearest(str(run), known)}"
        )
    path = find_annotations(run)
    references = {pair.instruction: pair.output_1 for pair in everything}
    found: dict[str, float] = {}
    name = str(run)
    for one in read_annotations(of_one_model(read_rows(path, "annotations")), annotator.name):
        name = one.case.generator_2 or name
        reference = references.get(one.case.instruction)
        if reference is None or one.value is None:
            continue
        if one.annotator not in (annotator.name, *(judge.name for judge in annotator.judges)):
            raise UsageError(
                f"--until_decided: {path} was judged by {one.annotator}, and {annotator.name} is asked now. Two models "
                "compare where one judge has judged both."
            )
        if one.case.output_1 != reference:
            raise UsageError(
                f"--until_decided: {path} was compared with another reference (instruction "
                f"{one.case.instruction[:60]!r}). Two models compare where both were judged against the same."
            )
        found[instruction_key(one.case.instruction)] = one.value
    return name, found
