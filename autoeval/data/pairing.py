"""Outputs to pairs: each instruction of the reference with the model's output for it.

Everything that would make a win rate misleading is refused here, before anything is spent.
"""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from autoeval.data.flaws import Flaws
from autoeval.data.instructions import check_max_instances
from autoeval.data.loading import Rows, Source, expand
from autoeval.data.mismatches import Mismatch, find_mismatch, refuse_conflicts, refuse_mismatch
from autoeval.data.records import MODEL, REFERENCE, Record, read_records
from autoeval.data.spool import REFERENCE_SIDE, PairedRow, Spool
from autoeval.errors import AutoevalError, UsageError
from autoeval.texts.thinking import without_thinking
from autoeval.types import Case

DEFAULT_MODEL_NAME = "Current model"  # AlpacaEval's, where nothing names the model
_DEFAULT_REFERENCE_NAME = "reference"
_GENERIC_FILE_NAMES = ("model_outputs", "outputs", "reference_outputs")  # their folder says more


class _Spooled:
    """What stands on a temporary database until it is closed."""

    _spool: Spool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary database; pairs that were loaded together share one."""
        self._spool.close()


class Pairs(_Spooled):
    """The pairs of one model with the reference, in the reference's order, as often as wanted.

    Attributes:
        generator_1: the reference's name (several, joined by commas, where its rows name several).
        generator_2: the model's name.
        n_missing_outputs: instructions of the eval set for which the model has no output.
        n_extra: instructions of the model that the reference does not have.
        n_replaced_characters: lone surrogates that were replaced by U+FFFD, on both sides.
        n_stripped_1: outputs of the reference that reasoning was left out of.
        n_stripped_2: outputs of the model that reasoning was left out of.
        datasets: names of the subsets, in order.
        eval_set_hash: identifies the set of instructions, whatever their order, missing ones included.
    """

    def __init__(self, spool: Spool, reference: "_Side", model: "_Side", mismatch: Mismatch) -> None:
        self._spool = spool
        self._side = model.side
        self._length = spool.pair(model.side)
        self.generator_1 = reference.name
        self.generator_2 = model.name
        self.n_missing_outputs = mismatch.n_missing
        self.n_extra = mismatch.n_extra
        self.n_replaced_characters = reference.n_replaced_characters + model.n_replaced_characters
        self.n_stripped_1, self.n_stripped_2 = reference.n_stripped, model.n_stripped
        self.datasets = spool.datasets(model.side)
        self.eval_set_hash = spool.eval_set_hash

    @property
    def reference(self) -> str:
        """What the outputs are judged against."""
        return self.generator_1

    def flaws(self) -> tuple[Flaws, Flaws]:
        """Count what is wrong with the reference's outputs, and with the model's."""
        return self._spool.flaws(self._side)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Case]:
        return map(self._pair, self._spool.pairs(self._side))

    def __getitem__(self, index: int) -> Case:
        if not -self._length <= index < self._length:
            raise IndexError(f"there is no pair {index}; there are {self._length}")
        return self._pair(self._spool.pair_at(self._side, index % self._length))

    def _pair(self, row: PairedRow) -> Case:
        return Case.pair(
            index=row.number,
            instruction=row.instruction,
            output_1=row.output_1,
            output_2=row.output_2,
            generator_1=row.generator_1 or self.generator_1,
            generator_2=self.generator_2,
            dataset=row.dataset,
            sample=row.sample,
        )


class PairsByGenerator(_Spooled, Mapping[str, Pairs]):
    """The pairs of many models with one reference, by the model's name, in the order they were found in."""

    def __init__(self, spool: Spool, pairs: dict[str, Pairs]) -> None:
        self._spool = spool
        self._pairs = pairs

    def __getitem__(self, generator: str) -> Pairs:
        return self._pairs[generator]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


def load_pairs(
    model_outputs: Source,
    reference_outputs: Source,
    *,
    name: str | None = None,
    allow_partial: bool = False,
    max_instances: int | None = None,
    seed: int = 0,
    strips_thinking: bool = False,
) -> Pairs:
    """Load a model's outputs and the reference's, and pair them by instruction.

    An `input` column is merged into the instruction. Columns are `instruction`, `output` (or `output_1` in
    the reference, `output_2` in the model's), and optionally `generator`, `dataset` and, where a model has
    several outputs an instruction, `sample`.

    Args:
        model_outputs: any source that `loading` reads.
        reference_outputs: the same; its instructions are the eval set.
        name: what to call the model; otherwise its `generator` column does, or its file.
        allow_partial: go on with what pairs where either side lacks instructions of the other.
        max_instances: take a sample of that many instructions, the same for every model.
        seed: decides which.
        strips_thinking: leave the reasoning out of every output, the reference's too.

    Raises:
        UsageError: something is wrong with a row, or the two sides do not fit together.
    """
    check_max_instances(max_instances)
    spool = Spool()
    with _filled(spool):
        reference = _spool_reference(spool, reference_outputs, strips_thinking)
        model = _spool_model(spool, model_outputs, name, strips_thinking)
        spool.index()
        refuse_conflicts(spool)
        spool.choose_eval_set(max_instances, seed)
        mismatch = find_mismatch(spool, model.side)
        refuse_mismatch(mismatch, "--model_outputs", allow_partial)
        return Pairs(spool, reference, model, mismatch)


