"""Models in AlpacaEval's dialect (`models_configs`): who generates outputs, and how it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.completions.endpoints import endpoint_of
from autoeval.errors import UsageError
from autoeval.prompting.alpaca_eval.decoders import asked
from autoeval.prompting.alpaca_eval.templates import compile_prompt, read_template
from autoeval.prompting.config import Price, Strict
from autoeval.prompting.prompt import Prompt
from autoeval.prompting.yaml_files import parse, read_yaml
from autoeval.types import Endpoint

FIELDS = frozenset({"instruction"})


class ModelEntry(Strict):
    """One model as AlpacaEval's `configs.yaml` describes it."""

    prompt_template: str
    """The prompt, or its file below the folder above the config's."""
    fn_completions: str | None = None
    """The decoder: who is asked."""
    completions_kwargs: dict[str, Any] | None = None
    """The decoder's arguments."""
    model_kwargs: Any = None
    """Has no effect, as in AlpacaEval."""
    pretty_name: str | None = None
    """A name for people."""
    link: str | None = None
    """Where to read more."""


@dataclass(frozen=True)
class DialectModel:
    """A model to generate outputs from. `unmet` says why it cannot be asked here, where that is so."""

    name: str
    endpoint: Endpoint
    model: str
    parameters: Mapping[str, Any]
    prompt: Prompt
    price: Price | None = None
    unmet: str = ""
    pretty_name: str | None = None
    link: str | None = None


def load_model(path: Path, base_url: str | None = None) -> DialectModel:
    """Load a model's config file in AlpacaEval's dialect.

    Args:
        path: the file; the folder above its own is the root for prompt files.
        base_url: a server that speaks OpenAI's protocol, in place of the one that the file names.

    Raises:
        UsageError: the file holds no model or several, or its entry is wrong.
    """
    data = read_yaml(path)
    if len(data) != 1:
        raise UsageError(f"{path} holds {len(data)} models. Keep one a file.")
    ((name, fields),) = data.items()
    where = f"{path}: {name}"
    if not isinstance(fields, Mapping):
        raise UsageError(f"{where}: a model has fields such as 'prompt_template'; this has none.")
    entry = parse(ModelEntry, fields, where)
    question = asked(entry.fn_completions, entry.completions_kwargs or {}, where)
    if base_url:
        question = question.at_server(base_url)
    text = read_template(entry.prompt_template, path.resolve().parents[1], where)
    return DialectModel(
        name=str(name),
        endpoint=endpoint_of(question.provider, question.model, question.base_url, clients=question.clients),
        model=question.model,
        parameters=question.parameters,
        prompt=compile_prompt(text, question.form, FIELDS, 1, question.is_stripped, where),
        price=question.price,
        unmet=question.unmet,
        pretty_name=entry.pretty_name,
        link=entry.link,
    )
