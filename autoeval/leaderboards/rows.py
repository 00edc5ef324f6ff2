"""The leaderboard row of a result, and whether two rows may stand on one board."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from autoeval.annotators.judges import Annotator
from autoeval.data.cases import OutputCases
from autoeval.data.conversations import ConversationPairs
from autoeval.data.pairing import Pairs
from autoeval.leaderboards.columns import Figures, all_columns
from autoeval.leaderboards.table import Board
from autoeval.leaderboards.tally import Tally
from autoeval.metrics.columns import Cell, cells

Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Conditions:
    """What a number depends on besides the model. Rows whose conditions differ do not compare."""

    annotator: str
    fingerprint: str
    judge_models: str
    reference: str
    eval_set: str
    method: str = ""

    @classmethod
    def of(
        cls,
        annotator: Annotator,
        pairs: Pairs | ConversationPairs | OutputCases,
        served: set[str],
        method: str = "",
    ) -> "Conditions":
        """Return the conditions of a run.

        Args:
            annotator: who judged.
            pairs: what was judged.
            served: the names that servers gave for the judge's models.
            method: how its pairs were sampled, where not all were judged.
        """
        return cls(
            annotator=annotator.name,
            fingerprint=annotator.fingerprint,
            judge_models=" ".join(sorted(served)),
            reference=pairs.reference,
            eval_set=pairs.eval_set_hash,
            method=method,
        )

    @classmethod
    def of_row(cls, row: Row) -> "Conditions":
        """Return the conditions that a row tells."""
        return cls(**{name: str(row.get(name) or "") for name in (*_MEANINGS, "method")})

    def cells(self) -> dict[str, Cell]:
        """Return them as a row tells them; how pairs were drawn, the row says where they were."""
        return {name: getattr(self, name) for name in _MEANINGS}

    def conflict(self, board: Board, replaced: Container[str] = ()) -> str | None:
        """Say why a row made under these conditions may not stand on a board; None where it may.

        A condition that a row does not tell, as in other tools' boards, is no conflict.

        Args:
            board: the board.
            replaced: models whose rows are going to be replaced.
        """
        for name, row in board.rows.items():
            if name in replaced:
                continue
            if bool(row.get("method")) != bool(self.method):
                here, there = ("all", "some") if row.get("method") else ("some", "all")
                return f"{here} of its pairs were judged, but {there} of those of {name!r} on the board"
            for column, meaning in _MEANINGS.items():
                theirs, ours = row.get(column), getattr(self, column)
                if theirs and ours and theirs != ours:
                    return f"{meaning} is {ours}, but that of {name!r} on the board is {theirs}"
        return None

    def has_same_pairs_as(self, board: Board) -> bool:
        """Whether every row of a board was judged on these instructions against this reference."""
        return all(
            (row.get("reference"), row.get("eval_set")) == (self.reference, self.eval_set)
            for row in board.rows.values()
        )


_MEANINGS = {
    "annotator": "the judge",
    "fingerprint": "the fingerprint of the judge's prompt, model and parameters",
    "judge_models": "the model that judged, as its server names it,",
    "reference": "the reference",
    "eval_set": "the set of instructions",
}


def numbers(tally: Tally, n_unpaired: int = 0) -> dict[str, Cell]:
    """Return the cells of a row that follow from its preferences.

    Args:
        tally: the preferences.
        n_unpaired: instructions without an output, which count as missing.
    """
    return cells(all_columns(), Figures(tally, n_unpaired))


def leaderboard_row(tally: Tally, n_unpaired: int, conditions: Conditions, mode: str) -> dict[str, Cell]:
    """Return the row of a result."""
    return {**numbers(tally, n_unpaired), "mode": mode, **conditions.cells()}
