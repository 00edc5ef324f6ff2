"""Who judges and how it is asked: the parameters that every journey with a judge takes, and what they come to."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypedDict, cast

from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.plan import Plan, as_one
from autoeval.checks import check_choice, check_number
from autoeval.completions.ask import AskOptions, AskReport, Display, Silent
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import CachingPath, Shard
from autoeval.data.eval_sets import EvalSet
from autoeval.errors import UsageError
from autoeval.journeys.parameters.choosing import Folders, Judges, annotator_source, config_folders
from autoeval.journeys.parameters.forwarding import Shared, defaults
from autoeval.journeys.parameters.limits import Limits, ask_options
from autoeval.journeys.parameters.obsolete import check_extra_parameters
from autoeval.runs.estimate import DryRun, estimate_all
from autoeval.runs.exits import exit_code_after, is_enough
from autoeval.runs.opening import open_cache
from autoeval.runs.refusals import refuse_unknown_prices
from autoeval.runs.sharding import ShardReport, ask_shard

ORDERS = ("random", "both", "fixed")


class JudgeParameters(TypedDict, total=False):
    """Parameters that say who judges, where the config is not to have the last word."""

    annotators_config_dir: Annotated[
        Folders,
        Shared(
            None,
            "A folder of annotators (or several), such as alpaca_eval's evaluators_configs, looked into first.",
        ),
    ]
    base_dir: Annotated[Folders, Shared(None, "alpaca_eval's name for annotators_config_dir.")]
    judge_model: Annotated[str | None, Shared(None, "The judge's model, in place of the config's.")]
    judge_base_url: Annotated[str | None, Shared(None, "The judge's server, in place of the config's.")]
    judge_api_key_env: Annotated[str | None, Shared(None, "The environment variable with the judge's key.")]
    judge_price: Annotated[
        tuple[float, float] | None,
        Shared(None, "US dollars per million input and output tokens, as [2, 8]."),
    ]
    order: Annotated[
        str | None,
        Shared(
            None, "Which output the judge sees first, in place of the config's word: random, both or fixed."
        ),
    ]
    judge_prompts: Annotated[
        Any,
        Shared(
            None,
            "FastChat's judge_prompts.jsonl, or Arena-Hard's judge config (.yaml), used to the letter in place of the "
            "judge's prompt; the latter also says which model judges (unless judge_model does), and how it is read.",
        ),
    ]
    compare_scores: Annotated[
        float | str | None,
        Shared(
            None,
            "Let a judge of single outputs judge pairs: the output whose score is higher by more than this number is "
            "better, else it is a tie; or `sigmoid`: the preference is 1 + σ(score 2 − score 1), as of a reward model.",
        ),
    ]
    p_label_flip: Annotated[
        float | None,
        Shared(None, "With twice this probability a pair gets a coin flip instead of a verdict."),
    ]


class AskingParameters(JudgeParameters, Limits, total=False):
    """Parameters of every journey with a judge, besides `annotators_config`."""

    is_reask_unparsed: Annotated[bool, Shared(False, "Ask again where the judge's reply held no verdict.")]
    go_on: Annotated[
        bool,
        Shared(False, "Ask on although none of the first 8 replies, or of 20 in a row, holds a verdict."),
    ]
    min_coverage: Annotated[
        float, Shared(0.99, "Exit with 3 if less than this share of the questions could be judged.")
    ]
    dry_run: Annotated[bool, Shared(False, "Say what would be asked and what it would cost; ask nothing.")]
    caching_path: Annotated[
        CachingPath,
        Shared(
            "auto",
            "The cache of the judge's replies: a file, a folder of files, or several (the first is written, the "
            "others are read). `auto`: in the user's cache folder; None: a temporary one.",
        ),
    ]
    display: Annotated[Display | None, Shared(None, "Shows the progress (Python only).")]


@dataclass(frozen=True)
class Asking:
    """A judge and how it is asked."""

    annotator: Annotator
    options: AskOptions
    display: Display
    caching_path: CachingPath
    is_reask_unparsed: bool
    min_coverage: float
    dry_run: bool

    def open_cache(self, shard: Shard | None = None) -> Cache:
        """Open the cache of the judge's replies, or that of a part of them."""
        return open_cache(self.caching_path, shard)

    def without_judging(
        self, plans: Sequence[Plan], cache: Cache, shard: Shard | None
    ) -> DryRun | ShardReport:
        """Say what judging would cost, or ask a part of what plans need; nothing is read."""
        if self.dry_run or shard is None:
            return estimate_all(as_one(plans), cache, self.options.at_batch_price)
        return ask_shard(
            plans, cache, self.options, self.display, self.is_reask_unparsed, shard, self.min_coverage
        )

    def exit_code(self, asked: AskReport, coverage: float) -> int:
        """Return what the command line exits with after asking; `coverage` is a share of 0 to 1."""
        return exit_code_after(asked, is_enough(coverage, self.min_coverage))


