"""What the pages of the view are made from: JSON documents, served when they are asked for or written beside a page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from autoeval.errors import UsageError
from autoeval.leaderboards.grades import Grades
from autoeval.leaderboards.tally import Tally
from autoeval.report.facts import Facts, length_effect
from autoeval.report.graded import graded_fragment
from autoeval.report.page import facts_fragment
from autoeval.runs.catalog import Place, RunFacts
from autoeval.runs.counted_facts import counted
from autoeval.runs.graded_facts import graded_facts
from autoeval.runs.measured import Measured
from autoeval.runs.run_json import part, told_beside
from autoeval.viewing.comparing import Difference, difference
from autoeval.viewing.index import Index
from autoeval.viewing.rendering import rendered
from autoeval.viewing.store import Entry, PairStore
from autoeval.viewing.tags import Tags

Document = dict[str, Any]

MOST_COMPARED = 5
_RENDERED = ("instruction", "reference", "model")


class Documents:
    """The documents about one folder's runs. A run is named by its id; one that is not there is a KeyError."""

    def __init__(self, index: Index, store: PairStore, tags: Tags) -> None:
        self.index, self.store, self.tags = index, store, tags

    def runs(self, waits: bool = False) -> Document:
        """Return every run with its tags, and how many are not read yet."""
        tags = self.tags.all()
        facts = self.index.runs(waits)
        return {
            "root": str(self.index.root),
            "runs": [{**_shown(one), "tags": tags.get(one.folder, [])} for one in facts],
            "unread": sum(not one.is_read for one in facts),
        }

    def run(self, run: str) -> Document:
        """Return what a run came to, drawn, and what a list shows of its pairs.

        Raises:
            KeyError: there is no such run.
            UsageError: it cannot be read.
        """
        where, facts = self.place(run)
        document: Document = {
            "run": {**_shown(facts), "tags": self.tags.all().get(facts.folder, [])},
            "facts": "",
            "failures": {},
            "pairs": self.store.heads(where),
        }
        found, told = counted(where, facts)
        drawn = _drawn(where, told, found) if found.counts.n_judged else ""
        return {**document, "facts": drawn, "failures": dict(found.failures), "turns": found.turns}

    def pair(self, run: str, number: int) -> Document:
        """Return a pair, counted from 1, with its texts as they are and rendered.

        Raises:
            KeyError: there is no such run or pair.
            UsageError: the run cannot be read.
        """
        entry = self.store.entry(self.place(run)[0], number)
        if entry is None:
            raise KeyError(f"{run} has no pair {number}")
        return with_html(entry)

    def search(self, run: str, wanted: str) -> list[int]:
        """Return the numbers of the pairs of a run in whose texts a text stands."""
        return self.store.search(self.place(run)[0], wanted)

    def comparison(self, runs: Sequence[str]) -> Document:
        """Compare two to five runs, each with each, on the instructions that both were judged on.

        Raises:
            KeyError: there is no such run.
            UsageError: there are too few or too many, or one cannot be read.
        """
        if not 2 <= len(dict.fromkeys(runs)) <= MOST_COMPARED:
            raise UsageError(f"2 to {MOST_COMPARED} runs can be compared, not {len(runs)}.")
        found = [self.place(run) for run in dict.fromkeys(runs)]
        heads = [self.store.heads(where) for where, _ in found]
        pairs = [(i, j) for i in range(len(found)) for j in range(i + 1, len(found))]
        return {
            "runs": [_shown(facts) for _, facts in found],
            "pairs": heads,
            "differences": [
                {
                    "a": found[i][0].id,
                    "b": found[j][0].id,
                    **_numbers(difference(heads[i], heads[j], unit_of(found[i][1]))),
                }
                for i, j in pairs
            ],
        }

    def place(self, run: str) -> tuple[Place, RunFacts]:
        """Return where a run lies and what it came to.

        Raises:
            KeyError: there is none of that id.
            UsageError: it cannot be read.
        """
        found = self.index.find(run)
        if found is None:
            raise KeyError(f"there is no run {run}")
        if found[1].problem:
            raise UsageError(found[1].problem)
        return found


def with_html(entry: Entry) -> Document:
    """Return a pair with its texts rendered too, where that shows more than the text does."""
    html = {name: rendered(entry[name]) for name in _RENDERED if name in entry}
    found = {**entry, "html": {name: text for name, text in html.items() if text is not None}}
    if "turns" in entry:
        found["turns_html"] = [[rendered(text) for text in turn] for turn in entry["turns"]]
    return found


def unit_of(facts: RunFacts) -> float:
    """Return what 1 on the scale of a run's verdicts or scores is in its numbers: 100 for rates."""
    return 100.0 if facts.is_in_percent else 1.0


def _shown(facts: RunFacts) -> Document:
    return {**asdict(facts), "setting": "\n".join(facts.setting), "unit": unit_of(facts)}


def _numbers(found: Difference) -> Mapping[str, float | None]:
    return {name: None if value != value else value for name, value in asdict(found).items()}


def _drawn(where: Place, facts: RunFacts, found: Measured) -> str:
    """Draw what a report says of a run, from its files."""
    told = told_beside(where.path)
    setting, annotator = part(told, "setting"), part(told, "annotator")
    settings = {
        "judge": facts.judge,
        "judge's model": ", ".join(map(str, setting.get("judge_models") or ())),
        "eval set": facts.eval_set_name,
        "right answers": facts.reference if isinstance(found.counts, Grades) else "",
        "preset": str(setting.get("preset") or ""),
        "seed": str(setting.get("seed", "")),
        "fingerprint": facts.fingerprint,
        "folder": facts.folder,
    }
    description = str(annotator.get("description") or "")
    if isinstance(found.counts, Tally):
        shown = {name: value for name, value in settings.items() if value}
        return facts_fragment(_facts(facts, found.counts, shown, description))
    graded = graded_facts(
        facts.model,
        found.plain,
        found.subsets,
        found.failures,
        facts.cautions,
        description,
        settings,
        facts.interval_name,
    )
    return graded_fragment(graded)


def _facts(facts: RunFacts, tally: Tally, settings: Mapping[str, str], description: str) -> Facts:
    """Put together what a report says of a run on pairs."""
    preferences, rate = np.asarray(tally.preferences), tally.win_rate()
    if facts.win_rate is not None:  # of a run whose pairs were paid for in part, the estimate for all
        rate = replace(rate, win_rate=facts.win_rate)
    cost = sum(tally.prices)  # NaN where one is unknown
    lengths = np.asarray(tally.lengths_1, float), np.asarray(tally.lengths_2, float)
    return Facts(
        model=facts.model,
        reference=facts.reference,
        rate=rate,
        low=rate.low if facts.low is None else facts.low,
        high=rate.high if facts.high is None else facts.high,
        length_controlled=facts.length_controlled,
        by_subset=tally.by_subset(),
        failures=dict(tally.failures.most_common()),
        flip_rate=tally.flip_rate,
        cost=None if cost != cost else cost,
        preferences=preferences,
        length=length_effect(preferences, *lengths, tally.weights),
        judge_description=description,
        interval_name=facts.interval_name,
        cautions=facts.cautions,
        settings=settings,
    )
