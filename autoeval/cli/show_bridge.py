"""Showing a bridge on the terminal: the anchors, the link, and where it puts the models."""

from rich.console import Console
from rich.text import Text

from autoeval.cli.tables import BRIDGED, plain_table
from autoeval.journeys.bridge_plan import BridgePlan, plan_lines
from autoeval.journeys.bridge_result import Bridge
from autoeval.journeys.citation import bridged_citation


def show_bridge_plan(console: Console, plan: BridgePlan) -> None:
    """Show what a bridge would ask."""
    for line in plan_lines(plan):
        console.print(Text(line), soft_wrap=True)


def show_bridge(console: Console, result: Bridge) -> None:
    """Show the anchors with where the others put them, the placed models, and what was asked."""
    from autoeval.cli.show_asked import asked_lines

    if result.link is not None:
        _show_link(console, result)
    for name, reason in result.refused.items():
        console.print(Text(f"not placed: {name}: {reason}"))
    for name, coverage in result.incomplete.items():
        console.print(Text(f"left out: {name}, of whose pairs {100 * coverage:.1f}% could be judged"))
    if result.link is None:
        console.print(Text(f"no bridge yet: {len(result.anchors)} anchors were judged. Run the same again."))
    for asked in result.asks:
        for line in asked_lines(asked):
            console.print(Text(line))
    if result.path:
        console.print(
            Text(f"Written:\n  {result.path}\n  {result.path.with_name('leaderboard.csv')}"), soft_wrap=True
        )
    for one in result.bridged:
        console.print(Text(f"To cite:\n  {bridged_citation(result, one)}"), soft_wrap=True)


def _show_link(console: Console, result: Bridge) -> None:
    assert result.link is not None
    anchors = {
        "old": [f"{anchor.old.win_rate:.1f}" for anchor in result.anchors],
        "new": [f"{anchor.new.win_rate:.1f}" for anchor in result.anchors],
        "by the others": [f"{placed.win_rate:.1f}" for placed in result.left_out],
        "95% interval": [f"{placed.low:.1f} – {placed.high:.1f}" for placed in result.left_out],
    }
    names = [anchor.name for anchor in result.anchors]
    console.print(plain_table("anchor", names, anchors, console.width))
    link = result.link
    console.print(
        Text(
            f"logit(old) = {link.intercept:.2f} + {link.slope:.2f} · logit(new); an anchor lies "
            f"{result.mean_error:.1f} points from where the others put it, on average"
        )
    )
    if result.bridged:
        placed = {
            "win rate": [f"{BRIDGED} {one.placement.win_rate:.1f}" for one in result.bridged],
            "95% interval": [f"{one.placement.low:.1f} – {one.placement.high:.1f}" for one in result.bridged],
            "by the new judge": [f"{one.new.win_rate:.1f}" for one in result.bridged],
            "n": [str(one.new.n) for one in result.bridged],
        }
        console.print(plain_table("model", [one.name for one in result.bridged], placed, console.width))
        console.print(
            Text(
                f"{BRIDGED} on the scale of {result.old.judge}, which never saw it; the interval is for what it "
                "would have said"
            )
        )