def checked(given: AskingParameters, journey: Callable[..., Any]) -> AskingParameters:
    """Return all asking parameters, those that are not given with their defaults.

    Args:
        given: the journey's `**keywords`. Old ones of alpaca_eval's are named, and left out.
        journey: the function that got them.

    Raises:
        UsageError: a keyword is no parameter of the journey, or a value is wrong.
    """
    known = defaults(AskingParameters)
    extra = {name: value for name, value in given.items() if name not in known}
    check_extra_parameters(extra, list(inspect.signature(journey).parameters))
    full = cast("AskingParameters", {name: given.get(name, default) for name, default in known.items()})
    if full["order"] is not None:
        check_choice("order", full["order"], ORDERS)
    check_number("min_coverage", full["min_coverage"], 0, 1, optional=False)
    check_number("p_label_flip", full["p_label_flip"], 0, 0.5)
    return full


def refuse_asking(given: AskingParameters, **read: Any) -> None:
    """Refuse parameters of asking where judgments are only read, so that nobody thinks that they had an effect.

    Args:
        given: all asking parameters, as `checked` returns them.
        **read: the parameter that names what is read, and its value; nothing is refused where that is None.

    Raises:
        UsageError: naming the first that has another value than its default.
    """
    reads = next((flag for flag, value in read.items() if value is not None), None)
    known = defaults(AskingParameters)
    used = [
        name for name, value in given.items() if name != "display" and not _is_default(value, known.get(name))
    ]
    if reads and used:
        raise UsageError(
            f"--{used[0]} is for asking a judge, and with --{reads} nobody is asked. Leave one of them out."
        )


def _is_default(value: Any, default: Any) -> bool:
    return value is None if default is None else bool(value == default)


def judge_source(
    annotators_config: Judges | None, preset: EvalSet, parameters: JudgeParameters
) -> str | Path:
    """Return the judge that is named, else the preset's; see `annotator_source`."""
    return annotator_source(annotators_config, preset, folders_of(parameters))


def prepare(source: Judges, parameters: AskingParameters, compares: bool = True) -> Asking:
    """Load a judge and check how it is to be asked.

    Args:
        source: the name of an annotator, a config's folder, or a YAML file; one that is loaded is taken as it is.
        parameters: all of them, as `checked` returns them.
        compares: the journey is about pairs, and has no use for a judge of single outputs.

    Raises:
        UsageError: the config or a value is wrong.
    """
    overrides = JudgeOverrides(
        base_url=parameters["judge_base_url"],
        model=parameters["judge_model"],
        api_key_env=parameters["judge_api_key_env"],
        order=parameters["order"],
        price=parameters["judge_price"],
        p_label_flip=parameters["p_label_flip"],
        prompts=parameters["judge_prompts"],
        compare=parameters["compare_scores"],
    )
    annotator = (
        source if isinstance(source, Annotator) else load_annotator(source, overrides, folders_of(parameters))
    )
    if compares and annotator.kind.n_outputs == 1:
        raise UsageError(
            f"{annotator.name} judges outputs by themselves (kind: {annotator.kind.name}), and this command compares "
            "two. Use evaluate or evaluate_from_model, or name a judge of pairs."
        )
    refuse_unknown_prices(annotator, parameters["max_cost"])
    return Asking(
        annotator=annotator,
        options=replace(ask_options(parameters), goes_on=parameters["go_on"]),
        display=parameters["display"] or Silent(),
        caching_path=parameters["caching_path"],
        is_reask_unparsed=parameters["is_reask_unparsed"],
        min_coverage=parameters["min_coverage"],
        dry_run=parameters["dry_run"],
    )


def folders_of(parameters: JudgeParameters) -> list[Path]:
    """Return the folders of annotators that are looked into first."""
    return config_folders(parameters["annotators_config_dir"], parameters["base_dir"])
