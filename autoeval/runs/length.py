"""The length-controlled columns of a result, and where the difficulties behind them come from."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.data.hub import hub_file
from autoeval.data.loading import read_rows
from autoeval.errors import UsageError
from autoeval.leaderboards.rows import Row
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Cell
from autoeval.runs.judging import Judged

if TYPE_CHECKING:
    from autoeval.metrics.length_control import LengthControlled
    from autoeval.metrics.length_model import GamedRows

LENGTH_CONTROL, MINIMAL = "length_controlled_v1", "length_controlled_minimal"
GLM_NAMES = (LENGTH_CONTROL, "length_controlled_noreg", MINIMAL)
"""AlpacaEval's names of the models that control for length."""
BOOTSTRAP, ALPACA_EVAL = "bootstrap", "alpaca_eval"
STANDARD_ERRORS = (BOOTSTRAP, ALPACA_EVAL)

_FLAG = "--length_control_file"

_READ = ("instruction", "output_1", "output_2", "preference", "generator_1", "generator_2", "annotator")


def check_length_control(file: str | Path | None, glm_name: str = LENGTH_CONTROL, role: str = _FLAG) -> None:
    """Refuse what cannot control for length, before anybody is asked.

    Args:
        file: AlpacaEval's `df_gamed.csv`; `auto` and None as in `length_columns`.
        glm_name: of the model that is to be fitted.
        role: what the caller gives the file with, as errors name it.

    Raises:
        UsageError: the file is no such file, or the model needs one.
    """
    if file is None and glm_name not in (LENGTH_CONTROL, MINIMAL):
        raise _lacks_file(glm_name, role)
    given = _given(file)
    if given and glm_name != MINIMAL:
        _read(given, role)


def check_instructions(
    file: str | Path | None, instructions: Iterable[str], glm_name: str = LENGTH_CONTROL
) -> None:
    """Refuse a file that `check_length_control` let pass and that is of other instructions.

    Args:
        file: as there.
        instructions: of what is to be judged.
        glm_name: of the model that is to be fitted.

    Raises:
        UsageError: not one of them is in the file.
    """
    from autoeval.metrics.instructions import instruction_key

    given = _given(file)
    if given is None or glm_name == MINIMAL:
        return
    known = _read(given, _FLAG).by_instruction.by_key
    if not any(instruction_key(instruction) in known for instruction in instructions):
        raise UsageError(f"{_FLAG}: none of the instructions is in {given}: is it of another eval set?")


def length_columns(
    judged: Judged,
    file: str | Path | None,
    seed: int,
    glm_name: str = LENGTH_CONTROL,
    standard_error: str = BOOTSTRAP,
) -> tuple[dict[str, Cell], str | None]:
    """Control a result for length.

    Args:
        judged: the annotations.
        file: AlpacaEval's file of gamed rows (`df_gamed.csv`); `auto` takes it from the hub for AlpacaEval's
            own instructions, if it can be had; None never does.
        seed: of the bootstrap.
        glm_name: AlpacaEval's name of the model that is fitted, one of `GLM_NAMES`.
        standard_error: `bootstrap`, or `alpaca_eval` for that of 0.6.6.

    Returns:
        The columns, and what a reader must know of them.

    Raises:
        UsageError: the file is no such file.
    """
    controlled = control_length(_rows(judged), file, seed, glm_name)
    columns = _columns(controlled)
    if standard_error == ALPACA_EVAL:
        columns["lc_standard_error"] = _known(controlled.alpaca_eval_standard_error)
    return columns, controlled.warning


