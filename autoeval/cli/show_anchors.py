"""Showing what became of judges: one that was asked about its anchors again, and the board of all."""

from rich.console import Console
from rich.text import Text

from autoeval.analysis.drift import own_noise
from autoeval.cli.show_asked import asked_lines
from autoeval.cli.tables import plain_table
from autoeval.journeys.anchor import Anchored
from autoeval.journeys.anchor_board import JudgesDates


def show_anchored(console: Console, result: Anchored) -> None:
    """Say whether the judge is still the same, and what was asked."""
    for line in (*_what_came(result), *asked_lines(result.ask)):
        console.print(Text(line))
    console.print(Text(f"Kept in:\n  {result.path}"), soft_wrap=True)


def _what_came(result: Anchored) -> list[str]:
    anchors, waves = result.anchors, result.anchors.done
    missing = f"{result.n_missing} of {result.n_questions} questions have no verdict"
    if not result.is_whole:
        return [missing, "Not all replies are there yet: run the same again, and it goes on."]
    lines = [missing] if result.n_missing else []
    if len(waves) == 1:
        changed, n_pairs = own_noise(waves[0].preferences)
        return [
            *lines,
            f"{anchors.judge}: the first verdicts on {len(anchors.pairs)} anchors are kept. Asked twice, it changes "
            f"{changed:.1f} of {n_pairs}.",
            "Run the same without --model_outputs on another day, to see whether it is still the same judge.",
        ]
    then, now = waves[0], waves[-1]
    told = "no pair has all its verdicts on both days" if result.drift is None else str(result.drift)
    lines.append(f"{anchors.judge} on {now.day}, compared with {then.day}: {told}.")
    if then.models != now.models:
        lines.append(f"The server calls its model {_named(now.models)} now, and {_named(then.models)} then.")
    return lines


def _named(models: tuple[str, ...]) -> str:
    return ", ".join(models) or "nothing"


def show_dates(console: Console, result: JudgesDates) -> None:
    """Show the board of judges' dates."""
    if not result.dates:
        console.print(Text(f"No judge has anchors in {result.folder} yet: see alpaca_eval anchor --help."))
        return
    columns = {
        "first": [str(one.anchors.done[0].day) for one in result.dates],
        "last": [str(one.anchors.done[-1].day) for one in result.dates],
        "times": [str(len(one.anchors.done)) for one in result.dates],
        "pairs": [str(one.drift.n_pairs if one.drift else len(one.anchors.pairs)) for one in result.dates],
        "changed": [f"{one.drift.n_changed:.1f}" if one.drift else "" for one in result.dates],
        "noise": [f"{one.drift.n_noise:.1f}" if one.drift else "" for one in result.dates],
        "p": [f"{one.drift.p_value:.4f}" if one.drift else "" for one in result.dates],
    }
    console.print(plain_table("judge", list(result.board.rows), columns, console.width))
    console.print(
        Text(
            "changed: verdicts that differ between the first day and the last; noise: between two replies of one "
            "day; p: of a judge that is the same"
        )
    )
    if result.path:
        console.print(Text(f"Written:\n  {result.path}"), soft_wrap=True)