def load_pairs_by_generator(
    all_model_outputs: Source,
    reference_outputs: Source,
    *,
    allow_partial: bool = False,
    max_instances: int | None = None,
    seed: int = 0,
    role: str = "--all_model_outputs",
    strips_thinking: bool = False,
) -> PairsByGenerator:
    """Load the outputs of many models, told apart by `generator` or by file, and pair each of them.

    The arguments and the errors are those of `load_pairs`; `role` is the flag that named the outputs.
    """
    check_max_instances(max_instances)
    spool = Spool()
    with _filled(spool):
        reference = _spool_reference(spool, reference_outputs, strips_thinking)
        models = _spool_models(spool, all_model_outputs, role, strips_thinking)
        spool.index()
        refuse_conflicts(spool)
        spool.choose_eval_set(max_instances, seed)
        pairs = {}
        for model in models:
            mismatch = find_mismatch(spool, model.side)
            refuse_mismatch(mismatch, f"{role}, generator {model.name!r}", allow_partial)
            pairs[model.name] = Pairs(spool, reference, model, mismatch)
        return PairsByGenerator(spool, pairs)


@dataclass
class _Side:
    """Whose outputs they are, as the spool calls it and as people do."""

    side: str
    name: str
    strips_thinking: bool
    n_replaced_characters: int = 0
    n_stripped: int = 0
    generators: dict[str, str] = field(default_factory=dict)  # each with the place where it came first

    def taken(self, record: Record) -> Record:
        """Note a record, and return it as it is judged."""
        self.n_replaced_characters += record.n_replaced_characters
        if record.generator is not None:
            self.generators.setdefault(record.generator, record.where)
        if not self.strips_thinking or (answer := without_thinking(record.output)) == record.output:
            return record
        self.n_stripped += 1
        return record._replace(output=answer)


def _spool_reference(spool: Spool, source: Source, strips_thinking: bool) -> _Side:
    sources = expand(source, "--reference_outputs")
    side = _Side(REFERENCE_SIDE, name_of(sources) or _DEFAULT_REFERENCE_NAME, strips_thinking)

    def records() -> Iterator[tuple[str, Record]]:
        for record in read_records(Rows(sources, "--reference_outputs"), REFERENCE):
            if record.sample:
                raise UsageError(
                    f"{record.where}: a reference has one output for each instruction, and this is `sample` "
                    f"{record.sample}. Keep the rows whose `sample` is 0."
                )
            yield REFERENCE_SIDE, side.taken(record)

    spool.add(records())
    side.name = ", ".join(side.generators) or side.name
    return side


def _spool_model(spool: Spool, source: Source, name: str | None, strips_thinking: bool) -> _Side:
    sources = expand(source, "--model_outputs")
    side = _Side("model", name_of(sources) or DEFAULT_MODEL_NAME, strips_thinking)

    def records() -> Iterator[tuple[str, Record]]:
        for record in read_records(Rows(sources, "--model_outputs"), MODEL):
            taken = side.taken(record)
            if len(side.generators) > 1 and name is None:
                (first, where), (second, _) = side.generators.items()
                raise UsageError(
                    f"{record.where}: `generator` is {second!r}, but {where} is by {first!r}. Keep one "
                    "model's rows, pass --name to take them as one, or rank many with make_leaderboard."
                )
            yield side.side, taken

    spool.add(records())
    side.name = _whole(name or next(iter(side.generators), side.name))
    return side


def _spool_models(spool: Spool, source: Source, role: str, strips_thinking: bool) -> Iterable[_Side]:
    models: dict[str, _Side] = {}

    def records() -> Iterator[tuple[str, Record]]:
        for entry in expand(source, role):
            file_name = name_of([entry])
            for record in read_records(Rows([entry], role), MODEL):
                name = record.generator or file_name
                if name is None:
                    raise UsageError(f"{record.where} has no `generator`. Name the model in that column.")
                side = models.setdefault(name, _Side(name, name, strips_thinking))
                yield name, side.taken(record)

    spool.add(records())
    return models.values()


def _whole(name: str) -> str:
    """Replace halves of characters in a name, which nothing can be written with."""
    return name.encode("utf-8", "replace").decode()


def name_of(sources: list[Source]) -> str | None:
    """Return what a single file, or its folder, is called; None for anything else."""
    match sources:
        case [Path() as path]:
            stem = Path(path.name.removesuffix(".gz")).stem
            return path.absolute().parent.name if stem in _GENERIC_FILE_NAMES else stem
        case _:
            return None


@contextmanager
def _filled(spool: Spool) -> Iterator[None]:
    """Close a spool that could not be filled, and say why where the disk for temporary files is full."""
    try:
        yield
    except sqlite3.OperationalError as error:
        spool.close()
        raise AutoevalError(
            f"the outputs cannot be put aside in the folder for temporary files ({tempfile.gettempdir()}): {error}. "
            "Free some space there, or name another folder in TMPDIR."
        ) from None
    except BaseException:
        spool.close()
        raise


def name_of_source(source: Source, role: str) -> str | None:
    """Return the model's name that a source's file or folder tells; None where it tells none.

    Raises:
        UsageError: there is no such file.
    """
    return name_of(expand(source, role))
