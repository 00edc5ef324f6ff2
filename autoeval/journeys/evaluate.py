"""The main journey: a file of outputs in, a win rate that can be trusted out."""

from pathlib import Path
from typing import Any, Unpack, cast

from autoeval.annotators.judges import Annotator
from autoeval.checks import check_choice, check_number
from autoeval.completions.ask import Display
from autoeval.completions.storage.places import Shard
from autoeval.data.eval_sets import find_eval_set
from autoeval.errors import UsageError
from autoeval.exports.trackers import check_log, log_run
from autoeval.journeys.against_reference import Comparing, compare_with_reference
from autoeval.journeys.evaluated import Evaluating, find_standing
from autoeval.journeys.loading import Loading
from autoeval.journeys.parameters.asking import AskingParameters, checked, folders_of, judge_source, prepare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.metric_choice import find_metric
from autoeval.leaderboards import boards
from autoeval.leaderboards.presets import find_preset
from autoeval.leaderboards.table import MODES
from autoeval.metrics.estimates import METHODS, Method
from autoeval.runs.arena_files import baselines_of
from autoeval.runs.estimate import DryRun
from autoeval.runs.length import BOOTSTRAP, STANDARD_ERRORS
from autoeval.runs.paying.choosing import Wanted
from autoeval.runs.result import Result
from autoeval.runs.sharding import ShardReport


