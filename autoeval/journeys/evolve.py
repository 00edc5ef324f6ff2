"""The journey from instructions that everybody has seen to harder ones, with where each comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from autoeval.annotators.judges import Annotator
from autoeval.checks import check_number, require_source
from autoeval.completions.ask import AskOptions, Silent
from autoeval.completions.cache import Cache
from autoeval.data.instructions import load_instructions
from autoeval.data.loading import read_rows
from autoeval.data.replacing import refuse_unwritable
from autoeval.errors import UsageError
from autoeval.evolving.pool import Pool
from autoeval.evolving.similarity import STRETCH, Forbidden
from autoeval.evolving.steps import Evolved
from autoeval.generators.loading import GeneratorOverrides, load_generator
from autoeval.journeys.parameters.asking import AskingParameters, checked, prepare
from autoeval.journeys.parameters.choosing import config_folders
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.limits import ask_options
from autoeval.runs.askable import askers, refuse_unaskable, refuse_unpriced
from autoeval.runs.estimate import DryRuns, estimate
from autoeval.runs.evolution_report import EvolutionReport, Runs, grading, read_runs, report_on
from autoeval.runs.evolved_set import EvolvedSet
from autoeval.runs.evolving import Asked, Evolution, estimates, evolve_pool, is_writer_asked
from autoeval.runs.opening import open_cache
from autoeval.runs.retirement import say_lifetimes
from autoeval.runs.saving import judge_facts

DIFFICULTY = "instruction_difficulty"
_WITHOUT_JUDGE = (
    "no judge has looked at these: paraphrases, answers and what nobody could answer may be among them "
    "(--annotators_config evolve_eliminator)"
)


@dataclass(frozen=True)
class _Reporting:
    """What a report is made from: who grades difficulty, and two models' runs."""

    judge: Annotator | None
    runs: Runs | None


@also_takes(AskingParameters, without=("order", "judge_prompts", "compare_scores", "p_label_flip"))
def evolve(
    instructions: Any = None,
    model_configs: str | Path | Mapping[str, Any] | None = None,
    annotators_config: str | Path | None = None,
    rounds: int = 2,
    output_path: str | Path | None = "evolved.json",
    not_in: Any = None,
    ngram: int = STRETCH,
    seed: int = 0,
    max_instances: int | None = None,
    report: bool = False,
    runs: Any = None,
    difficulty_config: str | Path | None = DIFFICULTY,
    generator_model: str | None = None,
    generator_base_url: str | None = None,
    generator_api_key_env: str | None = None,
    generator_parameters: dict[str, Any] | None = None,
    generator_price: tuple[float, float] | None = None,
    **asking: Unpack[AskingParameters],
) -> EvolvedSet | DryRuns:
    """Have a model make instructions harder, round by round, and drop what is of no use, each with the reason.

    The set is for --evaluation_dataset. Every reply is kept as it comes, so a stopped run goes on where it was, and the
    same seed gives the same set from the cache.

    Args:
        instructions: The instructions to begin with, as a source like outputs.
        model_configs: The model that writes: the name of a shipped config, a config's folder, or a YAML file.
        annotators_config: The judge that eliminates what cannot be told without one: evolve_eliminator, or a judge of
            yours that sees the instruction before as `instruction` and the new one as `output`; the upper half of its
            scale keeps. Default: only what can be told without a judge is dropped.
        rounds: How often each instruction is taken further.
        output_path: The file of the eval set; what was dropped, and how it was made, lie beside it (.dropped.json,
            .run.json). None: write nothing.
        not_in: Files that the set must not overlap with: whatever shares --ngram successive words with one of their
            texts is dropped.
        ngram: How many successive words are an overlap.
        seed: Decides which way of evolving is tried first on an instruction.
        max_instances: Take only a sample of this many instructions.
        report: Say whether the set is harder and tells models apart better: judged difficulty by round, and what
            --runs show. Written beside the set (.report.json).
        runs: For the report: finished runs of two models (or of one against the other) on the given instructions and on
            the evolved set; their folders or annotations.json, a glob or a list.
        difficulty_config: For the report: the judge that grades how hard an instruction is. None: nobody is asked.
        generator_model: The writer's name at its provider, in place of the config's.
        generator_base_url: The writer's server, in place of the config's.
        generator_api_key_env: The environment variable with the key for the writer.
        generator_parameters: Parameters merged into the config's, as {temperature: 0.7, seed: 1}.
        generator_price: US dollars per million input and output tokens of the writer, as [2, 8].
        min_coverage: Exit with 3 if less than this share of the replies could be had and judged.
        **asking: How the writer and the judges are asked.

    Returns:
        An EvolvedSet; DryRuns with dry_run.

    Raises:
        UsageError: a parameter, file, row or config is wrong; nothing was spent.
        AutoevalError: asking ended early; what was paid for is kept.
    """
    parameters = checked(asking, evolve)
    require_source(instructions, "--instructions", "name the file of the instructions to begin with")
    check_number("rounds", rounds, 1, whole=True, optional=False)
    check_number("ngram", ngram, 2, whole=True, optional=False)
    check_number("seed", seed, 0, whole=True, optional=False)
    overrides = GeneratorOverrides(
        generator_model, generator_base_url, generator_api_key_env, generator_parameters, generator_price
    )
    folders = config_folders(None, parameters["base_dir"])
    named = require_source(model_configs, "--model_configs", "name the model that writes, such as gpt-6-luna")
    writer = load_generator(named, "--model_configs", overrides, folders)
    refuse_unpriced([writer], parameters["max_cost"])
    eliminator = _single(annotators_config, "--annotators_config", parameters)
    wanted = Evolution(writer, eliminator, rounds, parameters["is_reask_unparsed"])
    reporting = _reporting(report, runs, difficulty_config, parameters)
    pool = _given(instructions, not_in, ngram, seed, max_instances)
    options = replace(ask_options(parameters), goes_on=parameters["go_on"])
    with open_cache(parameters["caching_path"]) as cache:
        if parameters["dry_run"]:
            return _plans(wanted, pool, reporting, cache, options)
        if output_path is not None:
            refuse_unwritable(Path(output_path))
        if is_writer_asked(wanted, pool, cache) or _plans(wanted, pool, reporting, cache, options).n_new:
            judges = [one for one in (eliminator, reporting.judge) if one]
            refuse_unaskable(askers([writer], judges), options.timeout, options.is_batch, options.flex)
            say_lifetimes([writer], parameters["display"] or Silent())
        asked = Asked(cache, options, parameters["display"] or Silent())
        pool = evolve_pool(wanted, pool, asked)
        made = EvolvedSet(
            pool,
            asked.report,
            _setting(wanted, pool, ngram, not_in),
            None if output_path is None else Path(output_path),
            min_coverage=parameters["min_coverage"],
            cautions=() if eliminator else (_WITHOUT_JUDGE,),
        )
        made.save()  # before the report is paid for
        if report:
            made = replace(made, report=_report(pool, reporting, asked, wanted), ask=asked.report)
            made.save()
    return made


