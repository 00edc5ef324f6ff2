"""Plan: which questions decide each case, in the cases' own order, before anything is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from autoeval.annotators.batches import Batches, batches
from autoeval.annotators.config import Annotator, Judge
from autoeval.annotators.kinds import View
from autoeval.annotators.kinds.base import Fields
from autoeval.annotators.kinds.draws import annotator_of, noise_on
from autoeval.completions.keys import KEY_BYTES, request_key
from autoeval.errors import UsageError, nearest
from autoeval.types import Case, Request, Verdict


class Cases(Protocol):
    """Cases that can be walked through more than once and looked up by index."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Case]: ...
    def __getitem__(self, index: int) -> Case: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One verdict to be had on one case, as a view shows it.

    `key` is that of the request whose reply holds it, None for a built-in judge. `place` is the case's place in a
    prompt on several, `n_places` how many there are.
    """

    judge: Judge
    view: View
    key: bytes | None = None
    place: int = 0
    n_places: int = 1

    @property
    def is_switched(self) -> bool:
        """Whether the outputs change places for it."""
        return self.view.is_switched


@dataclass(frozen=True, slots=True)
class Planned:
    """A case with the questions that decide it, or with the verdict that needs none (in the case's own order)."""

    case: Case
    known: Verdict | None = None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The questions of a whole run; iterate it as often as needed.

    A prompt is filled in when its request is asked for, and its key is kept from then on, so that reading the replies
    fills in nothing. `repeat` counts how often the same questions, in the same order, were asked before: each time has
    replies of its own.
    """

    annotator: Annotator
    cases: Cases
    seed: int = 0
    repeat: int = 0
    _batches: dict[str, Batches] = field(default_factory=dict)
    _keys: bytearray = field(default_factory=bytearray)

    def __iter__(self) -> Iterator[Planned]:
        """Walk through the cases in their order."""
        return (planned for planned, _ in self._walk(with_requests=False))

    @property
    def n_questions(self) -> int:
        """How many questions there are at most; identical outputs and equal requests make it fewer."""
        per_judge = [(2 if judge.order == "both" else 1) * judge.samples for judge in self.annotator.judges]
        of_a_view = sum(per_judge) if self.annotator.combine == "jury" else max(per_judge)
        return len(self.cases) * self._n_views * of_a_view

    @property
    def n_requests(self) -> float:
        """How many requests about `n_questions` are; a prompt can ask about several cases."""
        sizes = [judge.batch_size for judge in self.annotator.judges if not judge.is_builtin]
        return self.n_questions / (sum(sizes) / len(sizes)) if sizes else 0.0

    @property
    def _n_views(self) -> int:
        """How many questions the first case is in one order, which the others are alike in: one a turn."""
        first = next(iter(self.cases), None)
        return 1 if first is None else len(self.annotator.kind.views(first, "fixed", self.seed))

    def requests(self) -> Iterator[Request]:
        """Walk through everything there is to ask; equal requests may come more than once."""
        for _, requests in self._walk(with_requests=True):
            yield from requests

    def about(self, case: Case) -> list[Request]:
        """Return the requests about one case as they are sent; none where its verdict is known without asking.

        For judges that are asked about one case at a time.
        """
        return [] if self._known(case) is not None else self._requests(case, self._asked(case))

    def _walk(self, with_requests: bool) -> Iterator[tuple[Planned, list[Request]]]:
        """Walk through the cases; with the requests about each, or without where their keys are known already."""
        if not self._batches:
            self._batches.update(self._group())
        place = 0
        for case in self.cases:
            known = self._known(case)
            if known is not None:
                yield Planned(case, known), []
                continue
            asked = self._asked(case)
            end = place + KEY_BYTES * sum([not one.judge.is_builtin for one in asked])
            requests = [] if end <= len(self._keys) and not with_requests else self._requests(case, asked)
            if place == len(self._keys):
                self._keys.extend(b"".join(map(request_key, requests)))
            questions = []
            for one in asked:
                questions.append(self._question(case, one, place))
                place += 0 if one.judge.is_builtin else KEY_BYTES
            yield Planned(case, None, tuple(questions)), requests

    def _known(self, case: Case) -> Verdict | None:
        if (known := self.annotator.kind.known(case)) is not None:
            return known
        noise = noise_on(case.conversation, self.seed, self.annotator.p_label_flip)
        return None if noise is None else Verdict(noise, "label noise")

    def _asked(self, case: Case) -> list["_Asked"]:
        asked = []
        for judge in self._judges_of(case):
            if judge.is_builtin:
                asked.append(_Asked(judge, View()))
                continue
            for number, view in enumerate(judge.kind.views(case, judge.order, self.seed)):
                asked += [_Asked(judge, view, number, sample) for sample in range(judge.samples)]
        return asked

    def _question(self, case: Case, asked: "_Asked", start: int) -> Question:
        judge = asked.judge
        if judge.is_builtin:
            return Question(judge, asked.view)
        key = bytes(self._keys[start : start + KEY_BYTES])
        place = self._batches[judge.name].place_of[case.index][1] if judge.batch_size > 1 else 0
        return Question(judge, asked.view, key, place, judge.batch_size)

    def _requests(self, case: Case, asked: Sequence["_Asked"]) -> list[Request]:
        return [self._request(case, one) for one in asked if not one.judge.is_builtin]

    def _request(self, case: Case, asked: "_Asked") -> Request:
        judge = asked.judge
        if judge.batch_size > 1:
            group, _ = self._batches[judge.name].place_of[case.index]
            return self._batched_request(judge.name, group, asked.number, asked.sample)
        return judge.about([self._fields(judge, case, asked.view)], self._sample(judge, asked.sample))

    def _sample(self, judge: Judge, sample: int) -> int:
        return (self.seed + self.repeat) * judge.samples + sample

    def _fields(self, judge: Judge, case: Case, view: View) -> Fields:
        for name in judge.columns:
            if name not in case.fields:
                raise UsageError(
                    f"case {case.index + 1} has no column {name!r}, which the prompt of {judge.name} shows. "
                    f"{nearest(name, case.fields)}"
                )
        fields = judge.kind.fields(case, view)
        return {**fields, "rubric": judge.rubric} if judge.rubric else fields

    def _judges_of(self, case: Case) -> list[Judge]:
        judges = list(self.annotator.judges)
        if self.annotator.combine == "jury" or len(judges) == 1:
            return judges
        return [annotator_of(case.conversation, self.seed, judges)]

    def _group(self) -> dict[str, Batches]:
        """Group the cases of each judge whose prompt asks about several."""
        batched = {judge.name: judge for judge in self.annotator.judges if judge.batch_size > 1}
        if not batched:
            return {}
        indices: dict[str, list[int]] = {name: [] for name in batched}
        for case in self.cases:
            if not self._known(case):
                for judge in self._judges_of(case):
                    if judge.name in indices:
                        indices[judge.name].append(case.index)
        return {
            name: batches(indices[name], judge.batch_size, self.seed if judge.shuffle else None, judge.chunk)
            for name, judge in batched.items()
        }

    @lru_cache(maxsize=64)  # noqa: B019 - a plan lives as long as its run
    def _batched_request(self, name: str, group: int, number: int, sample: int) -> Request:
        """Return the request about a whole group; `number` is the view of each case that it shows."""
        judge = next(judge for judge in self.annotator.judges if judge.name == name)
        kind = judge.kind
        rows = []
        for index in self._batches[name].groups[group]:
            if index is None:
                rows.append(kind.fields(kind.padding, View()))
            else:
                case = self.cases[index]
                rows.append(self._fields(judge, case, kind.views(case, judge.order, self.seed)[number]))
        return judge.about(rows, self._sample(judge, sample))

    def __hash__(self) -> int:
        return id(self)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question before it is written out: `number` counts the views of the case, `sample` the repetitions."""

    judge: Judge
    view: View
    number: int = 0
    sample: int = 0
