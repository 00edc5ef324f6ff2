"""Check the leaderboards and the results that people contribute to them, as the workflow `leaderboard` does.

    python scripts/check_contributions.py

A contribution is a folder `contributions/<eval set>/<judge>/<model>/` with the model's `model_outputs.json` and
the `annotations.json` that `alpaca_eval` wrote for it. Its row goes to `leaderboards/<eval set>/<judge>.csv`.
Exits with 1 and says why where something does not fit; writes the rows into the job's summary.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from autoeval.annotators.builtin import BUILTIN
from autoeval.data.loading import read_rows
from autoeval.errors import AutoevalError
from autoeval.leaderboards.preferences import Preference, path_beside, read_preferences
from autoeval.leaderboards.rows import Row, numbers
from autoeval.leaderboards.table import Board, read_board
from autoeval.runs.finished import Run, load_run
from autoeval.runs.regeneration import check_boards, compare_rows
from autoeval.types import Case, Verdict

_SHOWN = ("win_rate", "low", "high", "n_total", "n_missing", "avg_length")


def main() -> int:
    """Check everything; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contributions", type=Path, default=Path("contributions"))
    parser.add_argument("--leaderboards", type=Path, default=Path("leaderboards"))
    options = parser.parse_args()
    boards = [path for path in sorted(options.leaderboards.glob("*/*.csv")) if path_beside(path).exists()]
    problems = [str(difference) for difference in check_boards(boards).differences]
    rows: dict[str, Row] = {}
    for folder in sorted(path.parent for path in options.contributions.glob("*/*/*/annotations.json")):
        try:
            found, row = check(folder, options.leaderboards)
        except AutoevalError as error:
            found, row = [str(error)], {}
        problems += [f"{folder}: {problem}" for problem in found]
        rows[str(folder.relative_to(options.contributions))] = row
    report(summary(len(boards), rows, problems))
    return 1 if problems else 0


def check(folder: Path, leaderboards: Path) -> tuple[list[str], Row]:
    """Check one contribution.

    Args:
        folder: the contribution.
        leaderboards: where the boards lie.

    Returns:
        What is wrong with it, and its row.
    """
    run = load_run(folder)
    board_path = leaderboards / folder.parts[-3] / f"{folder.parts[-2]}.csv"
    board = read_board(board_path) if board_path.exists() else Board({})
    tally = run.tally()
    row = numbers(tally)
    problems = [*_about_outputs(run, folder), *_about_verdicts(run, folder.parts[-2])]
    problems += _about_instructions(list(tally.stored()), run.model, board_path)
    if run.model in board.rows:
        problems += [str(difference) for difference in compare_rows(board_path, board, {run.model: row})]
    return problems, row


def _about_outputs(run: Run, folder: Path) -> Iterator[str]:
    """Compare what was judged with the outputs handed in."""
    outputs: dict[str, str] = {}
    for row in read_rows(str(folder / "model_outputs.json"), "model_outputs.json"):
        fields = row.fields
        instruction = (
            f"{fields['instruction']}\n\n{fields['input']}" if fields.get("input") else fields["instruction"]
        )
        outputs[instruction] = fields["output"]
    judged = {each.case.instruction: each.case.output_2 for each in run.annotations}
    if missing := len(outputs.keys() - judged.keys()):
        yield f"{missing} instructions of model_outputs.json are not in annotations.json"
    for number, (instruction, output) in enumerate(judged.items(), 1):
        if outputs.get(instruction) != output:
            yield f"annotations.json, row {number}: the output judged is not the one in model_outputs.json"
            return


def _about_verdicts(run: Run, judge: str) -> Iterator[str]:
    """Judge again what an embedded judge judged; that every preference is one was seen when it was read."""
    for number, each in enumerate(run.annotations, 1):
        if each.value is not None and judge in BUILTIN and each.value != _verdict(judge, each.case):
            yield (
                f"annotations.json, row {number}: the preference is {each.value}, {judge} says "
                f"{_verdict(judge, each.case)}"
            )


def _verdict(judge: str, pair: Case) -> float:
    if pair.output_1 == pair.output_2:
        return 1.5
    verdict = BUILTIN[judge].verdict(pair)
    assert isinstance(verdict, Verdict)  # a built-in judge of pairs always says something
    return verdict.value


def _about_instructions(stored: list[Preference], model: str, board_path: Path) -> Iterator[str]:
    """Compare the instructions with those that the board's other models were judged on."""
    asked = {preference.instruction for preference in stored}
    for other, preferences in read_preferences(path_beside(board_path)).items():
        theirs = {preference.instruction for preference in preferences}
        if other != model and theirs != asked:
            n_different = len(asked ^ theirs)
            yield f"it was judged on other instructions than {other!r} on the board ({n_different} differ)"
            return


def summary(n_boards: int, rows: dict[str, Row], problems: list[str]) -> str:
    """Say what was found, in Markdown."""
    lines = [f"{n_boards} leaderboards regenerated, {len(rows)} contributions checked.", ""]
    if rows:
        lines += ["| contribution | " + " | ".join(_SHOWN) + " |", "|---" * (len(_SHOWN) + 1) + "|"]
    for name, row in rows.items():
        cells = (row.get(column) for column in _SHOWN)
        shown = (f"{cell:.2f}" if isinstance(cell, float) else str(cell or 0) for cell in cells)
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    if problems:
        lines += ["", "Problems:", "", *(f"- {problem}" for problem in problems)]
    return "\n".join(lines) + "\n"


def report(text: str) -> None:
    """Print a text, and add it to the job's summary where there is one."""
    print(text)
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
