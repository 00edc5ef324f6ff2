"""A model's answers paired with those of Arena-Hard's baselines, which differ between categories."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoeval.data.arena_answers import find_answers
from autoeval.data.arena_hard import ArenaSet, in_folder
from autoeval.data.cases import OutputCases, load_cases, refuse_mismatch
from autoeval.data.conversations import ConversationPairs
from autoeval.data.instructions import Instruction
from autoeval.data.loading import expand
from autoeval.errors import UsageError, nearest
from autoeval.types import Case, Output

_ROLE = "--reference_outputs"


def load_baseline_pairs(
    model_outputs: Any,
    reference_outputs: Any,
    questions: Sequence[Instruction],
    arena: ArenaSet,
    baselines: Mapping[str, str] | None = None,
    *,
    near: Iterable[Any] = (),
    name: str | None = None,
    allow_partial: bool = False,
    max_instances: int | None = None,
    strips_thinking: bool = False,
) -> ConversationPairs:
    """Load a model's answers, and pair each with that of its category's baseline.

    Questions whose baseline is the model itself are left out: they would say nothing.

    Args:
        model_outputs: the model's answers; see `load_cases`.
        reference_outputs: the baselines' answers: a folder, or one file a model. A single model meets the answers to
            all questions, whatever their category. None looks for the baselines' files near others, then on the hub.
        questions: of the eval set.
        arena: the eval set.
        baselines: whom the model meets, by category ('' is every other one). Default: the eval set's.
        near: files that may lie in upstream's folder.
        name: what to call the model.
        allow_partial: go on where answers and questions are not the same.
        max_instances: take a sample of that many questions.
        strips_thinking: leave the reasoning out of every answer.

    Raises:
        UsageError: a file is wrong, a baseline is not there, or answers do not cover the same questions.
    """
    model = load_cases(
        model_outputs,
        questions,
        name=name,
        allow_partial=allow_partial,
        max_instances=max_instances,
        strips_thinking=strips_thinking,
    )
    met = Baselines.load([model], reference_outputs, questions, arena, baselines, near, strips_thinking)
    pairs = met.pairs(model, allow_partial)
    if pairs is None:
        raise UsageError(f"{model.generator} is the baseline itself: it has nobody to meet.")
    return pairs


@dataclass(frozen=True)
class Baselines:
    """The answers of those whom models meet, by model and by what the user said; `only` is met on all questions."""

    arena: ArenaSet
    met: Mapping[str, str]
    answers: Mapping[str, Mapping[tuple[str, ...], Output]]
    only: str | None
    n_stripped: int

    @classmethod
    def load(
        cls,
        models: Sequence[OutputCases],
        reference_outputs: Any,
        questions: Sequence[Instruction],
        arena: ArenaSet,
        baselines: Mapping[str, str] | None,
        near: Iterable[Any],
        strips_thinking: bool,
    ) -> "Baselines":
        """Load the answers of the baselines that some models meet; see `load_baseline_pairs`."""
        met = baselines or arena.baselines
        wanted = (
            dict.fromkeys(_baseline(case.dataset, met, arena) for model in models for case in model)
            if reference_outputs is None
            else dict.fromkeys(met.values())
        )
        loaded = {
            one.generator: one
            for source in _sources(reference_outputs, list(wanted), arena, near)
            for one in [
                load_cases(source, questions, role=_ROLE, allow_partial=True, strips_thinking=strips_thinking)
            ]
        }
        only = next(iter(loaded)) if reference_outputs is not None and len(loaded) == 1 else None
        answers = {whose: _by_turns(one) for whose, one in loaded.items()}
        return cls(arena, met, answers, only, sum(one.n_stripped for one in loaded.values()))

    def pairs(self, model: OutputCases, allow_partial: bool) -> ConversationPairs | None:
        """Pair a model's answers with those of its baselines; None for a model that is the baseline itself.

        Raises:
            UsageError: a baseline is not there, or its answers do not cover the same questions.
        """
        pairs: list[Case] = []
        missing: list[Case] = []
        for case in model:
            baseline = self.only or _baseline(case.dataset, self.met, self.arena)
            if baseline not in self.answers:
                raise UsageError(
                    f"{_ROLE}: there are no answers of the baseline {baseline!r}. {nearest(baseline, self.answers)}"
                )
            if baseline == case.generator:
                continue
            said = self.answers[baseline].get(case.turns)
            if said is None:
                missing.append(case)
            else:
                pairs.append(replace(case, index=len(pairs), outputs=(said, case.outputs[0])))
        refuse_mismatch([case.instruction for case in missing], len(model), allow_partial, _ROLE)
        if not pairs:
            return None
        return ConversationPairs(
            pairs=tuple(pairs),
            generator_1=" ".join(dict.fromkeys(pair.generator_1 for pair in pairs)),
            generator_2=model.generator,
            eval_set_hash=model.eval_set_hash,
            n_missing_outputs=model.n_missing_outputs + len(missing),
            n_stripped_1=self.n_stripped,
            n_stripped_2=model.n_stripped,
        )


def _sources(
    reference_outputs: Any, wanted: Sequence[str], arena: ArenaSet, near: Iterable[Any]
) -> Sequence[Any]:
    """Return where the baselines' answers are, one source a model."""
    if reference_outputs is None:
        return [find_answers(arena, baseline, near) for baseline in wanted]
    found = expand(in_folder(reference_outputs, _ROLE), _ROLE)
    named = [path for path in found if isinstance(path, Path) and path.name.split(".jsonl")[0] in wanted]
    return named if wanted and len(named) == len(wanted) else found


def _baseline(category: str | None, baselines: Mapping[str, str], arena: ArenaSet) -> str:
    if not baselines:
        raise UsageError(f"{arena.name} has no baseline of its own: name one model's answers, with {_ROLE}.")
    found = baselines.get(category or "") or baselines.get("")
    if found is None:
        raise UsageError(
            f"whom models meet is not known for the category {category!r} of {arena.name}. "
            f"{nearest(category or '', baselines)} Or name one model's answers: {_ROLE}."
        )
    return found


def _by_turns(cases: OutputCases) -> dict[tuple[str, ...], Output]:
    return {case.turns: case.outputs[0] for case in reversed(cases.cases)}
