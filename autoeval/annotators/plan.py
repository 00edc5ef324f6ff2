"""Plan: which questions decide each case, in the cases' own order, before anything is asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import NamedTuple, Protocol

from autoeval.annotators.batches import Batches, batches, together
from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.kinds import View
from autoeval.annotators.kinds.base import Fields, said_by, shown_together
from autoeval.annotators.kinds.draws import annotator_of, noise_on
from autoeval.completions.keys import KEY_BYTES, request_key
from autoeval.errors import UsageError, nearest
from autoeval.types import Case, Request, Verdict


class Cases(Protocol):
    """Cases that can be walked through more than once and looked up by index."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Case]: ...
    def __getitem__(self, index: int) -> Case: ...


class Question(NamedTuple):
    """One verdict to be had on one case, as a view shows it.

    `key` is that of the request whose reply holds it, None for a built-in judge. `place` is the answer's place in a
    reply on several things, `n_places` how many there are.
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


class Planned(NamedTuple):
    """A case with the questions that decide it, or with the verdict that needs none (in the case's own order)."""

    case: Case
    known: Verdict | None = None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The questions of a whole run; iterate it as often as needed.

    A prompt is filled in when its request is asked for, and its key is kept from then on, so that reading the replies
    fills in nothing. `repeat` counts how often the same questions, in the same order, were asked before: each time has
    replies of its own. `company` are all the cases, these among them, whose outputs prompts on several show; `index`
    counts them.
    """

    annotator: Annotator
    cases: Cases
    seed: int = 0
    repeat: int = 0
    company: Cases | None = None
    _batches: dict[str, Batches] = field(default_factory=dict)
    _keys: bytearray = field(default_factory=bytearray)

    def __iter__(self) -> Iterator[Planned]:
        """Walk through the cases in their order; requests are made where their keys are not known yet."""
        place = 0
        for case, known, asked in self._walk():
            if place == len(self._keys):
                self._keep_keys(place, self._requests(case, asked))
            questions = []
            for one in asked:
                questions.append(self._question(case, one, place))
                place += 0 if one.judge.is_builtin else KEY_BYTES
            yield Planned(case, known, tuple(questions))

    @property
    def n_questions(self) -> int:
        """How many questions there are at most; identical outputs and equal requests make it fewer."""
        first = next(iter(self.cases), None)
        if first is None:
            return 0
        per_judge = [len(judge.views(first, self.seed)) * judge.samples for judge in self.annotator.judges]
        return len(self.cases) * (sum(per_judge) if self.annotator.combine == "jury" else max(per_judge))

    @property
    def n_requests(self) -> float:
        """How many requests about `n_questions` are; a prompt can ask about several cases."""
        sizes = [self._group_size(judge) for judge in self.annotator.judges if not judge.is_builtin]
        return self.n_questions / (sum(sizes) / len(sizes)) if sizes else 0.0

    def _group_size(self, judge: Judge) -> float:
        if judge.together == 1 or not len(self.cases):
            return judge.batch_size
        self._form_groups()
        return len(self._batches[judge.name].place_of) / max(1, len(self._batches[judge.name].groups))

    def requests(self) -> Iterator[Request]:
        """Walk through everything there is to ask; equal requests may come more than once."""
        place = 0
        for case, _, asked in self._walk():
            requests = self._requests(case, asked)
            self._keep_keys(place, requests)
            place += KEY_BYTES * len(requests)
            yield from requests

    def about(self, case: Case) -> list[Request]:
        """Return the requests about one case as they are sent; none where its verdict is known without asking.

        For judges that are asked about one case at a time.
        """
        return [] if self._known(case) is not None else self._requests(case, self._asked(case))

    def _walk(self) -> Iterator[tuple[Case, Verdict | None, list["_Asked"]]]:
        """Walk through the cases; with the verdict that needs no question, or with what is asked about each."""
        self._form_groups()
        for case in self.cases:
            known = self._known(case)
            yield case, known, [] if known is not None else self._asked(case)

    def _keep_keys(self, place: int, requests: Iterable[Request]) -> None:
        """Keep the keys of the requests about a case, whose place among the keys is its first one's."""
        if place == len(self._keys):
            self._keys.extend(b"".join(map(request_key, requests)))

    def _known(self, case: Case) -> Verdict | None:
        if (known := self.annotator.kind.known(case)) is not None:
            return known
        if not self.annotator.p_label_flip:
            return None
        noise = noise_on(case.conversation, self.seed, self.annotator.p_label_flip)
        return None if noise is None else Verdict(noise, "label noise")

    def _asked(self, case: Case) -> list["_Asked"]:
        asked = []
        for judge in self._judges_of(case):
            if judge.is_builtin:
                asked.append(_Asked(judge, View()))
                continue
            views = judge.views(case, self.seed)
            if len(views) == judge.samples == 1:  # as most, of whom there is nothing to count
                asked.append(_Asked(judge, views[0]))
                continue
            seen: dict[int, int] = {}
            for view in views:
                number = seen.get(view.output, 0)
                asked += [_Asked(judge, view, number, sample) for sample in range(judge.samples)]
                seen[view.output] = number + 1
        return asked

    def _question(self, case: Case, asked: "_Asked", start: int) -> Question:
        judge = asked.judge
        if judge.is_builtin:
            return Question(judge, asked.view)
        key = bytes(self._keys[start : start + KEY_BYTES])
        if not judge.is_grouped:
            return Question(judge, asked.view, key, asked.view.place, asked.view.n_places)
        group, place = self._place(judge, case, asked.view)
        return Question(judge, asked.view, key, place, len(self._batches[judge.name].groups[group]))

    def _place(self, judge: Judge, case: Case, view: View) -> tuple[int, int]:
        """Return which group shows what a view is about, and in which place."""
        item = (case.index, view.output) if judge.together > 1 else case.index
        return self._batches[judge.name].place_of[item]

    def _requests(self, case: Case, asked: Sequence["_Asked"]) -> list[Request]:
        return [self._request(case, one) for one in asked if not one.judge.is_builtin]

    def _request(self, case: Case, asked: "_Asked") -> Request:
        judge = asked.judge
        if judge.is_grouped:
            group, _ = self._place(judge, case, asked.view)
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
        return judge.fields(case, view)

    def _judges_of(self, case: Case) -> Sequence[Judge]:
        judges = self.annotator.judges
        if self.annotator.combine == "jury" or len(judges) == 1:
            return judges
        return [annotator_of(case.conversation, self.seed, list(judges))]

    def _form_groups(self) -> None:
        """Group the cases of each judge whose prompt asks about several."""
        grouped = {judge.name: judge for judge in self.annotator.judges if judge.is_grouped}
        if self._batches or not grouped:
            return
        asked: dict[str, list[tuple[int, str]]] = {name: [] for name in grouped}
        for case in self.company or self.cases:
            if not self._known(case):
                for judge in self._judges_of(case):
                    if judge.name in asked:
                        asked[judge.name].append((case.index, case.conversation))
        self._batches.update({name: self._groups_of(judge, asked[name]) for name, judge in grouped.items()})

    def _groups_of(self, judge: Judge, asked: Sequence[tuple[int, str]]) -> Batches:
        if judge.together > 1:
            outputs = (0,) if judge.kind.n_outputs == 1 else range(1, judge.kind.n_outputs + 1)
            items = [((index, output), text) for index, text in asked for output in outputs]
            return together(items, judge.together, None if judge.order == "fixed" else self.seed)
        indices = [index for index, _ in asked]
        return batches(indices, judge.batch_size, self.seed if judge.shuffle else None, judge.chunk)

    @lru_cache(maxsize=64)  # noqa: B019 - a plan lives as long as its run
    def _batched_request(self, name: str, group: int, number: int, sample: int) -> Request:
        """Return the request about a whole group; `number` is the view of each item that it shows."""
        judge = next(judge for judge in self.annotator.judges if judge.name == name)
        rows, outputs = [], []
        for item in self._batches[name].groups[group]:
            if item is None:
                rows.append(judge.kind.fields(judge.kind.padding, View()))
                continue
            index, output = item if isinstance(item, tuple) else (item, 0)
            case = (self.company or self.cases)[index]
            views = [view for view in judge.views(case, self.seed) if view.output == output]
            rows.append(self._fields(judge, case, views[number]))
            outputs.append(said_by(case, output))
        shown = [shown_together(rows, outputs)] if judge.together > 1 else rows
        return judge.about(shown, self._sample(judge, sample))

    def __hash__(self) -> int:
        return id(self)


def plans_of(annotator: Annotator, models: Sequence[Cases], seed: int) -> list[Plan]:
    """Plan the cases of several models; a judge that is shown outputs together sees theirs in one prompt."""
    if annotator.kind.n_outputs > 1 or all(judge.together == 1 for judge in annotator.judges):
        return [Plan(annotator, cases, seed) for cases in models]
    every = [replace(case, index=index) for index, case in enumerate(chain.from_iterable(models))]
    ends = list(accumulate(map(len, models), initial=0))
    return [Plan(annotator, every[start:end], seed, company=every) for start, end in pairwise(ends)]


def as_one(plans: Sequence[Plan]) -> Sequence[Plan]:
    """Return plans that share prompts as the one that they are to whoever is asked."""
    first = plans[0] if plans else None
    if first is None or first.company is None:
        return plans
    return [Plan(first.annotator, first.company, first.seed, first.repeat)]


class _Asked(NamedTuple):
    """A question before it is written out: `number` counts the views of the case, `sample` the repetitions."""

    judge: Judge
    view: View
    number: int = 0
    sample: int = 0
