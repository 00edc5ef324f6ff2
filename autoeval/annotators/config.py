"""What a YAML file may say about an annotator."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidatorFunctionWrapHandler, field_validator, model_validator

from autoeval.annotators.kinds import COMPARED, KINDS, PAIRWISE, REVIEWED, find_kind
from autoeval.annotators.parsers import AnyParser
from autoeval.plugins import plugins
from autoeval.prompting.config import ModelConfig, Strict
from autoeval.texts.patterns import lazy_pattern
from autoeval.types import Scale

Order = Literal["random", "both", "fixed"]
Disagreement = Literal["mean", "tie"]
_ASPECT = lazy_pattern(r"(?!(?:turn_\d+|score|low|high|standard_error|judge|mode)$)[a-z][a-z0-9_]*")
_PARSERS = frozenset(
    get_args(parser.model_fields["kind"].annotation)[0] for parser in get_args(get_args(AnyParser)[0])
)


class Rubric(Strict):
    """What outputs are graded by: a question, and what each grade means."""

    criterion: str
    """The question."""
    grades: Annotated[dict[int, str], Field(min_length=2)]
    """What each grade means."""

    @property
    def text(self) -> str:
        """The rubric as a prompt shows it under `rubric`."""
        grades = (f"{grade}: {meaning}" for grade, meaning in sorted(self.grades.items()))
        return "\n".join([self.criterion, *grades])


class Aspect(Rubric):
    """One of several things that each output is rated for, by a rubric of its own."""

    optional: bool = False
    """Whether the judge may say that it does not apply to an output (`N/A`)."""


class AdjustedConfig(Strict):
    """A score said otherwise: (score − `middle`) · `stretch`."""

    middle: float
    """What becomes 0."""
    stretch: Annotated[float, Field(gt=0)]
    """What a difference is multiplied with."""


class JudgeConfig(ModelConfig):
    """One judge: a model, its prompt, and how its reply is read."""

    kind: str = PAIRWISE.name
    """`pairwise`: which of two outputs is better; `single`: how good one is; `compared`: each of two is scored by
    itself, and the better score wins; `reviewed`: one reply scores both, and the better score wins."""
    scale: tuple[float | None, float | None] | None = None
    """The lowest and the highest verdict of a judge of single outputs; null where there is no end."""
    compare: Annotated[float, Field(ge=0)] | Literal["sigmoid"] = 0.0
    """Of `kind: compared` and `reviewed`: a score wins that is higher by more than this, otherwise it is a tie; or
    `sigmoid`: the preference is 1 + σ(score 2 − score 1)."""
    order: Order = "random"
    """`random`: the output shown first is drawn from instruction and seed; `both`: asked twice, both ways;
    `fixed`: the reference is always first."""
    disagreement: Disagreement = "mean"
    """What two orders come to that name different winners: their `mean`, or a `tie`."""
    parser: AnyParser | None = None
    """How a verdict is read from the reply."""
    samples: Annotated[int, Field(ge=1)] = 1
    """How often the same question is asked; the verdicts are averaged."""
    columns: tuple[str, ...] = ()
    """Columns of the outputs or the eval set that the prompt shows besides, such as a rubric."""
    rubric: Rubric | None = None
    """What a judge of single outputs grades by; the prompt shows it as `rubric`."""
    aspects: Annotated[dict[str, Aspect], Field(default_factory=dict)]
    """What a judge of single outputs rates, each in a question of its own; the prompt shows its name as `aspect` and
    what its ratings mean as `rubric`. An output's score is the mean of its ratings."""
    adjusted: AdjustedConfig | None = None
    """Says an output's score otherwise besides, as (score − middle) · stretch."""
    together: Annotated[int, Field(ge=1, le=26)] = 1
    """How many outputs for one instruction a prompt shows at most (`outputs`, `n_outputs`), in an order that is drawn;
    the reply then says something of each."""

    slight_win_margin: Annotated[int, Field(ge=0)] | None = None
    """Of `kind: pairwise`: a verdict that is no clear win (between 1 and 1.5, or 1.5 and 2) is a tie where the better
    output is longer than the other by more than so many characters."""
    follow_up: str | None = None
    """What the judge is told, once, where its reply has not come to a verdict; both replies are then read as one."""

    @field_validator("parser", mode="wrap")
    @classmethod
    def _of_a_package(cls, value: Any, read_ours: ValidatorFunctionWrapHandler) -> Any:
        """Let installed packages add parsers."""
        name = value.get("kind") if isinstance(value, Mapping) else None
        if isinstance(name, str) and name not in _PARSERS and name in plugins("parsers"):
            return plugins("parsers")[name].model_validate(value)
        return read_ours(value)

    @model_validator(mode="after")
    def _askable(self) -> "JudgeConfig":
        if self.provider != "builtin" and self.parser is None:
            raise ValueError("'parser' is missing: say how a verdict is read from the reply")
        if self.provider != "builtin" and not self.messages and self.prompt is None:
            raise ValueError("'messages' is missing: say what the judge is asked")
        return self

    @model_validator(mode="after")
    def _can_be_told_more(self) -> "JudgeConfig":
        if self.follow_up is None:
            return self
        if not self.follow_up.strip():
            raise ValueError("'follow_up' is empty: say what the judge is told, or remove it")
        if self.provider == "builtin" or not self.messages:
            raise ValueError("'follow_up' goes on with a conversation: it needs 'messages'")
        if self.together > 1:
            raise ValueError("'follow_up' is for prompts on one case, not on several ('together')")
        return self

    @model_validator(mode="after")
    def _has_a_scale(self) -> "JudgeConfig":
        kind = find_kind(self.kind)
        if kind is None:
            known = ", ".join([*KINDS, *plugins("kinds")])
            raise ValueError(f"'kind' is {self.kind!r}; it should be one of {known}")
        fixed = kind.scale
        if fixed is not None and self.scale is not None:
            raise ValueError(f"'scale' is fixed for 'kind: {self.kind}' ({fixed}). Remove it")
        if fixed is None and self.scale is None and self.provider != "builtin":
            raise ValueError("'scale' is missing: say the lowest and the highest verdict, such as [1, 10]")
        low, high = self.scale or (None, None)
        if low is not None and high is not None and low >= high:
            raise ValueError(f"'scale' goes from {low:g} to {high:g}; the lower number comes first")
        return self

    @model_validator(mode="after")
    def _has_a_rubric_on_its_scale(self) -> "JudgeConfig":
        scale = Scale(*(self.scale or (None, None)))
        rubrics = [*([self.rubric] if self.rubric else []), *self.aspects.values()]
        for grade in (grade for rubric in rubrics for grade in rubric.grades):
            if not scale.holds(grade):
                raise ValueError(f"the rubric has the grade {grade}, and 'scale' goes {scale}")
        return self

    @model_validator(mode="after")
    def _has_aspects_of_single_outputs(self) -> "JudgeConfig":
        for name, is_set in (("aspects", self.aspects), ("together", self.together > 1)):
            if is_set and self.kind in (PAIRWISE.name, REVIEWED.name):
                raise ValueError(
                    f"'{name}' is for judges of single outputs: add 'kind: single' and a 'scale'"
                )
        if self.slight_win_margin is not None and self.kind != PAIRWISE.name:
            raise ValueError("'slight_win_margin' is for judges of pairs. Remove it")
        if "compare" in self.model_fields_set and self.kind not in (COMPARED.name, REVIEWED.name):
            raise ValueError("'compare' is for 'kind: compared' and 'kind: reviewed'")
        if self.aspects and self.rubric is not None:
            raise ValueError("each of the 'aspects' has a rubric of its own. Remove 'rubric'")
        if wrong := next((name for name in self.aspects if not _ASPECT.fullmatch(name)), None):
            raise ValueError(
                f"'aspects' names {wrong!r}; a name is small letters, digits and _, and no figure of its own has it"
            )
        return self


class GroupConfig(Strict):
    """Several judges in one file."""

    description: str = ""
    """What this is, for people."""
    combine: Literal["pool", "jury"]
    """`pool`: one judge is drawn per instruction; `jury`: all are asked and the mean is taken."""
    annotators: dict[str, JudgeConfig]
    """The judges by name."""
    p_label_flip: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """With twice this probability a pair gets a coin flip instead of a verdict, as a noise model."""

    @model_validator(mode="after")
    def _not_empty(self) -> "GroupConfig":
        if not self.annotators:
            raise ValueError("'annotators' is empty: list at least one judge")
        if len({(judge.kind, judge.scale) for judge in self.annotators.values()}) > 1:
            raise ValueError("the judges are of several kinds or scales, so their verdicts have no mean")
        return self
