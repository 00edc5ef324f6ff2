"""The second journey: a model's name in, its outputs generated, judged and placed on the board."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from autoeval.annotators.judges import Annotator
from autoeval.checks import check_number
from autoeval.completions.ask import AskReport, Display, Silent
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import Shard
from autoeval.data.eval_sets import find_eval_set
from autoeval.data.instructions import Instruction, load_instructions, sampled
from autoeval.errors import AutoevalError, NothingJudgedError, UsageError
from autoeval.generators.loading import FOLDER, GeneratorOverrides, load_generator
from autoeval.generators.plan import GenerationPlan
from autoeval.journeys.evaluate import evaluate
from autoeval.journeys.parameters.asking import AskingParameters, judge_source, prepare
from autoeval.journeys.parameters.choosing import Folders, config_folders, outputs_to_compare
from autoeval.journeys.parameters.forwarding import also_takes, defaults
from autoeval.journeys.parameters.limits import Limits, ask_options
from autoeval.journeys.parameters.obsolete import check_extra_parameters
from autoeval.journeys.parameters.output_paths import results_folder, writable_folder
from autoeval.leaderboards.presets import find_preset
from autoeval.prompting.finding import shipped_configs
from autoeval.runs.askable import askers, refuse_unaskable, refuse_unpriced
from autoeval.runs.estimate import DryRun, DryRuns
from autoeval.runs.exits import EXIT_PENDING
from autoeval.runs.generating import Generation, generate
from autoeval.runs.opening import open_cache
from autoeval.runs.outputs_file import OutputsFile
from autoeval.runs.result import Result
from autoeval.runs.retirement import say_lifetimes
from autoeval.runs.sharding import ShardReport, cut
from autoeval.runs.side import Side


@also_takes(evaluate, without=("model_outputs",))
def evaluate_from_model(
    model_configs: str | Path | Mapping[str, Any] | None = None,
    reference_model_configs: str | Path | Mapping[str, Any] | None = None,
    evaluation_dataset: Any = None,
    annotators_config: str | Path | None = None,
    output_path: str | Path | None = "auto",
    max_instances: int | None = None,
    is_strip_output: bool = True,
    is_load_outputs: bool = True,
    chunksize: int | None = 64,
    n_samples: int = 1,
    generator_model: str | None = None,
    generator_base_url: str | None = None,
    generator_api_key_env: str | None = None,
    generator_parameters: dict[str, Any] | None = None,
    generator_price: tuple[float, float] | None = None,
    base_dir: Folders = None,
    **of_evaluate: Any,
) -> Any:
    """Generate a model's outputs on an eval set, evaluate them, and place the model on the board.

    Every reply is kept as it comes, so a stopped run goes on where it was. The outputs are in
    results/<model>/model_outputs.json, with a record of how they were made in generation.json beside it.

    Args:
        model_configs: The model: the name of a shipped config, a config's folder, or a YAML file; in Python also
            {name: config}.
        reference_model_configs: A model to generate the outputs to compare with.
        evaluation_dataset: The instructions, as a source like outputs; if it has outputs, they are compared with.
            Default: reference_outputs, else the preset's.
        annotators_config: Who judges: the name of a shipped annotator, a config's folder, or a YAML file.
            Default: the preset's.
        output_path: Folder for outputs and results. `auto`: results/<model>; None: write nothing.
        max_instances: Take only a sample of this many instructions, the same for every model.
        is_strip_output: Take the blank space around outputs away.
        is_load_outputs: Keep the outputs that are in the folder already; False replaces them.
        chunksize: Write model_outputs.json whenever so many outputs have come (more as it grows); None: only in the
            end.
        n_samples: How many outputs to generate and judge an instruction; the standard error then includes
            the variance of generating.
        generator_model: The model's name at its provider, in place of the config's.
        generator_base_url: The model's server, in place of the config's.
        generator_api_key_env: The environment variable with the key for the model.
        generator_parameters: Parameters merged into the config's, as {temperature: 0.7, seed: 1, stop: [END]}.
        generator_price: US dollars per million input and output tokens of the model, as [2, 8].
        base_dir: A folder of model configs (or several) that is looked into first; of annotators too.
        name: What to call the model. Default: generator_model, else the config's name.
        **of_evaluate: The parameters of evaluate.

    Returns:
        An Evaluation, whose `generations` say how generating went; DryRuns with dry_run; a ShardReport with shard; with
        is_return_instead_of_print, the leaderboard DataFrame and a list of annotation dicts.

    Raises:
        UsageError: a parameter, file, field or config is wrong; nothing was spent.
        AutoevalError: the run could not be finished; what was paid for is kept.
    """
    settings = _settings(of_evaluate, annotators_config, max_instances)
    check_number("n_samples", n_samples, 1, whole=True)
    check_number("chunksize", chunksize, 1, whole=True)
    overrides = GeneratorOverrides(
        generator_model, generator_base_url, generator_api_key_env, generator_parameters, generator_price
    )
    settings["base_dir"] = base_dir
    config_dirs = config_folders(None, base_dir)
    found = load_generator(_named(model_configs), "--model_configs", overrides, config_dirs)
    generators = [replace(found, name=settings["name"] or generator_model or found.name)]
    if reference_model_configs:
        generators.append(
            load_generator(reference_model_configs, "--reference_model_configs", config_dirs=config_dirs)
        )
    refuse_unpriced(generators, settings["max_cost"])
    settings["evaluation_dataset"] = evaluation_dataset = _reusable(evaluation_dataset)
    judge = _judge(settings)
    compare_with = _compare_with(evaluation_dataset, settings, is_generated=len(generators) > 1)
    instructions = _instructions(settings, compare_with)
    folder = results_folder(output_path, generators[0].name)
    if (part := Shard.parse(settings["shard"])) is not None:
        instructions, folder = cut(instructions, part, judge), None
        settings |= {"shard": part.whole(), "is_allow_partial": True, "no_report": True}
    sides = [
        Side.open(
            GenerationPlan(generator, instructions, n), file, strip=is_strip_output, load=is_load_outputs
        )
        for generator, n, file in zip(generators, (n_samples, 1), OutputsFile.of_both(folder), strict=False)
    ]
    with open_cache(settings["caching_path"], part) as cache:
        if part is not None and not instructions:
            return ShardReport(part, cache.name, AskReport.all_cached(0), settings["min_coverage"])
        steps = {
            f"generate with {side.plan.generator.name}": side.estimate(
                cache, settings["batch"] or settings["flex"]
            )
            for side in sides
        }
        if settings["dry_run"]:
            return DryRuns({**steps, "judge": _plan_judging(sides, cache, compare_with, settings)})
        if any(step.n_new for step in steps.values()):
            asked = askers(generators, [judge])
            refuse_unaskable(asked, settings["request_timeout"], settings["batch"], settings["flex"])
            say_lifetimes(generators, settings["display"] or Silent())
            _plan_judging(sides, cache, compare_with, settings)
        if folder:
            writable_folder(folder)
        made = tuple(_generate(sides, cache, settings, chunksize))
    if folder and len(sides) == 1 and compare_with is not None:
        reference = OutputsFile.of_both(folder)[1]
        assert reference is not None
        reference.copy_given(compare_with, instructions)
    return _evaluate(made, compare_with, folder, settings)


def _settings(
    given: Mapping[str, Any], annotators_config: str | Path | None, max_instances: int | None
) -> dict[str, Any]:
    """Return evaluate's parameters, each with its default where it is not given."""
    known = defaults(evaluate)
    old = {name: value for name, value in given.items() if name not in known or name == "model_outputs"}
    check_extra_parameters(old, list(inspect.signature(evaluate_from_model).parameters))
    settings = {**known, **given, "annotators_config": annotators_config, "max_instances": max_instances}
    return {name: value for name, value in settings.items() if name in known and name != "model_outputs"}


