"""Finding a model's config by name or path, and making the generator from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoeval.completions.endpoints import endpoint_of
from autoeval.completions.providers.reasoning import fitted
from autoeval.errors import UsageError
from autoeval.generators import alpaca_eval
from autoeval.generators.config import PROMPT_VARIABLES, Generator, GeneratorConfig
from autoeval.prompting.alpaca_eval.folders import is_dialect
from autoeval.prompting.config import Price
from autoeval.prompting.finding import config_name, find_config
from autoeval.prompting.prompt import Prompt, compile_prompt
from autoeval.prompting.yaml_files import parse, read_yaml
from autoeval.types import Message

FOLDER = "model_configs"
_MARK = "<<instruction>>"

Source = str | Path | Mapping[str, Any]
"""The name of a shipped config, a config's folder, a YAML file, or `{name: config}`."""


@dataclass(frozen=True)
class GeneratorOverrides:
    """What the command line says about the model in place of its config; None leaves the config's word.

    `parameters` are merged into the config's; a null one is removed.
    """

    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    parameters: Mapping[str, Any] | None = None
    price: tuple[float, float] | None = None

    def applied_to(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a config with these values put in."""
        merged = {**(data.get("parameters") or {}), **(self.parameters or {})}
        values = {
            "model": self.model,
            "base_url": self.base_url,
            "api_key_env": self.api_key_env,
            "parameters": {name: value for name, value in merged.items() if value is not None},
            "price": {"input": self.price[0], "output": self.price[1]} if self.price else None,
        }
        return {**data, **{field: value for field, value in values.items() if value is not None}}


def load_generator(
    source: Source,
    role: str = "--model_configs",
    overrides: GeneratorOverrides | None = None,
    config_dirs: Sequence[Path] = (),
) -> Generator:
    """Load a model to generate with.

    Args:
        source: see `Source`.
        role: the flag that named it.
        overrides: values from the command line.
        config_dirs: folders of model configs, looked into before anything else.

    Raises:
        UsageError: there is none of that name, or its config is wrong.
    """
    name, data, folder, where = _read(source, role, config_dirs)
    if "prompt_template" in data:
        return _in_dialect(name, data, folder, where, overrides or GeneratorOverrides())
    config = parse(GeneratorConfig, (overrides or GeneratorOverrides()).applied_to(data), where)
    if not config.model:
        raise UsageError(f"{where}: the model is not set. Give --generator_model (and --generator_base_url).")
    prompt = compile_prompt(config, folder, PROMPT_VARIABLES, where)
    assert prompt is not None  # the config puts the instruction alone where it has no prompt
    _check_shows_instruction(prompt, where)
    return Generator(
        name=name,
        endpoint=endpoint_of(config, where),
        model=config.model,
        parameters=fitted(config.model, config.parameters, is_evaluated=True),
        prompt=prompt,
        price=config.price,
        reply_tokens=config.reply_tokens,
    )


def _in_dialect(
    name: str, data: Mapping[str, Any], folder: Path, where: str, overrides: GeneratorOverrides
) -> Generator:
    """Make a generator of a model in AlpacaEval's dialect, whose parameters are that dialect's arguments."""
    kwargs = {**(data.get("completions_kwargs") or {}), **(overrides.parameters or {})}
    generator = alpaca_eval.load_model(
        name,
        {**data, "completions_kwargs": kwargs},
        folder.absolute().parent,
        where,
        overrides.model,
        overrides.base_url,
        overrides.api_key_env,
    )
    if overrides.price is None:
        return generator
    return replace(generator, price=Price(input=overrides.price[0], output=overrides.price[1]))


def _read(source: Source, role: str, config_dirs: Sequence[Path]) -> tuple[str, Mapping[str, Any], Path, str]:
    """Return a config's name, its fields, the folder of its templates, and what errors call it."""
    if isinstance(source, Mapping):
        if len(source) != 1 or not all(isinstance(config, Mapping) for config in source.values()):
            raise UsageError(f"{role}: give one config under its name, as {{my-model: {{provider: …}}}}.")
        ((name, data),) = source.items()
        return str(name), data, Path(), role
    path = find_config(source, FOLDER, role, config_dirs)
    data = read_yaml(path)
    if is_dialect(data):
        if len(data) != 1:
            raise UsageError(f"{path} holds {len(data)} models. Keep one a file.")
        ((name, data),) = data.items()
        return str(name), data, path.parent, str(path)
    return config_name(path), data, path.parent, str(path)


def _check_shows_instruction(prompt: Prompt, where: str) -> None:
    """Refuse a prompt without the instruction: the model would answer, and mean nothing."""
    rows = [{"instruction": _MARK}]
    asked = (*prompt.messages(rows), Message("user", prompt.text(rows) or ""))
    if not any(_MARK in message.content for message in asked):
        raise UsageError(f"{where}: the prompt never shows {{{{ instruction }}}}. Put it into a message.")
