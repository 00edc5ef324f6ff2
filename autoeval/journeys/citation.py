"""A line to paste into a paper or a model card: the number and everything that it depends on."""

from typing import TYPE_CHECKING

from autoeval.annotators.builtin import INTERVAL
from autoeval.leaderboards.printed import latex
from autoeval.runs.result import Evaluation
from autoeval.version import __version__

if TYPE_CHECKING:
    from autoeval.journeys.bridge_result import Bridge, Bridged


def citation(result: Evaluation) -> str:
    """Say a result in one line of text."""
    return (
        f"{result.name}: win rate {result.estimate.value:.1f}% ({_interval_of(result)} {result.estimate.low:.1f}–"
        f"{result.estimate.high:.1f}) against {result.setting.reference}, {_made_by(result)}"
    )


def latex_citation(result: Evaluation) -> str:
    """Say a result in one line of LaTeX."""
    name, reference = latex(result.name), latex(result.setting.reference)
    return (
        f"{name}: win rate {result.estimate.value:.1f}\\% ({latex(_interval_of(result))} {result.estimate.low:.1f}--"
        f"{result.estimate.high:.1f}) against {reference}, {latex(_made_by(result))}"
    )


def bridged_citation(bridge: "Bridge", one: "Bridged") -> str:
    """Say a bridged result in one line of text, which names both judges."""
    placed = one.placement
    return (
        f"{one.name}: win rate about {placed.win_rate:.1f}% (95% prediction interval {placed.low:.1f}–"
        f"{placed.high:.1f}) against {bridge.reference} on the scale of {bridge.old.judge}, bridged from "
        f"{one.new.win_rate:.1f}% by judge {bridge.judge}, n = {one.new.n}, "
        f"over {len(bridge.anchors)} anchors, autoeval {__version__}"
    )


def _interval_of(result: Evaluation) -> str:
    """An embedded judge's is of the draw of instructions alone, and no confidence interval of a real one's rate."""
    name = result.setting.interval_name
    return "95% CI" if name == INTERVAL else f"{name}:"


def _made_by(result: Evaluation) -> str:
    setting = result.setting
    served = ", ".join(sorted(result.tally.models)) or ", ".join(setting.judge_models)
    of_all = f" of {result.paid.n_pairs} pairs, {result.paid.method}" if result.paid else ""
    return (
        f"n = {result.win_rate.n_total}{of_all}, judge {setting.judge} ({served}, {setting.fingerprint}), "
        f"seed {setting.seed}, autoeval {__version__}"
    )
