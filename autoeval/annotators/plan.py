"""Plan: which questions decide each pair, in the pairs' own order, before anything is asked.

Every draw depends on the instruction and the seed alone, and is made as AlpacaEval makes it, so that replies
recorded by that tool answer the same questions here.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeVar

from autoeval.annotators.batches import Batches, batches
from autoeval.annotators.config import Annotator, Judge
from autoeval.prompting.templates import nonce
from autoeval.types import Pair, Request, Verdict

T = TypeVar("T")


class Pairs(Protocol):
    """Pairs that can be walked through more than once and looked up by index."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Pair]: ...
    def __getitem__(self, index: int) -> Pair: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One verdict to be had on one pair.

    `request` is None for a built-in judge. `place` is the pair's place in a prompt on several, `n_places` how
    many there are.
    """

    judge: Judge
    is_switched: bool
    request: Request | None
    place: int = 0
    n_places: int = 1


@dataclass(frozen=True, slots=True)
class PlannedPair:
    """A pair with the questions that decide it, or with the verdict that needs none (in the pair's own order)."""

    pair: Pair
    known: Verdict | None = None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The questions of a whole run; iterate it as often as needed.

    `repeat` counts how often the same questions, in the same order, were asked before: each time has replies of
    its own.
    """

    annotator: Annotator
    pairs: Pairs
    seed: int = 0
    repeat: int = 0
    _batches: dict[str, Batches] = field(default_factory=dict)

    def __iter__(self) -> Iterator[PlannedPair]:
        """Walk through the pairs in their order."""
        if not self._batches:
            self._batches.update(self._group())
        for pair in self.pairs:
            known = self._known(pair)
            yield PlannedPair(pair, known, () if known else tuple(self._questions(pair)))

    @property
    def n_questions(self) -> int:
        """How many questions there are at most; identical outputs and equal requests make it fewer."""
        per_judge = [(2 if judge.order == "both" else 1) * judge.samples for judge in self.annotator.judges]
        return len(self.pairs) * (sum(per_judge) if self.annotator.combine == "jury" else max(per_judge))

    @property
    def n_requests(self) -> float:
        """How many requests about `n_questions` are; a prompt can ask about several pairs."""
        sizes = [judge.batch_size for judge in self.annotator.judges if not judge.is_builtin]
        return self.n_questions / (sum(sizes) / len(sizes)) if sizes else 0.0

    def requests(self) -> Iterator[Request]:
        """Walk through everything there is to ask; equal requests may come more than once."""
        for planned in self:
            for question in planned.questions:
                if question.request is not None:
                    yield question.request

    def _known(self, pair: Pair) -> Verdict | None:
        if pair.output_1 == pair.output_2:
            return Verdict(1.5, "the outputs are identical")
        noise = noise_on(pair.instruction, self.seed, self.annotator.p_label_flip)
        return None if noise is None else Verdict(noise, "label noise")

    def _questions(self, pair: Pair) -> Iterator[Question]:
        for judge in self._judges_of(pair):
            if judge.is_builtin:
                yield Question(judge, is_switched=False, request=None)
                continue
            for turn, is_switched in enumerate(self._orders(judge, pair)):
                for sample in range(judge.samples):
                    if judge.batch_size > 1:
                        group, place = self._batches[judge.name].place_of[pair.index]
                        request = self._batched_request(judge.name, group, turn, sample)
                        yield Question(judge, is_switched, request, place, judge.batch_size)
                    else:
                        request = self._request(judge, (pair,), (is_switched,), sample)
                        yield Question(judge, is_switched, request)

    def _judges_of(self, pair: Pair) -> list[Judge]:
        judges = list(self.annotator.judges)
        if self.annotator.combine == "jury" or len(judges) == 1:
            return judges
        return [annotator_of(pair.instruction, self.seed, judges)]

    def _orders(self, judge: Judge, pair: Pair) -> list[bool]:
        if judge.order == "both":
            return [False, True]
        return [judge.order == "random" and is_switched(pair.instruction, self.seed)]

    def _request(
        self, judge: Judge, pairs: tuple[Pair | None, ...], switched: tuple[bool, ...], sample: int
    ) -> Request:
        assert judge.prompt is not None
        rows = [fields_of(pair, is_switched) for pair, is_switched in zip(pairs, switched, strict=True)]
        return Request(
            endpoint=judge.endpoint,
            model=judge.model,
            messages=judge.prompt.messages(rows),
            prompt=judge.prompt.text(rows),
            parameters=judge.parameters,
            sample=(self.seed + self.repeat) * judge.samples + sample,
            needs=judge.parser.needs if judge.parser else frozenset(),
        )

    def _group(self) -> dict[str, Batches]:
        """Group the pairs of each judge whose prompt asks about several."""
        batched = {judge.name: judge for judge in self.annotator.judges if judge.batch_size > 1}
        if not batched:
            return {}
        indices: dict[str, list[int]] = {name: [] for name in batched}
        for pair in self.pairs:
            if not self._known(pair):
                for judge in self._judges_of(pair):
                    if judge.name in indices:
                        indices[judge.name].append(pair.index)
        return {
            name: batches(indices[name], judge.batch_size, self.seed if judge.shuffle else None, judge.chunk)
            for name, judge in batched.items()
        }

    @lru_cache(maxsize=64)  # noqa: B019 - a plan lives as long as its run
    def _batched_request(self, name: str, group: int, turn: int, sample: int) -> Request:
        """Return the request about a whole group; `turn` is the place in the orders that each pair is shown in."""
        judge = next(judge for judge in self.annotator.judges if judge.name == name)
        pairs = tuple(
            None if index is None else self.pairs[index] for index in self._batches[name].groups[group]
        )
        switched = tuple(pair is not None and self._orders(judge, pair)[turn] for pair in pairs)
        return self._request(judge, pairs, switched, sample)

    def __hash__(self) -> int:
        return id(self)


def annotator_of(instruction: str, seed: int, pool: list[T]) -> T:
    """Draw the annotator of a pool that judges an instruction."""
    return pool[0] if len(pool) == 1 else _draw("annotator", instruction, seed, pool)


def noise_on(instruction: str, seed: int, p_label_flip: float) -> float | None:
    """Draw the coin flip that an instruction gets instead of a verdict; None where it gets none."""
    if not p_label_flip:
        return None
    weights = [1 - 2 * p_label_flip, p_label_flip, p_label_flip]
    return _draw("noisy_preference", instruction, seed, [None, 1.0, 2.0], weights)


@lru_cache(maxsize=4096)
def is_switched(instruction: str, seed: int) -> bool:
    """Return whether `order: random` shows output 2 first.

    Args:
        instruction: as loaded, after `input` is merged.
        seed: of the run.
    """
    return _draw("is_switched_outputs", instruction, seed, [False, True])


def fields_of(pair: Pair | None, is_switched: bool) -> dict[str, str]:
    """Return what a prompt template may use of a pair as shown; None is padding, in a prompt on several pairs.

    `output_1` and `output_2` are the outputs as shown, under the names that AlpacaEval's templates use.
    """
    instruction, outputs = (
        ("1+1=", ("2", "3")) if pair is None else (pair.instruction, (pair.output_1, pair.output_2))
    )
    first, second = outputs[::-1] if is_switched else outputs
    return {
        "instruction": instruction,
        "first": first,
        "second": second,
        "output_1": first,
        "output_2": second,
        "nonce": nonce(instruction, *sorted(outputs)),
    }


def _draw(
    purpose: str, instruction: str, seed: int, choices: list[T], weights: list[float] | None = None
) -> T:
    generator = random.Random(f"{purpose}{instruction}{seed}")
    return generator.choices(choices, weights=weights, k=1)[0]