@also_takes(AskingParameters)
def evaluate(
    model_outputs: Any = None,
    reference_outputs: Any = None,
    annotators_config: str | Path | Annotator | None = None,
    name: str | None = None,
    output_path: str | Path | None = "auto",
    precomputed_leaderboard: str | Path | None = "auto",
    is_overwrite_leaderboard: bool = False,
    leaderboard_mode_to_print: str | None = "auto",
    current_leaderboard_mode: str = "community",
    is_return_instead_of_print: bool = False,
    sort_by: str | None = None,
    is_cache_leaderboard: bool | None = None,
    max_instances: int | None = None,
    fn_metric: Any = None,
    metric_kwargs: dict[str, Any] | None = None,
    is_recompute_metrics_only: bool = False,
    preset: str | None = None,
    seed: int = 0,
    no_report: bool = False,
    human_annotations: Any = None,
    is_allow_partial: bool = False,
    is_strip_thinking: bool = False,
    interval: str = "t_plus4",
    length_control_file: str | Path | None = "auto",
    lc_standard_error: str = BOOTSTRAP,
    n_paid: int | None = None,
    precision: float | None = None,
    until_decided: str | Path | None = None,
    predict_with: str | Path | None = None,
    eval_set: str | None = None,
    evaluation_dataset: Any = None,
    reference_answers: Any = None,
    log_to: str | None = None,
    shard: str | None = None,
    **asking: Unpack[AskingParameters],
) -> Any:
    """Evaluate a model's outputs against a reference's.

    Args:
        model_outputs: The model's outputs: a file (json, jsonl, csv, tsv, parquet, each also .gz), a glob, a hub
            name; in Python also a DataFrame, a list of dicts, a Dataset or a callable. Without it, the
            leaderboard is shown.
        reference_outputs: The outputs to compare with, as a source like model_outputs. Default: those of the
            preset, from the Hugging Face hub.
        annotators_config: Who judges: the name of a shipped annotator, a config's folder, or a YAML file.
            Default: the preset's.
        name: What to call the model. Default: the outputs' `generator`.
        output_path: Folder for the results. `auto`: beside the outputs file, or results/<name>; None: write
            nothing.
        precomputed_leaderboard: A leaderboard CSV that the result is merged into. `auto`: the shipped one of
            this judge and reference, if there is one; None: no other models.
        is_overwrite_leaderboard: Replace the model's row on the leaderboard if it has one.
        leaderboard_mode_to_print: Show the models of this mode and the stricter ones: minimal, verified,
            community, dev; None: all. `auto`: minimal of a shipped board, all of a board of yours.
        current_leaderboard_mode: The mode of the new row.
        is_return_instead_of_print: Return the leaderboard and the annotations, as alpaca_eval does.
        sort_by: The column that the leaderboard is sorted by. Default: the preset's.
        is_cache_leaderboard: Write the merged board back to precomputed_leaderboard. Default: if it is a file
            of yours and max_instances is not given.
        max_instances: Judge only a sample of this many instructions, the same for every model.
        fn_metric: get_winrate leaves length control out, get_length_controlled_winrate puts it in; in Python also
            a function of the annotations whose numbers join the row. Default: the preset's.
        metric_kwargs: Its arguments.
        is_recompute_metrics_only: Compute the numbers anew from the annotations.json that is in the results
            folder, without any judge.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: Decides orders and draws from pools; another seed is another vote of the judge. Which instructions
            max_instances takes does not depend on it.
        no_report: Leave out report.html, the page with the result and its pairs side by side.
        human_annotations: People's votes on these pairs, shown in the report beside the judge's: a source of
            rows with instruction, output_1, output_2 and preference.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        is_strip_thinking: Leave the reasoning (<think> and other marks of it) out of all outputs. Default: they are
            judged as they are, and it is said how many hold some.
        min_coverage: Exit with 3 if less than this share of the pairs could be judged.
        eval_set: The questions that the outputs answer, where they are no pairs' instructions: mt_bench, wildbench,
            ultrafeedback, arena_hard_v0.1, arena_hard_v2.0, m_arena_hard or m_arena_hard_v2.0. Outputs are then
            upstream's files (model_answer/MODEL.jsonl), or evaluate_from_model's; Arena-Hard's baselines are found
            beside them, or on the hub.
        evaluation_dataset: With eval_set, where its questions are: question.jsonl or its folder, or the dataset's own
            rows. Default: the one that lies near the outputs, else the hub's. Without eval_set: rows of instructions
            with columns that the judge's prompt shows, such as a checklist. Default: the outputs' own columns.
        reference_answers: With eval_set, the right answers that its judge sees: reference_answer/gpt-4.jsonl.
            Default: the one beside the questions, where there is one.
        interval: Method of the 95% interval: t_plus4, t, clustered, percentile or bca.
        length_control_file: AlpacaEval's df_gamed.csv, with which length control is what AlpacaEval computes.
            `auto`: from the hub where it can be had; None: the shipped difficulties.
        lc_standard_error: How sure the length-controlled win rate is: bootstrap, or alpaca_eval for the figure of
            0.6.6, which leaves the sampling of the judgments out and is too small.
        n_paid: Pay for this many pairs (50 or more) and estimate the win rate from them. With what `learn` has
            learned of the judge, fewer say as much; a larger number later continues the same sample.
        precision: Find n_paid: so many points to each side is how far the 95% interval is expected to reach.
        until_decided: Ask in rounds of 16 pairs, in a random order, and stop when it is clear whether the model is
            better than this one: `reference`, a run of the same judge (its folder), or a model whose judgments the
            board keeps.
        predict_with: With n_paid, precision or until_decided: a cheap annotator, which is asked about every pair so
            that the judge need be asked about fewer. The number stays the judge's.
        log_to: Log the result to a tracker, as its own settings say where: mlflow, wandb or trackio.
        shard: Ask one part of the requests, as 2/8, into a cache of its own and write nothing else; a run on all
            parts' caches reads them.
        caching_path: The cache of the judge's replies: a file, a folder of files, or several (the first is written,
            the others are read). `auto`: in the user's cache folder; None: a temporary one. A JSON file is an
            alpaca_eval cache: what it has is imported into the one of `auto`.
        **asking: How the judge is asked. Old parameters of alpaca_eval's are named, and have no effect.

    Returns:
        An Evaluation; a DryRun with dry_run; a ShardReport with shard; a Board without model_outputs; with
        is_return_instead_of_print, the leaderboard DataFrame and a list of annotation dicts.

    Raises:
        UsageError: a parameter, file, field or config is wrong; nothing was spent.
        AutoevalError: the run could not be finished, or not a single pair could be judged; every reply is in the
            cache.
    """
    parameters = checked(asking, evaluate)
    _check(
        interval, lc_standard_error, max_instances, seed, current_leaderboard_mode, leaderboard_mode_to_print
    )
    wanted = Wanted.checked(n_paid, precision, until_decided, predict_with)
    check_log(log_to, output_path)
    part = Shard.parse(shard)
    defaults = find_preset(preset)
    questions = find_eval_set(eval_set)
    own = questions if questions is not None and questions.arena is not None else None
    by_length = (own or defaults).wants_length_control(sort_by)
    metric = find_metric(fn_metric, metric_kwargs, by_default=by_length)
    source = judge_source(annotators_config, questions or defaults, parameters)
    asked_how = (
        None if model_outputs is None else prepare(_loaded(annotators_config) or source, parameters, False)
    )
    is_graded = asked_how is not None and asked_how.annotator.kind.n_outputs == 1
    if is_graded:
        _refuse_of_grades(wanted, part)
    standing = find_standing(
        questions,
        precomputed_leaderboard,
        output_path,
        source,
        defaults,
        is_graded=is_graded,
        overwrites=is_overwrite_leaderboard or is_recompute_metrics_only,
        sort_by=sort_by,
        mode_to_print=leaderboard_mode_to_print,
        is_kept=_is_kept(is_cache_leaderboard, max_instances),
    )
    if metric.function is None and not is_graded:  # a function has columns of its own
        boards.check_column(sort_by, standing.board)
    if asked_how is None:
        return standing.alone()
    how = Evaluating(
        asking=asked_how,
        judge_source=source,
        loading=Loading(
            defaults,
            questions,
            evaluation_dataset,
            reference_answers,
            name,
            is_allow_partial,
            max_instances,
            is_strip_thinking,
            baselines_of(asked_how.annotator),
            asked_how.annotator.columns,
        ),
        standing=standing,
        output_path=output_path,
        mode=current_leaderboard_mode,
        seed=seed,
        recomputes=is_recompute_metrics_only,
        no_report=no_report,
    )
    if is_graded:
        from autoeval.journeys.grading import grade

        return _returned(grade(model_outputs, how), is_return_instead_of_print, log_to, asked_how.display)
    comparing = Comparing(
        shows_mode=leaderboard_mode_to_print is None,
        metric=metric,
        interval=cast("Method", interval),
        length_control_file=length_control_file,
        lc_standard_error=lc_standard_error,
        wanted=wanted,
        shard=part,
        human_annotations=human_annotations,
        folders=folders_of(parameters),
        max_cost=parameters["max_cost"],
    )
    result = compare_with_reference(model_outputs, reference_outputs, how, comparing)
    return _returned(result, is_return_instead_of_print, log_to, asked_how.display)


