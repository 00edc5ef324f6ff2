"""What a YAML file may say about an annotator, and the annotator that comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from autoeval.annotators.parsers import AnyParser, Parser
from autoeval.prompting.config import ModelConfig, Price, Strict
from autoeval.prompting.prompt import Prompt
from autoeval.types import Endpoint

Order = Literal["random", "both", "fixed"]
PROMPT_VARIABLES = frozenset({"instruction", "first", "second", "nonce"})


class JudgeConfig(ModelConfig):
    """One judge: a model, its prompt, and how its reply is read."""

    order: Order = "random"
    """`random`: the output shown first is drawn from instruction and seed; `both`: asked twice, both ways;
    `fixed`: the reference is always first."""
    parser: AnyParser | None = None
    """How a verdict is read from the reply."""
    samples: Annotated[int, Field(ge=1)] = 1
    """How often the same question is asked; the verdicts are averaged."""

    @model_validator(mode="after")
    def _askable(self) -> "JudgeConfig":
        if self.provider != "builtin" and self.parser is None:
            raise ValueError("'parser' is missing: say how a verdict is read from the reply")
        if self.provider != "builtin" and not self.messages and self.prompt is None:
            raise ValueError("'messages' is missing: say what the judge is asked")
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
        return self


@dataclass(frozen=True)
class Judge:
    """One judge, ready to be asked. `prompt` and `parser` are None for the built-in ones.

    Judges of AlpacaEval's dialect can ask about `batch_size` pairs in one prompt, grouped in a seeded random order
    with `shuffle` and within stretches of `chunk` pairs. `unmet` says why the judge cannot be asked here, where that
    is so; its cached replies can still be read.
    """

    name: str
    endpoint: Endpoint
    model: str
    parameters: Mapping[str, object]
    prompt: Prompt | None
    parser: Parser | None
    order: Order = "random"
    samples: int = 1
    batch_size: int = 1
    shuffle: bool = False
    chunk: int | None = None
    price: Price | None = None
    reply_tokens: int = 50
    unmet: str = ""

    @property
    def is_builtin(self) -> bool:
        """Whether the verdict is known without asking."""
        return self.endpoint.provider == "builtin"


@dataclass(frozen=True)
class Annotator:
    """One judge, a pool or a jury. `fingerprint` is a hash of everything that decides its verdicts."""

    name: str
    judges: Sequence[Judge]
    combine: Literal["pool", "jury"] = "jury"
    p_label_flip: float = 0.0
    description: str = ""
    fingerprint: str = ""
    prompt_hash: str = ""

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
