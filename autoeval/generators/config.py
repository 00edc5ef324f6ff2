"""What a YAML file may say about a model to generate outputs with, and the generator that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, model_validator

from autoeval.prompting.asker import Asker
from autoeval.prompting.config import MessageConfig, ModelConfig
from autoeval.prompting.prompt import AnyPrompt
from autoeval.prompting.templates import Fields

PROMPT_VARIABLES = frozenset({"instruction"})


class GeneratorConfig(ModelConfig):
    """A model to evaluate: as a judge is described, without how a reply is read.

    Without `messages` and `prompt`, the instruction is the only message. A model that runs in this process takes
    a `chat_template` among its parameters where its own is missing or not wanted.
    """

    reply_tokens: Annotated[int, Field(ge=1)] = 300
    """How long a usual output is; only used to estimate costs beforehand."""

    @model_validator(mode="before")
    @classmethod
    def _instruction_alone(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and not data.get("messages") and data.get("prompt") is None:
            alone = MessageConfig(role="user", content="{{ instruction }}")
            return {**data, "messages": (alone,)}
        return data

    @model_validator(mode="after")
    def _generates(self) -> "GeneratorConfig":
        if self.provider == "builtin":
            raise ValueError("the provider 'builtin' only judges; it writes no outputs")
        return self


@dataclass(frozen=True)
class Generator(Asker):
    """A model ready to be asked for outputs."""

    prompt: AnyPrompt
    reply_tokens: int = 300

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """Everything that decides the outputs, readable and as JSON holds it. Keys are never part of it."""
        endpoint = self.endpoint
        return {
            "generator": self.name,
            "provider": endpoint.provider,
            "server": endpoint.cache_as or endpoint.base_url,
            "weights": endpoint.weights,
            "model": self.model,
            "parameters": dict(self.parameters),
            "messages" if self.prompt.is_chat else "prompt": self._prompt_as_asked(),
        }

    def _prompt_as_asked(self) -> Any:
        rows: list[Fields] = [{"instruction": "{{ instruction }}"}]
        if not self.prompt.is_chat:
            return self.prompt.text(rows)
        return [{"role": message.role, "content": message.content} for message in self.prompt.messages(rows)]