def _single(source: str | Path | None, flag: str, parameters: AskingParameters) -> Annotator | None:
    """Load a judge of single instructions.

    Raises:
        UsageError: it compares two outputs, or its scale has no middle.
    """
    if source is None:
        return None
    annotator = prepare(source, parameters, compares=False).annotator
    if annotator.kind.n_outputs != 1 or (flag == "--annotators_config" and annotator.scale.ends is None):
        raise UsageError(
            f"{flag}: {annotator.name} is no judge of single outputs with a scale that ends on both sides (kind: "
            "single, scale: [0, 1]), as evolve_eliminator and instruction_difficulty are."
        )
    return annotator


def _reporting(
    report: bool, runs: Any, difficulty_config: str | Path | None, parameters: AskingParameters
) -> _Reporting:
    if not report:
        if runs is not None:
            raise UsageError("--runs are for the report: add --report.")
        return _Reporting(None, None)
    judge = _single(difficulty_config, "--difficulty_config", parameters)
    return _Reporting(judge, None if runs is None else read_runs(runs))


def _given(source: Any, not_in: Any, ngram: int, seed: int, max_instances: int | None) -> Pool:
    found = load_instructions(source, "--instructions", max_instances=max_instances, seed=seed)
    given = tuple(Evolved(one.text, place, dataset=one.dataset) for place, one in enumerate(found))
    forbidden = Forbidden(ngram) if not_in is None else Forbidden.of(read_rows(not_in, "--not_in"), ngram)
    return Pool(given, seed, forbidden)


def _plans(
    wanted: Evolution, pool: Pool, reporting: _Reporting, cache: Cache, options: AskOptions
) -> DryRuns:
    steps, expected = estimates(wanted, pool, cache, options.is_batch)
    if reporting.judge is not None:
        plan = grading(reporting.judge, expected)
        steps[f"grade difficulty with {reporting.judge.name}"] = estimate(plan, cache, options.is_batch)
    return DryRuns(steps)


def _report(pool: Pool, reporting: _Reporting, asked: Asked, wanted: Evolution) -> EvolutionReport:
    judge = reporting.judge
    grades = (
        []
        if judge is None
        else asked.verdicts(
            grading(judge, pool), wanted.reask_unparsed, f"grading difficulty with {judge.name}"
        )
    )
    return report_on(pool, judge, grades, reporting.runs)


def _setting(wanted: Evolution, pool: Pool, ngram: int, not_in: Any) -> dict[str, Any]:
    return {
        "writer": wanted.writer.name,
        "config": wanted.writer.identity,
        "eliminator": judge_facts(wanted.eliminator) if wanted.eliminator else None,
        "rounds": wanted.rounds,
        "seed": pool.seed,
        "not_in": None if not_in is None else [str(one) for one in _listed(not_in)],
        "ngram": ngram,
    }


def _listed(source: Any) -> list[Any]:
    if isinstance(source, str | Path):
        return [source]
    return [one if isinstance(one, str | Path) else "a table" for one in source] if source else []
