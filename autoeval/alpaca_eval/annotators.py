"""The annotators that scripts take from alpaca_eval.annotators; who asks, caches and reads is autoeval."""

import logging
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from autoeval.alpaca_eval.constants import DEFAULT_ANNOTATOR_CONFIG, PRESET
from autoeval.alpaca_eval.single import KEYS, SinglePairwiseAnnotator, judged
from autoeval.alpaca_eval.utils import convert_to_dataframe
from autoeval.annotators.judges import Annotator
from autoeval.annotators.kinds.draws import annotator_of, noise_on
from autoeval.errors import AutoevalError, UsageError
from autoeval.journeys.parameters.asking import Asking, AskingParameters, checked, judge_source, prepare

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, ...]


class _Member(SinglePairwiseAnnotator):
    """One judge of a pool; called with pairs, it returns all of them, with why there is no preference."""

    def __init__(self, asking: Asking, annotator: Annotator, seed: int) -> None:
        self._asking, self.seed = replace(asking, annotator=annotator), seed

    def _annotated(self, pairs: "pd.DataFrame") -> "pd.DataFrame":
        found = judged(self._asking, self.seed, pairs)
        theirs = ("price_per_example", "time_per_example", "raw_completion")
        return found.rename(columns={name: f"preference_{name}" for name in theirs})


