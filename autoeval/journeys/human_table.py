"""Several people's votes on the same pairs, as a table for the analysis and as pairs for a judge."""

from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from autoeval.data.alpaca_eval import human_annotations, human_crossannotations
from autoeval.data.annotations import read_preference
from autoeval.data.loading import Row, read_rows
from autoeval.data.records import read_instruction, read_label, read_text
from autoeval.errors import UsageError
from autoeval.types import Case

if TYPE_CHECKING:
    import pandas as pd

_FLAG = "--gold_crossannotations"
# What AlpacaFarm's authors paid for a vote, and how long one took: 9.2 minutes for 15 of them (Dubois et al. 2023).
_PRICE_OF_A_VOTE = 0.3
_SECONDS_OF_A_VOTE = 9.2 * 60 / 15

Key = tuple[str, str, str]


@dataclass(frozen=True)
class HumanTable:
    """Human votes.

    Attributes:
        votes: a row a vote: `instruction`, `output_1`, `output_2`, `preference` (1 to 2, or missing),
            `annotator_index`, and `generator_1`, `generator_2`, `dataset` where they are known.
        pairs: the pairs voted on, each once, in the order of their first vote.
        n_votes: the most votes that a pair has.
        digest: identifies pairs and votes, whatever their order.
    """

    votes: "pd.DataFrame"
    pairs: tuple[Case, ...]
    n_votes: int
    digest: str

    @property
    def summary(self) -> str:
        """The table in a few words, with its digest: two judges compare only where it is the same."""
        return f"{len(self.pairs)} pairs, {self.n_votes} votes each ({self.digest})"


def load_human_table(
    source: Any = None, generators: Any = None, max_instances: int | None = None, seed: int = 0
) -> HumanTable:
    """Load human votes.

    Args:
        source: rows with `instruction` (and `input`), `output_1`, `output_2`, `preference`, a row a vote. None:
            AlpacaFarm's, from the hub.
        generators: rows on the same pairs that say whose `output_2` is (`generator`), where the votes do not.
        max_instances: keep a sample of this many pairs.
        seed: decides which.

    Raises:
        UsageError: a file or a row of it is wrong.
    """
    import pandas as pd

    is_alpaca_farm = source is None
    names = _generators(human_annotations() if is_alpaca_farm and generators is None else generators)
    rows = [
        _vote(row, names) for row in read_rows(human_crossannotations() if source is None else source, _FLAG)
    ]
    keys = list(dict.fromkeys(_key(row) for row in rows))
    if max_instances is not None:
        chosen = set(nsmallest(max_instances, keys, key=lambda key: _hash(str(seed), *key)))
        keys = [key for key in keys if key in chosen]
        rows = [row for row in rows if _key(row) in chosen]
    votes = pd.DataFrame(rows)
    votes["annotator_index"] = votes.groupby(["instruction", "output_1", "output_2"]).cumcount()
    if is_alpaca_farm:
        votes = votes.assign(price_per_example=_PRICE_OF_A_VOTE, time_per_example=_SECONDS_OF_A_VOTE)
    votes = votes.dropna(axis="columns", how="all")
    if "preference" not in votes:
        raise UsageError(f"{_FLAG}: no row has a preference, so there is no vote to compare with.")
    first = dict(reversed([(_key(row), row) for row in rows]))
    pairs = tuple(_pair(index, first[key]) for index, key in enumerate(keys))
    digest = _hash(*sorted(_hash(*_key(row), str(row["preference"])) for row in rows))[:8]
    return HumanTable(votes, pairs, int(votes["annotator_index"].max()) + 1, digest)


def _vote(row: Row, names: dict[Key, str]) -> dict[str, Any]:
    texts = [read_instruction(row), read_text(row, "output_1"), read_text(row, "output_2")]
    generator = names.get((texts[0], texts[1], texts[2]))
    return {
        "instruction": texts[0],
        "output_1": texts[1],
        "output_2": texts[2],
        "preference": read_preference(row),
        "annotator": read_label(row, "annotator") or "human",
        "generator_1": read_label(row, "generator_1") or (generator and "reference"),
        "generator_2": read_label(row, "generator_2") or generator,
        "dataset": read_label(row, "dataset"),
    }


def _generators(source: Any) -> dict[Key, str]:
    """Return whose output_2 is, by pair; empty where nothing says so."""
    names: dict[Key, str] = {}
    for row in [] if source is None else read_rows(source, "--gold_annotations"):
        name = read_label(row, "generator") or read_label(row, "generator_2")
        if name is not None:
            names.setdefault(
                (read_instruction(row), read_text(row, "output_1"), read_text(row, "output_2")), name
            )
    return names


def _pair(index: int, row: dict[str, Any]) -> Case:
    return Case.pair(
        index=index,
        instruction=row["instruction"],
        output_1=row["output_1"],
        output_2=row["output_2"],
        generator_1=row["generator_1"] or "output_1",
        generator_2=row["generator_2"] or "output_2",
        dataset=row["dataset"],
    )


def _key(row: dict[str, Any]) -> Key:
    return row["instruction"], row["output_1"], row["output_2"]


def _hash(*texts: str) -> str:
    return sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