def control_length(
    rows: list[dict[str, Any]],
    file: str | Path | None,
    seed: int = 0,
    glm_name: str = LENGTH_CONTROL,
    role: str = _FLAG,
) -> "LengthControlled":
    """Control annotations for length, as `check_length_control` lets pass.

    Args:
        rows: the annotations.
        file: AlpacaEval's `df_gamed.csv`; `auto` and None as in `length_columns`.
        seed: of the bootstrap.
        glm_name: of the model that is fitted.
        role: what the caller gives the file with, as errors name it.

    Raises:
        UsageError: the file is no such file, or the model needs one that is not to be had.
    """
    from autoeval.metrics.length_control import length_controlled_win_rate, unregularized_win_rate
    from autoeval.metrics.length_rows import LengthRows

    read = LengthRows.of(rows)
    if glm_name == MINIMAL:
        return unregularized_win_rate(read, None, seed)
    gamed = _gamed_rows(file, rows, role)
    if gamed is None and glm_name != LENGTH_CONTROL:
        raise _lacks_file(glm_name, role)
    try:
        if glm_name != LENGTH_CONTROL:
            return unregularized_win_rate(read, gamed, seed)
        return length_controlled_win_rate(read, gamed=gamed, seed=seed)
    except ValueError as error:  # the file has none of what was judged
        raise UsageError(f"{role}: {error}") from None


def length_controlled(model: str, row: Row, tally: Tally, seed: int = 0) -> dict[str, Cell]:
    """Control a leaderboard row for length from its preferences alone, with the shipped difficulties.

    Args:
        model: whose row it is.
        row: says who judged, and against whom.
        tally: the preferences.
        seed: of the bootstrap.

    Returns:
        The length-controlled columns.
    """
    import numpy as np

    from autoeval.metrics.length_control import length_controlled_win_rate
    from autoeval.metrics.length_rows import LengthRows, length_feature

    differences = np.asarray(tally.lengths_1, float) - np.asarray(tally.lengths_2, float)
    reference, annotator = (str(row[name]) if row.get(name) else None for name in ("reference", "annotator"))
    rows = LengthRows(
        keys=[preference.instruction for preference in tally.stored()],
        preferences=np.asarray(tally.preferences),
        lengths=length_feature(differences),
        reference=reference,
        annotator=annotator,
        is_baseline=model == reference,
    )
    return _columns(length_controlled_win_rate(rows, seed=seed))


def _columns(controlled: "LengthControlled") -> dict[str, Cell]:
    columns: dict[str, Cell] = {
        "length_controlled_winrate": _known(controlled.value),
        "lc_standard_error": _known(controlled.standard_error),
        "lc_method": str(controlled.method),
    }
    if controlled.difficulty_free is not None:
        columns["difficulty_free_lc_winrate"] = controlled.difficulty_free.value
    return columns


def _rows(judged: Judged) -> list[dict[str, Any]]:
    """Return the columns that length control reads."""
    if judged.rows is not None:
        return list(judged.rows)
    assert judged.annotations_path is not None
    rows = read_rows(judged.annotations_path, "annotations")
    return [{name: row.fields[name] for name in _READ} for row in rows]


def _lacks_file(glm_name: str, role: str) -> UsageError:
    return UsageError(f"{glm_name} needs AlpacaEval's df_gamed.csv: name it with {role}.")


def _given(file: str | Path | None) -> Path | None:
    return None if file is None or file == "auto" else Path(file)


def _gamed_rows(file: str | Path | None, rows: list[dict[str, Any]], role: str) -> "GamedRows | None":
    if given := _given(file):
        return _read(given, role)
    if file is None or not _are_alpaca_evals(rows):
        return None
    try:
        path = hub_file("df_gamed.csv", role)
    except UsageError:  # without the hub there are the shipped difficulties; lc_method says so
        return None
    return _read(path, role)


def _are_alpaca_evals(rows: list[dict[str, Any]]) -> bool:
    from autoeval.metrics.difficulties import shipped_difficulties
    from autoeval.metrics.instructions import instruction_key

    known = shipped_difficulties().by_key
    return all(instruction_key(row["instruction"]) in known for row in rows)


def _read(path: Path, role: str) -> "GamedRows":
    from autoeval.metrics.length_model import GamedRows

    try:
        return GamedRows.read(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{role}: {error}.") from None


def _known(number: float) -> Cell:
    return None if math.isnan(number) else number
