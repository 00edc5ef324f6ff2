"""What a bridge came to, and its file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from autoeval.analysis.linking import Anchor, Link, Placement, Rate, rank_correlation
from autoeval.annotators.judges import Annotator
from autoeval.completions.ask import AskReport
from autoeval.journeys.bridging import OldBoard
from autoeval.leaderboards.table import Board
from autoeval.runs.exits import EXIT_INCOMPLETE, exit_code_after
from autoeval.runs.saving import judge_facts, save_json


@dataclass(frozen=True)
class Bridged:
    """A model that was placed: its win rate by the new judge, and where it stands on the old scale."""

    name: str
    new: Rate
    placement: Placement


@dataclass(frozen=True)
class Bridge:
    """What a bridge came to.

    Attributes:
        judge: the new judge, with its model and fingerprint.
        old: the board with its judge.
        reference: what the models were compared with.
        anchors: the models that both judges have judged, lowest first.
        link: the link of the two scales; None where too few anchors could be judged.
        left_out: each anchor as the link of the others places it, in their order.
        bridged: the models that were placed.
        refused: the models that were not, with the reason.
        incomplete: models of whose pairs too few could be judged, with that share.
        board: the board with the bridged rows.
        asks: what asking for the anchors, and then for the models, came to.
        path: bridge.json; None where nothing is written.
    """

    judge: str
    old: OldBoard
    reference: str
    anchors: Sequence[Anchor]
    link: Link | None
    left_out: Sequence[Placement]
    bridged: Sequence[Bridged]
    refused: Mapping[str, str]
    incomplete: Mapping[str, float]
    board: Board
    asks: Sequence[AskReport]
    path: Path | None

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        codes = [exit_code_after(asked, is_complete=not self.incomplete) for asked in self.asks]
        is_short = self.link is None or bool(self.refused)
        return max(codes) or (EXIT_INCOMPLETE if is_short else 0)

    @property
    def mean_error(self) -> float:
        """How far, in points and on average, an anchor lies from where the others place it."""
        errors = [abs(p.win_rate - a.old.win_rate) for p, a in zip(self.left_out, self.anchors, strict=True)]
        return sum(errors) / len(errors)


def save_bridge(folder: Path, bridge: Bridge, annotator: Annotator, seed: int) -> Path:
    """Write bridge.json; returns where.

    Raises:
        UsageError: it cannot be written.
    """
    assert bridge.link is not None
    facts = {
        "board": str(bridge.old.path),
        "old_judge": bridge.old.judge,
        "annotator": judge_facts(annotator),
        "reference": bridge.reference,
        "seed": seed,
        "link": asdict(bridge.link),
        "spearman": rank_correlation(bridge.anchors),
        "anchors": [
            {**asdict(anchor), "left_out": asdict(placed)}
            for anchor, placed in zip(bridge.anchors, bridge.left_out, strict=True)
        ],
        "bridged": [asdict(one) for one in bridge.bridged],
        "refused": dict(bridge.refused),
        "incomplete": dict(bridge.incomplete),
    }
    return save_json(facts, folder / "bridge.json")