class PairwiseAnnotator:
    """A judge, or a pool of them, that says which of two outputs is better.

    Args:
        annotators_config: the judge: a name, a config's folder, or a file.
        seed: decides orders, draws from a pool and noise.
        is_avoid_reannotations: keep the preferences of earlier calls. Replies are cached in any case.
        p_label_flip: with twice this probability a pair gets a coin flip instead of a verdict.
        **asking: base_dir, caching_path, judge_base_url, max_cost, …: what `autoeval.evaluate` takes of this kind.
            Parameters of alpaca_eval's without meaning here are named, and have no effect.

    Raises:
        UsageError: the config or a parameter is wrong.
    """

    def __init__(
        self,
        annotators_config: str | Path | None = DEFAULT_ANNOTATOR_CONFIG,
        seed: int = 0,
        is_avoid_reannotations: bool = True,
        p_label_flip: float | None = None,
        **asking: Any,
    ) -> None:
        parameters = checked(cast("AskingParameters", _formatted(asking, seed)), PairwiseAnnotator)
        self._asking = prepare(judge_source(annotators_config, PRESET, parameters), parameters)
        self.seed, self.is_avoid_reannotations, self.p_label_flip = seed, is_avoid_reannotations, p_label_flip
        self.annotators = {
            annotator.name: _Member(self._asking, annotator, seed)
            for annotator in _members(self._asking.annotator)
        }
        self._known: dict[Key, Mapping[str, Any]] = {}

    @property
    def annotator_name(self) -> str:
        """The name of the judge or the pool."""
        return self._asking.annotator.name

    def __call__(self, to_annotate: Any, chunksize: int | None = 128) -> list[dict[str, Any]]:  # noqa: ARG002
        """Judge pairs; see `annotate_pairs`. Nothing depends on `chunksize`."""
        import pandas as pd

        table = convert_to_dataframe(to_annotate)
        if table.empty:
            return []
        if absent := [name for name in KEYS if name not in table]:
            raise UsageError(
                f"pairs need the field {absent[0]!r}; these have {', '.join(map(str, table.columns))}."
            )
        rows = [{str(name): cell for name, cell in row.items()} for row in table.to_dict(orient="records")]
        drawn = {
            _key(row): annotator_of(str(row["instruction"]), self.seed, list(self.annotators)) for row in rows
        }
        found = {key: verdict for key in drawn if (verdict := self._verdict(key)) is not None}
        failures: Counter[str] = Counter()
        for name, judge in self.annotators.items():
            asked = [key for key, who in drawn.items() if who == name and key not in found]
            frame = pd.DataFrame([dict(zip(KEYS, key, strict=True)) for key in asked], columns=list(KEYS))
            for row in judge(frame.assign(annotator=name)).to_dict(orient="records"):
                key = _key(row)
                failure = row.pop("failure", None)
                if row["preference"] == row["preference"] and row["preference"] is not None and key in drawn:
                    kept = {
                        str(column): cell
                        for column, cell in row.items()
                        if column not in (*KEYS, "annotator")
                    }
                    found[key] = self._known[key] = kept
                elif key in drawn:
                    failures[str(failure).partition(":")[0]] += 1
        _refuse_nothing(found, failures)
        return [
            {**row, "annotator": drawn[_key(row)], **found.get(_key(row), {"preference": None})}
            for row in rows
        ]

    def _verdict(self, key: Key) -> Mapping[str, Any] | None:
        """Return what is known of a pair without asking."""
        instruction, first, second = key
        if first == second:
            return {"preference": 1.5}
        noise = noise_on(instruction, self.seed, self.p_label_flip or 0.0)
        if noise is not None:
            return {"preference": noise}
        return self._known.get(key) if self.is_avoid_reannotations else None

    def annotate_pairs(self, to_annotate: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Judge pairs.

        Args:
            to_annotate: rows with instruction, output_1 and output_2.
            **kwargs: see `__call__`.

        Returns:
            The rows with `annotator` and `preference` (1 to 2; None where there is no verdict), in their order.

        Raises:
            UsageError: a field is missing.
            AutoevalError: not a single pair could be judged.
        """
        return self(to_annotate, **kwargs)

    def annotate_samples(
        self,
        all_outputs: Any,
        keys_to_sample_output_2: Sequence[str] | None = None,
        is_unique_instructions: bool = True,
        p_label_flip: float | None = None,
        is_multisample_list: bool = True,
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Pair different outputs for the same instruction by chance, and judge them.

        Args:
            all_outputs: rows with `instruction` and `output`.
            keys_to_sample_output_2: what two outputs of a pair share. Default: the instruction.
            is_unique_instructions: one pair an instruction; else one for each of its outputs.
            p_label_flip: in place of the annotator's own for this call.
            is_multisample_list: `output` is a list of outputs; else there is a row for each.
            **kwargs: see `__call__`.

        Returns:
            See `annotate_pairs`.
        """
        keys = list(keys_to_sample_output_2 or ["instruction"])
        table = convert_to_dataframe(all_outputs)
        if is_multisample_list:
            table = table.explode("output").assign(sample_id=lambda rows: rows.groupby(level=0).cumcount())
        pairs = table.drop_duplicates([*keys, "output"]).rename(columns={"output": "output_1"})
        pairs = pairs.sort_values(keys, kind="stable").reset_index(drop=True)
        pairs["output_2"] = pairs.groupby(keys)["output_1"].transform(
            lambda outputs: outputs.to_numpy()[_derangement(len(outputs), self.seed)]
        )
        if is_unique_instructions:
            pairs = pairs.drop_duplicates("instruction")
        own = self.p_label_flip
        self.p_label_flip = own if p_label_flip is None else p_label_flip
        try:
            return self(pairs, **kwargs)
        finally:
            self.p_label_flip = own

    def annotate_head2head(
        self,
        outputs_1: Any,
        outputs_2: Any,
        keys_to_merge: Sequence[str] | None = None,
        is_ordered: bool = False,
        **kwargs: Any,
    ) -> list[dict[str, Any]]:
        """Judge two models' outputs on what both have.

        Args:
            outputs_1: rows of the reference, with `output`.
            outputs_2: rows of the model.
            keys_to_merge: what two rows of a pair share. Default: the instruction.
            is_ordered: pair the rows by their place besides; else every output of one with every one of the other.
            **kwargs: see `__call__`.

        Returns:
            See `annotate_pairs`.
        """
        keys = list(keys_to_merge or ["instruction"])
        tables = [convert_to_dataframe(rows) for rows in (outputs_1, outputs_2)]
        if is_ordered:
            keys.append("_place")
            tables = [table.assign(_place=range(len(table))) for table in tables]
        first, second = tables
        pairs = first.merge(second, on=keys, suffixes=("_1", "_2")).drop(columns="_place", errors="ignore")
        for name in [
            str(name)
            for name in first.columns
            if name in second and name not in (*keys, "output", "generator")
        ]:
            if pairs[f"{name}_1"].equals(pairs[f"{name}_2"]):
                pairs = pairs.rename(columns={f"{name}_1": name}).drop(columns=f"{name}_2")
        if not is_ordered:
            pairs = pairs.loc[~pairs.astype(str).duplicated()]
        return self(pairs, **kwargs)


def _key(row: Mapping[Any, Any]) -> Key:
    return tuple(str(row[name]) for name in KEYS)


def _derangement(n: int, seed: int) -> list[int]:
    """Return a random order of n places in which none is where it was; of one place, that one."""
    places, draw = list(range(n)), random.Random(seed)
    while n > 1:
        draw.shuffle(places)
        if all(number != place for number, place in enumerate(places)):
            break
    return places


def _members(annotator: Annotator) -> list[Annotator]:
    """Return the judges of a pool, each alone; a jury stays whole."""
    if annotator.combine == "jury":
        return [annotator]
    return [replace(annotator, name=judge.name, judges=(judge,)) for judge in annotator.judges]


def _formatted(asking: dict[str, Any], seed: int) -> dict[str, Any]:
    """Put the seed into a cache's name, which may hold `{seed}` there."""
    path = asking.get("caching_path")
    return {**asking, "caching_path": str(path).format(seed=seed)} if isinstance(path, str | Path) else asking


def _refuse_nothing(found: Mapping[Key, Any], failures: Counter[str]) -> None:
    if failures and not found:
        reason, _ = failures.most_common(1)[0]
        raise AutoevalError(f"not one of {failures.total()} pairs could be judged: {reason}.")
    for reason, count in failures.items():
        logging.warning("%d pairs have no preference: %s", count, reason)
