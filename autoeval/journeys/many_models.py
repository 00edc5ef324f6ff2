"""What putting many models on a board comes to, and what is refused: shared by boards of pairs and of scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from autoeval.completions.ask import AskReport
from autoeval.errors import UsageError
from autoeval.journeys.parameters.output_paths import folder_name
from autoeval.leaderboards.grades import COLUMNS
from autoeval.leaderboards.rows import Conditions
from autoeval.leaderboards.table import Board
from autoeval.runs.result import exit_code_after

SCORE = COLUMNS[0].name


@dataclass(frozen=True)
class Leaderboard:
    """A board as it was written, and how the models on it fared in this run.

    `judged` are the models that were put on the board; `incomplete` those that were left off because too few of
    their pairs could be judged, with that share. `interval_name` is what the intervals of its judge are called.
    """

    path: Path
    board: Board
    judged: Sequence[str]
    incomplete: Mapping[str, float]
    ask: AskReport
    interval_name: str

    @property
    def is_of_scores(self) -> bool:
        """Whether outputs were scored by themselves, rather than compared."""
        return self.board.known[0].name == SCORE

    @property
    def counted(self) -> str:
        """What was judged, in the plural."""
        return "outputs" if self.is_of_scores else "pairs"

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        return exit_code_after(self.ask, is_complete=not self.incomplete)


def folders_of(output_path: str | Path | None, models: Sequence[str]) -> list[Path] | None:
    """Return the folder of each model; no two are the same, whatever signs the names have."""
    if output_path is None:
        return None
    folders: dict[str, None] = {}
    for model in models:
        name = folder_name(model)
        numbered = (f"{name}_{number}" for number in count(2))
        folders[next(each for each in chain([name], numbered) if each not in folders)] = None
    return [Path(output_path) / name for name in folders]


def refuse_conflicts(board: Board, conditions: Mapping[str, Conditions], is_mixed_allowed: bool) -> None:
    """Refuse rows that do not compare with those of the board, or with each other, unless that is allowed.

    Raises:
        UsageError: naming the model, the condition and what it is on either side.
    """
    for name, ours in () if is_mixed_allowed else conditions.items():
        conflict = ours.conflict(board, replaced=conditions.keys())
        if conflict:
            raise UsageError(
                f"{name!r} does not compare with the leaderboard: {conflict}. Choose another --leaderboard_path, "
                "judge all of its models again with --is_overwrite_leaderboard, or use --is_mixed_allowed."
            )
        served = next(iter(conditions.values())).judge_models
        if ours.judge_models and served and ours.judge_models != served:
            raise UsageError(
                f"the server changed its model during the run: {name!r} was judged by {ours.judge_models}, the first "
                f"model by {served}. Use --is_mixed_allowed to put them on one board all the same."
            )
