"""Checking a config before it costs anything: does it load, and what exactly would it send."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.loading import FOLDER as JUDGES
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.plan import Plan
from autoeval.completions import providers
from autoeval.completions.ask import Display
from autoeval.errors import UsageError
from autoeval.generators.config import Generator
from autoeval.generators.loading import FOLDER as MODELS
from autoeval.generators.loading import load_generator
from autoeval.journeys.parameters.choosing import Folders, config_folders
from autoeval.journeys.parameters.obsolete import check_extra_parameters
from autoeval.prompting.finding import find_config
from autoeval.prompting.templates import BraceTemplate
from autoeval.prompting.yaml_files import read_yaml
from autoeval.types import Case, Request

_EXAMPLES = (
    ("Name a primary colour.", "Red is a primary colour.", "Green, I think."),
    ("What is 2 + 2?", "4", "2 + 2 is 4."),
    ("Say hello in French.", "Bonjour !", "Hallo!"),
    ("Which planet is closest to the sun?", "Mercury.", "It is Venus."),
    ("Finish: the early bird …", "… catches the worm.", "… sleeps late."),
)


@dataclass(frozen=True)
class Sent:
    """What one judge, or a model, would send for an example. `unmet` says why nothing can be sent here."""

    name: str
    address: str
    body: Mapping[str, Any]
    unmet: str = ""


@dataclass(frozen=True)
class Validation:
    """A config that loads. `kind` is `annotator` or `model`."""

    kind: str
    name: str
    path: Path
    requests: Sequence[Sent]


def validate(
    config: str | Path | None = None,
    *,
    annotators_config_dir: Folders = None,
    base_dir: Folders = None,
    judge_model: str | None = None,
    judge_base_url: str | None = None,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
    **obsolete: Any,
) -> Validation:
    """Check the config of an annotator or of a model, ours or alpaca_eval's, and show what it would send.

    Args:
        config: A name, a config's folder, or a YAML file.
        annotators_config_dir: A folder of configs (or several), looked into first.
        base_dir: alpaca_eval's name for annotators_config_dir.
        judge_model: The model's name, in place of the config's.
        judge_base_url: The server, in place of the config's.
        display: Has no effect.
        **obsolete: Old parameters that no longer mean anything; each is named.

    Returns:
        The request body for an example, of every judge in the config. Nothing is sent; no key is needed.

    Raises:
        UsageError: the config is wrong; the message says what and where.
    """
    check_extra_parameters(obsolete, list(inspect.signature(validate).parameters))
    if config is None:
        raise UsageError("name a config, as in: alpaca_eval validate gpt6_ranking.")
    folders = config_folders(annotators_config_dir, base_dir)
    path, is_judge = _find(config, folders)
    if not is_judge:
        generator = load_generator(path)
        return Validation("model", generator.name, path, [_asked(generator, _generation(generator))])
    overrides = JudgeOverrides(base_url=judge_base_url, model=judge_model)
    annotator = load_annotator(path, overrides)
    requests = [_asked(judge, _judgment(judge)) for judge in annotator.judges]
    return Validation("annotator", annotator.name, path, requests)


def _find(config: str | Path, folders: Sequence[Path]) -> tuple[Path, bool]:
    """Return a config's file, and whether it is a judge's: a name is an annotator's where there is one."""
    try:
        path = find_config(config, JUDGES, "validate", folders)
    except UsageError as no_annotator:
        try:
            path = find_config(config, MODELS, "validate", folders)
        except UsageError:
            raise no_annotator from None
    return path, _is_judge(read_yaml(path))


def _is_judge(data: Mapping[str, Any]) -> bool:
    """Whether a file describes judges: they have a parser, or their prompt shows two outputs."""
    entries = [data, *(entry for entry in data.values() if isinstance(entry, Mapping))]
    words = {"parser", "combine", "annotators", "fn_completion_parser", "completion_parser_kwargs"}
    return any(words & set(entry) or entry.get("provider") == "builtin" for entry in entries) or any(
        "output_1" in BraceTemplate.names_in(str(entry.get("prompt_template", ""))) for entry in entries
    )


def _judgment(judge: Judge) -> Request | None:
    """Return what a judge would ask about example pairs."""
    examples = [_EXAMPLES[index % len(_EXAMPLES)] for index in range(judge.batch_size)]
    if judge.together > 1 and judge.kind.n_outputs == 1:
        instruction, one, other = _EXAMPLES[0]
        examples = [(instruction, one, other), (instruction, other, one)]
    fields = dict.fromkeys(judge.columns, "…")
    cases = [
        replace(_case(index, texts, judge.kind.n_outputs), fields=fields)
        for index, texts in enumerate(examples)
    ]
    return next(Plan(Annotator(judge.name, [judge]), cases).requests(), None)


def _case(index: int, texts: tuple[str, str, str], n_outputs: int) -> Case:
    """Return an example pair, or the model's output of it alone."""
    pair = Case.pair(index, *texts, "reference", "model")
    return replace(pair, outputs=pair.outputs[-n_outputs:])


def _generation(generator: Generator) -> Request:
    """Return what a model would be asked."""
    return generator.about([{"instruction": _EXAMPLES[0][0]}])


def _asked(asker: Judge | Generator, request: Request | None) -> Sent:
    if request is None:
        return Sent(asker.name, "in this process, without a request", {})
    endpoint = request.endpoint
    address = f"{endpoint.provider}{f' at {endpoint.base_url}' if endpoint.base_url else ''}"
    if asker.unmet:
        return Sent(asker.name, address, _plain_body(request), asker.unmet)
    try:
        return Sent(asker.name, address, providers.body(request))
    except UsageError as error:  # a parameter that the provider does not take
        return Sent(asker.name, address, _plain_body(request), str(error))


def _plain_body(request: Request) -> dict[str, Any]:
    """Return a request that no provider here could send, in the dialect's own words."""
    prompt: dict[str, Any] = {"prompt": request.prompt}
    if request.prompt is None:
        prompt = {"messages": [{"role": m.role, "content": m.content} for m in request.messages]}
    return {"model": request.model, **prompt, **request.parameters}
