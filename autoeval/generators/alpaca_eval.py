"""Models in AlpacaEval's dialect (`models_configs`): who generates outputs, and how it is asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoeval.completions.endpoints import make_endpoint
from autoeval.completions.providers.reasoning import fitted
from autoeval.errors import UsageError
from autoeval.generators.config import PROMPT_VARIABLES, Generator
from autoeval.prompting.alpaca_eval.decoders import asked
from autoeval.prompting.alpaca_eval.templates import compile_prompt, read_template
from autoeval.prompting.config import Strict
from autoeval.prompting.yaml_files import parse


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


def load_model(
    name: str,
    data: Any,
    root: Path,
    where: str,
    model: str | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
) -> Generator:
    """Make a generator of a model's entry.

    Args:
        name: the entry's name.
        data: the entry.
        root: the folder below which prompt files are.
        where: the config as errors name it.
        model: in place of the model that the entry names.
        base_url: a server that speaks OpenAI's protocol, in place of the one that the entry names.
        api_key_env: the variable with the key.

    Raises:
        UsageError: the entry is wrong; the message says how.
    """
    where = f"{where}: {name}"
    if not isinstance(data, Mapping):
        raise UsageError(f"{where}: a model has fields such as 'prompt_template'; this has none.")
    entry = parse(ModelEntry, data, where)
    kwargs = {**(entry.completions_kwargs or {}), **({"model_name": model} if model else {})}
    question = asked(entry.fn_completions, kwargs, where)
    if base_url is not None:
        question = question.at_server(base_url)
    text = read_template(entry.prompt_template, root, where)
    return Generator(
        name=name,
        endpoint=make_endpoint(
            question.provider, question.model, question.base_url, api_key_env, clients=question.clients
        ),
        model=question.model,
        parameters=fitted(question.model, question.parameters, is_evaluated=True),
        prompt=compile_prompt(text, question.form, PROMPT_VARIABLES, 1, question.is_stripped, where),
        price=question.price,
        unmet=question.unmet,
    )