def _named(model_configs: Any) -> Any:
    if not model_configs:
        shipped = ", ".join(shipped_configs(FOLDER))
        raise UsageError(
            f"name a model, as in: alpaca_eval evaluate_from_model smollm2-135m. Shipped: {shipped}."
        )
    return model_configs


def _judge(settings: dict[str, Any]) -> Annotator:
    """Load the judge, once for the whole run, and put it among the settings."""
    parameters = cast("AskingParameters", settings)
    defaults = find_eval_set(settings["eval_set"]) or find_preset(settings["preset"])
    given = settings["annotators_config"]
    asking = prepare(given or judge_source(None, defaults, parameters), parameters, compares=False)
    settings["annotators_config"] = asking.annotator
    return asking.annotator


def _instructions(settings: Mapping[str, Any], compare_with: Any) -> list[Instruction]:
    """Return what the model is asked: the questions of an eval set, else the instructions of a source."""
    eval_set, source = find_eval_set(settings["eval_set"]), settings["evaluation_dataset"]
    if eval_set is not None and eval_set.load is not None:
        questions = eval_set.load(source, settings["reference_answers"], ())
        return sampled(questions, settings["max_instances"])
    source = compare_with if source is None else source
    return load_instructions(source, max_instances=settings["max_instances"])


def _compare_with(evaluation_dataset: Any, settings: Mapping[str, Any], *, is_generated: bool) -> Any:
    """Return the source of the outputs to compare with, or of the instructions where those are generated."""
    given = settings["reference_outputs"]
    if is_generated and given is not None:
        raise UsageError(
            "--reference_model_configs: the outputs to compare with are given by --reference_outputs already."
        )
    if given is not None:
        return _reusable(given)
    if settings["eval_set"] is not None:
        return None
    if evaluation_dataset is not None:
        return evaluation_dataset
    return outputs_to_compare(None, find_preset(settings["preset"]))


