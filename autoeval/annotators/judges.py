"""A judge that is ready to be asked, and the annotator that one or several of them make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from autoeval.annotators.comparing import Comparison
from autoeval.annotators.config import Aspect, Disagreement, Order
from autoeval.annotators.kinds import PAIRWISE, Kind, View
from autoeval.annotators.kinds.base import Fields
from autoeval.annotators.parsers import Parser
from autoeval.metrics.estimates import Adjustment
from autoeval.prompting.asker import Asker
from autoeval.types import PREFERENCE, Case, Scale


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a judge is told where its reply has not come to a verdict, and how many times at most."""

    text: str
    times: int = 1


@dataclass(frozen=True)
class Judge(Asker):
    """One judge, ready to be asked. `prompt` and `parser` are None for the built-in ones.

    Its verdicts are of a `kind` and on a `scale`. Judges of AlpacaEval's dialect can ask about `batch_size` pairs in
    one prompt, grouped in a seeded random order with `shuffle` and within stretches of `chunk` pairs. A judge of single
    outputs can rate `aspects`, by name, and be shown up to `together` outputs for one instruction in one prompt.
    `follow_up` is what one that has not come to a verdict is told. A slight win of an output that is longer by more
    than `slight_win_margin` characters is a tie.
    """

    parser: Parser | None = None
    kind: Kind = PAIRWISE
    scale: Scale = PREFERENCE
    order: Order = "random"
    disagreement: Disagreement = "mean"
    samples: int = 1
    columns: tuple[str, ...] = ()
    rubric: str = ""
    aspects: Mapping[str, Aspect] = field(default_factory=dict)
    together: int = 1
    comparison: Comparison | None = None
    adjustment: Adjustment | None = None
    follow_up: FollowUp | None = None
    slight_win_margin: int | None = None
    batch_size: int = 1
    shuffle: bool = False
    chunk: int | None = None

    @cached_property
    def is_builtin(self) -> bool:
        """Whether the verdict is known without asking."""
        return self.endpoint.provider == "builtin"

    @cached_property
    def is_grouped(self) -> bool:
        """Whether one prompt asks about several cases."""
        return self.batch_size > 1 or self.together > 1

    def views(self, case: Case, seed: int) -> Sequence[View]:
        """Return the questions about a case; each aspect of an output is one, about all that was said."""
        views = self.kind.views(case, self.order, seed)
        if not self.aspects:
            return views
        last = {view.output: view for view in views}
        return [replace(view, aspect=name) for view in last.values() for name in self.aspects]

    def fields(self, case: Case, view: View) -> Fields:
        """Return what the prompt can show of a case in a view."""
        fields = self.kind.fields(case, view)
        if view.aspect:
            return {
                **fields,
                "aspect": view.aspect.replace("_", " "),
                "rubric": self.aspects[view.aspect].text,
            }
        return {**fields, "rubric": self.rubric} if self.rubric else fields

    @property
    def needs(self) -> frozenset[str]:
        """The parameters of a request without which its parser finds nothing to read."""
        return self.parser.needs if self.parser else frozenset()


@dataclass(frozen=True)
class Annotator:
    """One judge, a pool or a jury, all of one kind.

    `fingerprint` is a hash of everything that decides its verdicts, `source` what named it: a shipped config, a folder
    or a file.
    """

    name: str
    judges: Sequence[Judge]
    combine: Literal["pool", "jury"] = "jury"
    p_label_flip: float = 0.0
    description: str = ""
    fingerprint: str = ""
    prompt_hash: str = ""
    source: str | Path = field(default="", compare=False)

    @property
    def kind(self) -> Kind:
        """What is asked of its judges."""
        return self.judges[0].kind

    @property
    def scale(self) -> Scale:
        """The numbers that its verdicts are."""
        return self.judges[0].scale

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns besides outputs that its prompts show."""
        return tuple(dict.fromkeys(name for judge in self.judges for name in judge.columns))

    @property
    def aspects(self) -> tuple[str, ...]:
        """What its judges rate, where they rate several things."""
        return tuple(dict.fromkeys(name for judge in self.judges for name in judge.aspects))

    @property
    def adjustment(self) -> Adjustment | None:
        """How its scores are said otherwise besides."""
        return self.judges[0].adjustment

    @property
    def models(self) -> list[str]:
        """The models asked, each once."""
        return list(dict.fromkeys(judge.model for judge in self.judges))

    @property
    def provider(self) -> str | None:
        """Who serves its judges; `several` where they are not served by one."""
        return common_provider([judge.endpoint.provider for judge in self.judges])


def common_provider(providers: Sequence[str | None]) -> str | None:
    """Return the one provider of judges, `several` where there are more, None where none is known."""
    names = {name for name in providers if name is not None}
    return names.pop() if len(names) == 1 else "several" if names else None