def _returned(
    result: Result | DryRun | ShardReport, as_tables: bool, log_to: str | None, display: Display
) -> Any:
    """Return a result as it is, or as alpaca_eval does: the leaderboard and the annotations. It is logged before."""
    if log_to is not None and isinstance(result, Result) and result.folder is not None:
        from autoeval.exports.record import read_record

        display.announce(log_run(read_record(result.folder), log_to))
    return (result.leaderboard, result.records()) if as_tables and isinstance(result, Result) else result


def _refuse_of_grades(wanted: Wanted | None, part: Shard | None) -> None:
    if wanted is not None:
        raise UsageError(
            "--n_paid, --precision and --until_decided choose among pairs. Leave them out, or name a judge of pairs."
        )
    if part is not None:
        raise UsageError(
            "--shard is for pairs: several runs with one cache share the questions of a judge of single outputs."
        )


def _loaded(annotators_config: Any) -> Annotator | None:
    return annotators_config if isinstance(annotators_config, Annotator) else None


def _is_kept(is_cache_leaderboard: bool | None, max_instances: int | None) -> bool:
    """Whether a row goes into the board's file; of a sample, only where that is wanted."""
    return max_instances is None if is_cache_leaderboard is None else is_cache_leaderboard


def _check(
    interval: str, standard_error: str, max_instances: Any, seed: Any, mode: str, mode_to_print: str | None
) -> None:
    check_choice("interval", interval, METHODS)
    check_choice("lc_standard_error", standard_error, STANDARD_ERRORS)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True, optional=False)
    check_choice("current_leaderboard_mode", mode, MODES)
    if mode_to_print is not None:
        check_choice("leaderboard_mode_to_print", mode_to_print, ("auto", *MODES))
