"""What a YAML file may say about a model: who is asked, where, with which parameters and prompt."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """A config section that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # one judge needs few of them


class Price(Strict):
    """US dollars per million tokens."""

    input: Annotated[float, Field(ge=0)]
    """Price of a million input tokens."""
    output: Annotated[float, Field(ge=0)]
    """Price of a million output tokens."""
    batch_input: Annotated[float, Field(ge=0)] | None = None
    """Price of a million input tokens in a batch job. Default: as `input`."""
    batch_output: Annotated[float, Field(ge=0)] | None = None
    """Price of a million output tokens in a batch job. Default: as `output`."""


class MessageConfig(Strict):
    """One message of the prompt: its text here (`content`) or in a file beside the config (`template`)."""

    role: Literal["system", "developer", "user", "assistant"]
    """Who speaks."""
    content: str | None = None
    """The text, itself a template."""
    template: Path | None = None
    """A file with the text, inside the config's folder."""
    name: str | None = None
    """OpenAI's optional name of the author."""
    syntax: Literal["jinja", "braces"] = "jinja"
    """`jinja`: Jinja2, sandboxed. `braces`: only `{field}`, everything else is literal."""

    @model_validator(mode="after")
    def _one_text(self) -> "MessageConfig":
        if (self.content is None) == (self.template is None):
            raise ValueError("give either 'content' (the text) or 'template' (a file)")
        return self


class ModelConfig(Strict):
    """A model and how it is asked; shared by judges and by models that outputs are generated from."""

    description: str = ""
    """What this is, for people."""
    link: str | None = None
    """Where to read more."""
    provider: str
    """Who serves the model; `autoeval validate` lists the names."""
    model: str
    """The model's name as the provider spells it."""
    parameters: dict[str, Any] = {}
    """Request parameters, passed on as they are."""
    messages: tuple[MessageConfig, ...] = ()
    """A chat prompt."""
    prompt: MessageConfig | None = None
    """The prompt of a completion model, in place of `messages`; its role is ignored."""
    base_url: str | None = None
    """The server's address where it is not the provider's own."""
    api_key_env: str | None = None
    """The environment variable that holds the key where it is not the provider's usual one."""
    cache_as: str | None = None
    """A name for a server whose address changes, so that its cached replies stay valid."""
    price: Price | None = None
    """What the model costs, where the price list does not know it or is wrong."""
    reply_tokens: Annotated[int, Field(ge=1)] = 50
    """How long a usual reply is; only used to estimate costs beforehand."""

    @model_validator(mode="after")
    def _one_prompt(self) -> "ModelConfig":
        if self.messages and self.prompt is not None:
            raise ValueError("give either 'messages' (chat) or 'prompt' (completion model), not both")
        return self
