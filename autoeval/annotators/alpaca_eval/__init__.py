"""Judges in AlpacaEval's dialect: its YAML becomes our `Judge`s, and nothing else knows of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from autoeval.annotators.alpaca_eval.reading import AlpacaEvalParser, check_parser, first_function
from autoeval.annotators.judges import Judge
from autoeval.completions.endpoints import make_endpoint
from autoeval.completions.providers.reasoning import fitted
from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.decoders import asked
from autoeval.prompting.alpaca_eval.templates import compile_prompt, read_template
from autoeval.prompting.config import Strict
from autoeval.prompting.templates import BraceTemplate
from autoeval.prompting.yaml_files import parse

FIELDS = frozenset({"instruction", "output_1", "output_2"})
_CHUNK = 128
"""AlpacaEval annotates so many pairs at a time, and groups within them."""

_EXPLAINING: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = {
    "ChainOfThoughtProcessor": lambda _: ("concise_explanation",),
    "JsonKeysToColumnProcessor": lambda kwargs: tuple(kwargs.get("json_keys_to_keep", ())),
}
"""Processors that keep fields of a JSON reply, and which."""

_IMPLIED = frozenset({"PaddingForBatchesProcessor", "RandomSwitchTwoColumnsProcessor"})
"""Processors that are at work wherever they are needed."""


class EvaluatorConfig(Strict):
    """One judge as AlpacaEval's `configs.yaml` describes it."""

    prompt_template: str
    """The prompt, or its file below the folder above the config's."""
    fn_completions: str | None = "openai_completions"
    """The decoder: who is asked."""
    completions_kwargs: dict[str, Any] | None = None
    """The decoder's arguments."""
    fn_completion_parser: str | None = "regex_parser"
    """The function that reads a verdict from a reply."""
    completion_parser_kwargs: dict[str, Any] | None = None
    """Its arguments."""
    completion_key: Literal["completions", "completions_all"] = "completions"
    """What the parser gets: the text, or the whole choice with its log probabilities."""
    batch_size: Annotated[int, Field(ge=1)] = 1
    """How many pairs one prompt asks about."""
    is_shuffle: bool = True
    """Group the pairs in a seeded random order."""
    is_randomize_output_order: bool = True
    """Draw which output is shown first; otherwise the reference is."""
    random_seed_column: tuple[str, ...] = ("instruction",)
    """What that draw depends on, besides the seed."""
    processors_to_kwargs: dict[str, dict[str, Any] | None] | None = None
    """What happens to the rows before and after."""
    is_add_default_processors: bool = True
    """Pad the last group; it is always padded here."""
    packages_for_which_to_show_version: Any = None
    """Has no effect: run.json says what ran."""
    prfx_to_completion_cols: str | None = None
    """Has no effect: files have one set of columns."""
    pretty_name: str | None = None
    """A name for people."""
    link: str | None = None
    """Where to read more."""


def load_judges(
    data: Mapping[str, Any],
    path: Path,
    model: str | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
) -> list[Judge]:
    """Make the judges that a config file in the dialect lists; several are a pool.

    Args:
        data: the file's content.
        path: the file; the folder above its own is the root for prompt files.
        model: in place of the model that the file names.
        base_url: in place of the server that the file names.
        api_key_env: the variable with the key.

    Raises:
        UsageError: an entry is wrong; the message says which and how.
    """
    return [_judge(name, entry, path.resolve(), model, base_url, api_key_env) for name, entry in data.items()]


def _judge(
    name: str, entry: Any, path: Path, model: str | None, base_url: str | None, api_key_env: str | None
) -> Judge:
    where = f"{path}: {name}"
    if not isinstance(entry, Mapping):
        raise UsageError(f"{where}: an annotator has fields such as 'prompt_template'; this has none.")
    config = parse(EvaluatorConfig, entry, where)
    parser = _parser(config, where)
    kwargs = {**(config.completions_kwargs or {}), **({"model_name": model} if model else {})}
    question = asked(config.fn_completions, kwargs, where)
    if base_url is not None:
        question = question.at_server(base_url)
    text = read_template(config.prompt_template, path.parents[1], where)
    for field in ("output_1", "output_2"):
        if field not in BraceTemplate.names_in(text):
            raise UsageError(f"{where}: the prompt never shows {{{field}}}. Put it into the prompt.")
    return Judge(
        name=str(name),
        endpoint=make_endpoint(
            question.provider, question.model, question.base_url, api_key_env, clients=question.clients
        ),
        model=question.model,
        parameters=fitted(question.model, question.parameters),
        prompt=compile_prompt(text, question.form, FIELDS, config.batch_size, question.is_stripped, where),
        parser=parser,
        order="random" if config.is_randomize_output_order else "fixed",
        batch_size=config.batch_size,
        shuffle=config.is_shuffle,
        chunk=_CHUNK,
        price=question.price,
        unmet=question.unmet,
    )


def _parser(config: EvaluatorConfig, where: str) -> AlpacaEvalParser:
    kwargs = config.completion_parser_kwargs or {}
    check_parser(config.fn_completion_parser, kwargs, where)
    takes_choice = config.completion_key == "completions_all"
    if takes_choice != (first_function(config.fn_completion_parser, kwargs) == "logprob_parser"):
        raise UsageError(
            f"{where}: logprob_parser, and no other parser, reads 'completion_key: completions_all'. Change either."
        )
    if tuple(config.random_seed_column) != ("instruction",) and config.is_randomize_output_order:
        raise UsageError(f"{where}: 'random_seed_column' can only be [instruction] here. Remove it.")
    return AlpacaEvalParser(
        function=config.fn_completion_parser,
        kwargs=kwargs,
        takes_choice=takes_choice,
        n_pairs=config.batch_size,
        explanation=_kept_fields(config, where),
    )


def _kept_fields(config: EvaluatorConfig, where: str) -> tuple[str, ...]:
    kept: tuple[str, ...] = ()
    for name, kwargs in (config.processors_to_kwargs or {}).items():
        if name in _EXPLAINING:
            kept += _EXPLAINING[name](kwargs or {})
        elif name not in _IMPLIED:
            known = [*_EXPLAINING, *_IMPLIED]
            raise UsageError(f"{where}: there is no processor {name!r}. {nearest(name, known)}")
        elif kwargs and kwargs.get("padding_example"):
            raise UsageError(f"{where}: the 'padding_example' cannot be changed here. Remove it.")
    return kept