def _reusable(source: Any) -> Any:
    return list(source) if isinstance(source, Iterator) else source


def _plan_judging(
    sides: Sequence[Side], cache: Cache, compare_with: Any, settings: Mapping[str, Any]
) -> DryRun:
    """Plan the judging, with text of the expected length where outputs are still to come.

    It finds what is wrong with its parameters and with the reference before the outputs are paid for.
    """
    outputs = [side.stand_ins(cache) for side in sides]
    quietly = {**settings, "dry_run": True, "display": None, "output_path": None}
    quietly["reference_outputs"] = outputs[1] if len(outputs) > 1 else compare_with
    plan: DryRun = evaluate(outputs[0], **quietly)
    return plan


def _generate(
    sides: Sequence[Side], cache: Cache, settings: dict[str, Any], chunksize: int | None
) -> Iterator[Generation]:
    """Generate one side after the other; each leaves the next one the rest of the budget."""
    display: Display = settings["display"] or Silent()
    pending: AutoevalError | None = None
    for side in sides:
        display.announce(f"generating: {side.line()}")
        options = ask_options(cast("Limits", settings))
        try:
            made = generate(side, cache, options, display, chunksize)
        except AutoevalError as error:
            if error.exit_code != EXIT_PENDING or settings["max_cost"] is not None:
                raise
            pending = pending or error  # the other model's batch job can be at work meanwhile
            continue
        if settings["max_cost"] is not None:
            settings["max_cost"] = max(0.0, settings["max_cost"] - made.report.spent)
        yield made
    if pending:
        raise pending


def _evaluate(
    made: Sequence[Generation], compare_with: Any, folder: Path | None, settings: Mapping[str, Any]
) -> Any:
    """Judge what was generated."""
    is_partial = settings["is_allow_partial"] or any(generation.missing for generation in made)
    returns_tables = settings["is_return_instead_of_print"]
    judged = {
        **settings,
        "reference_outputs": list(made[1].rows) if len(made) > 1 else compare_with,
        "output_path": folder,
        "is_allow_partial": is_partial,
        "is_return_instead_of_print": False,
    }
    if settings["shard"] is not None:
        report: ShardReport = evaluate(list(made[0].rows), **judged)
        return report.after([one.report for one in made])
    try:
        result = replace(evaluate(list(made[0].rows), **judged), generations=tuple(made))
    except NothingJudgedError as error:
        result = replace(cast("Result", error.result), generations=tuple(made))
    result.check_judged()
    return (result.leaderboard, result.records()) if returns_tables else result
