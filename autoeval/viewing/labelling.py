"""Labels by hand: what a person sees of a run's pairs (nothing of models and judge), and what they answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.analysis.labels import ANSWERS, DrawnPair, DrawnPairs, draw_pairs, write_sheet
from autoeval.data.annotations import PAIR, of_one_model
from autoeval.data.loading import read_rows
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.runs.annotation_table import annotation_table
from autoeval.runs.catalog import Place
from autoeval.viewing.journal import SKIPPED, Journal, check_name
from autoeval.viewing.rendering import rendered

if TYPE_CHECKING:
    import pandas as pd

_KEPT_TABLES = 2


@dataclass(frozen=True)
class Task:
    """Who labels what: `n` pairs of a run, drawn with `seed`; a larger n holds the pairs of a smaller one."""

    where: Place
    person: str
    n: int
    seed: int = 0


class Desk:
    """Where people label. Several may at once, also as one person in two browsers; the files hold the truth."""

    def state(self, task: Task) -> dict[str, Any]:
        """Say how far a person is and show the next pair: one that was not answered, then those that were skipped.

        Raises:
            UsageError: the name, the number or the run will not do.
        """
        drawn, journal = _drawn(task), _journal(task)
        answers = journal.answers(check_name(task.person))
        open_pairs = [pair for pair in drawn.pairs if not pair.is_identical]
        unseen = [pair for pair in open_pairs if pair.id not in answers]
        skipped = [pair for pair in open_pairs if answers.get(pair.id) == SKIPPED]
        following = next(iter([*unseen, *skipped]), None)
        return {
            "n": len(drawn.pairs),
            "n_judged": len(drawn.judged),
            "done": len(drawn.pairs) - len(unseen) - len(skipped),
            "skipped": len(skipped),
            "can_undo": bool(answers),
            "pair": following and _shown(following),
            "sheet": str(journal.sheet_path(task.person)),
            "people": journal.people(),
        }

    def answer(self, task: Task, identity: str, better: str) -> None:
        """Keep an answer: a, b, tie, or skip.

        Raises:
            UsageError: there is no such answer or pair, or it cannot be written.
        """
        if better not in ANSWERS and better != SKIPPED:
            raise UsageError(f"{better!r} is no answer: a, b, tie or {SKIPPED}.")
        if identity not in _drawn(task).judged:
            raise UsageError(f"{identity!r} is no pair of this run.")
        _journal(task).add(task.person, identity, better)
        self._write_sheet(task)

    def undo(self, task: Task) -> None:
        """Take a person's last answer back."""
        journal = _journal(task)
        if answers := journal.answers(task.person):
            journal.add(task.person, next(reversed(answers)), None)
            self._write_sheet(task)

    def results(self, task: Task) -> dict[str, Any]:
        """Say how people agree with each other, and, to who has answered every pair, with the judge.

        Raises:
            UsageError: the run cannot be read.
        """
        journal, table = _journal(task), _table(task.where.path, task.where.stamp)
        judged = draw_pairs(table, 1, task.seed).judged
        said = {
            person: {
                judged[identity].texts: judged[identity].preference(answer)
                for identity, answer in journal.answers(person).items()
                if identity in judged and answer in ANSWERS
            }
            for person in journal.people()
        }
        return {
            "people": {person: len(answers) for person, answers in said.items()},
            "agreement": [_agreement(one, other, said) for one, other in combinations(said, 2)],
            "alpha": _alpha(said),
            "judge": _beside_judge(table, said) if self.state(task)["pair"] is None else None,
        }

    def _write_sheet(self, task: Task) -> None:
        """Write a person's sheet anew: the pairs drawn, and whatever else of this draw they answered."""
        drawn, journal = _drawn(task), _journal(task)
        answers = {
            identity: answer
            for identity, answer in journal.answers(task.person).items()
            if answer in ANSWERS and identity in drawn.judged
        }
        pairs = {pair.id: pair for pair in drawn.pairs} | {
            identity: drawn.judged[identity] for identity in answers
        }
        with result_file(journal.sheet_path(task.person), "the sheet ") as file:
            write_sheet(file, pairs.values(), answers)


def _journal(task: Task) -> Journal:
    return Journal(task.where.path.parent)


def _shown(pair: DrawnPair) -> dict[str, Any]:
    texts = {"instruction": pair.instruction, "a": pair.output_a, "b": pair.output_b}
    html = {name: rendered(text) for name, text in texts.items()}
    return {"id": pair.id, **texts, "html": {name: text for name, text in html.items() if text is not None}}


def _drawn(task: Task) -> DrawnPairs:
    return _draw(task.where.path, task.where.stamp, task.n, task.seed)


@lru_cache(_KEPT_TABLES)
def _draw(path: Path, stamp: str, n: int, seed: int) -> DrawnPairs:
    table = _table(path, stamp)
    judged = table.dropna(subset="preference").drop_duplicates(list(PAIR))
    return draw_pairs(table, min(n, len(judged)), seed)


@lru_cache(_KEPT_TABLES)
def _table(path: Path, stamp: str) -> "pd.DataFrame":  # noqa: ARG001 - what is kept is of one state of the file
    table = annotation_table(of_one_model(read_rows(path, "run")), (*PAIR, "preference"))
    return table[[*PAIR, "preference"]]


Said = Mapping[str, Mapping[tuple[str, str, str], float]]


def _agreement(one: str, other: str, said: Said) -> dict[str, Any]:
    """Return on how many of the pairs that both labelled two people gave the same answer."""
    shared = [(said[one][texts], said[other][texts]) for texts in said[one] if texts in said[other]]
    return {"a": one, "b": other, "n": len(shared), "same": sum(first == second for first, second in shared)}


def _alpha(said: Said) -> dict[str, Any] | None:
    """Return Krippendorff's alpha over everybody; None where no two have labelled the same pair."""
    from autoeval.analysis.reliability import krippendorff_alpha

    found = krippendorff_alpha(_votes(said)) if sum(map(bool, said.values())) > 1 else None
    if found is None or found.value != found.value:
        return None
    return {name: _number(getattr(found, name)) for name in ("value", "low", "high", "n")}


def _beside_judge(table: "pd.DataFrame", said: Said) -> dict[str, Any]:
    """Put the judge beside people: how often each agrees with it, where they differ, and the corrected win rate."""
    from autoeval.analysis.correction import correct_with_human_labels

    rows = table.reset_index(drop=True)
    preferences = {
        tuple(texts): (number, preference)
        for number, (*texts, preference) in enumerate(rows.itertuples(index=False, name=None), 1)
    }
    pairs: list[dict[str, Any]] = []
    for texts in dict.fromkeys(texts for answers in said.values() for texts in answers):
        number, preference = preferences[texts]
        votes = {person: answers[texts] for person, answers in said.items() if texts in answers}
        pairs.append({"id": number, "instruction": texts[0][:200], "judge": preference, "people": votes})
    try:
        found = correct_with_human_labels(table, _votes(said))
        corrected = {
            name: _number(getattr(found, name)) for name in ("value", "low", "high", "judge", "n_labels")
        }
        why_not = None
    except UsageError as error:
        corrected, why_not = None, str(error)
    return {"pairs": pairs, "corrected": corrected, "why_not": why_not}


def _votes(said: Said) -> "pd.DataFrame":
    import pandas as pd

    rows = [(*texts, vote) for answers in said.values() for texts, vote in answers.items()]
    return pd.DataFrame(rows, columns=[*PAIR, "preference"])


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)
