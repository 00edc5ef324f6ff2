"""The eval sets: one entry each, with everything that is known of it; nothing else in the project names their facts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from autoeval.data import arena_answers, arena_hard, m_arena_hard, mt_bench, ultrafeedback, wildbench
from autoeval.data.arena_hard import ArenaSet
from autoeval.data.instructions import Instruction
from autoeval.errors import UsageError, nearest
from autoeval.plugins import plugins

Load = Callable[[Any, Any, Iterable[Any]], list[Instruction]]
"""Loads the questions from what is named as their source and as the reference answers, or lies near some files."""


@dataclass(frozen=True)
class EvalSet:
    """Defaults that belong together: numbers made with one eval set and judge can be compared.

    Attributes:
        name: what parameters call it.
        annotator: the judge that judges unless another one is named.
        title: what people call it.
        hash: of its instructions, as `Pairs.eval_set_hash` gives it; empty where it is not known.
        reference: of pairs, the outputs to compare with: a name on the hub.
        board: of pairs, AlpacaEval's judge, by which the shipped leaderboard of known models was made.
        sort_by: the column that its boards are ordered by.
        is_length_controlled: whether a row has length-controlled columns.
        load: loads its questions, where they are more than the instructions of the reference.
        arena: of Arena-Hard, whom all models meet, by category.
    """

    name: str
    annotator: str
    title: str
    hash: str
    sort_by: str
    reference: str = ""
    board: str = ""
    is_length_controlled: bool = False
    load: Load | None = None
    arena: ArenaSet | None = None

    def wants_length_control(self, sort_by: str | None) -> bool:
        """Whether a row has length-controlled columns, by default or because the board is sorted by them."""
        return self.is_length_controlled or sort_by == "length_controlled_winrate"


_ARENA_HARD_HASHES = {"arena_hard_v0.1": "d2bd63c3a2d66ae2", "arena_hard_v2.0": "95286b561fbe2466"}
_ALPACA_EVAL_HASH = "a969e3178d392302"  # of the 805 instructions, which both references answer

EVAL_SETS: Mapping[str, EvalSet] = {
    one.name: one
    for one in (
        EvalSet(
            name="alpaca_eval_1",
            annotator="gpt6_ranking",
            title="AlpacaEval",
            hash=_ALPACA_EVAL_HASH,
            sort_by="win_rate",
            reference="text_davinci_003",
            board="alpaca_eval_gpt4",
        ),
        EvalSet(
            name="alpaca_eval_2",
            annotator="gpt6_logprob",
            title="AlpacaEval",
            hash=_ALPACA_EVAL_HASH,
            sort_by="length_controlled_winrate",
            reference="gpt4_1106_preview",
            board="weighted_alpaca_eval_gpt4_turbo",
            is_length_controlled=True,
        ),
        EvalSet(
            name=mt_bench.NAME,
            annotator="mt_bench_grade",
            title="MT-Bench",
            hash=mt_bench.HASH,
            sort_by="score",
            load=mt_bench.load_questions,
        ),
        EvalSet(
            name="wildbench",
            annotator="checklist",
            title="WildBench",
            hash="",
            sort_by="score",
            load=wildbench.load_questions,
        ),
        EvalSet(
            name="ultrafeedback",
            annotator="ultrafeedback",
            title="UltraFeedback",
            hash="",
            sort_by="score",
            load=ultrafeedback.load_questions,
        ),
        *(
            EvalSet(
                name=name,
                annotator="arena_hard",
                title=f"Arena-Hard {name.rpartition('_')[2]}",
                hash=_ARENA_HARD_HASHES[name],
                sort_by="score",
                load=partial(arena_answers.load_questions, arena),
                arena=arena,
            )
            for name, arena in arena_hard.SETS.items()
        ),
        *(
            EvalSet(
                name=name,
                annotator="arena_hard",
                title=f"m-Arena-Hard{name.removeprefix('m_arena_hard').replace('_', ' ')}",
                hash="",
                sort_by="score",
                load=m_arena_hard.Loader(dataset),
                arena=m_arena_hard.SETS[name],
            )
            for name, dataset in m_arena_hard.DATASETS.items()
        ),
    )
}
"""Eval sets by name."""


def find_eval_set(name: str | None) -> EvalSet | None:
    """Return an eval set whose questions are loaded, by name; None for none.

    Raises:
        UsageError: there is none of that name.
    """
    if name is None:
        return None
    everything = {**plugins("eval_sets"), **EVAL_SETS}
    known: dict[str, EvalSet] = {known: one for known, one in everything.items() if one.load is not None}
    if name not in known:
        presets = " AlpacaEval's are presets: --preset." if name in EVAL_SETS else ""
        raise UsageError(f"--eval_set: there is no eval set {name!r}. {nearest(name, known)}{presets}")
    return known[name]


def eval_set_name(eval_set_hash: str) -> str:
    """Return the name of a known set of instructions (see `Pairs.eval_set_hash`), `own eval set` for another."""
    return next((one.title for one in EVAL_SETS.values() if one.hash == eval_set_hash), "own eval set")
