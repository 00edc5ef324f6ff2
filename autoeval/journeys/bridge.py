"""The journey from a judge that is gone to one that answers: new models on an old board's scale."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from autoeval.analysis.linking import FEWEST_ANCHORS
from autoeval.checks import check_number, require_source
from autoeval.data.hub import ALPACA_EVAL_REPOSITORY
from autoeval.data.pairing import Pairs, PairsByGenerator, load_pairs_by_generator
from autoeval.errors import UsageError
from autoeval.journeys.bridge_build import Builder
from autoeval.journeys.bridge_plan import plan_lines
from autoeval.journeys.bridge_result import save_bridge
from autoeval.journeys.bridging import OldBoard, choose_anchors, output_source
from autoeval.journeys.parameters.asking import AskingParameters, checked, judge_source, prepare
from autoeval.journeys.parameters.choosing import outputs_to_compare
from autoeval.journeys.parameters.forwarding import also_takes
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.leaderboards import boards
from autoeval.leaderboards.presets import find_preset

HUB_OUTPUTS = f"{ALPACA_EVAL_REPOSITORY}:alpaca_eval_all_outputs"


@also_takes(AskingParameters)
def bridge(
    board: str | Path | None = None,
    annotators_config: str | Path | None = None,
    model_outputs: Any = None,
    anchor_outputs: Any = HUB_OUTPUTS,
    reference_outputs: Any = None,
    anchors: Sequence[str] | str | None = None,
    n_anchors: int = 8,
    max_instances: int | None = None,
    output_path: str | Path | None = "auto",
    is_cache_leaderboard: bool = False,
    is_allow_partial: bool = False,
    preset: str | None = None,
    seed: int = 0,
    **asking: Unpack[AskingParameters],
) -> Any:
    """Place new models on the board of a judge that is gone, by a judge that answers.

    Some models of the board, the anchors, are judged again by the new judge. A line between the log odds of both
    judges' win rates links the two scales; each new model gets a win rate on the old scale with a 95% prediction
    interval. Before asking it says how many anchors and pairs give which width, and the price.

    Args:
        board: The old judge's leaderboard: a CSV file, or the name of a shipped one.
        annotators_config: The new judge: the name of a shipped annotator, a config's folder, or a YAML file.
            Default: the preset's.
        model_outputs: The outputs of the models to place, told apart by `generator` or by file, as
            all_model_outputs of make_leaderboard. Without it, the link alone is made and shown.
        anchor_outputs: The outputs of models on the board: a folder with <model>/model_outputs.json, or a source
            like model_outputs. Default: what the hub has of AlpacaEval's models.
        reference_outputs: The outputs that the board's models were compared with. Default: those of the preset,
            from the hub.
        anchors: The models of the board to judge again, at least 5. Default: some spread over its range.
        n_anchors: How many of them, where anchors does not name them.
        max_instances: Judge only a sample of this many instructions, the same for every model.
        output_path: Folder for bridge.json and leaderboard.csv. `auto`: results_bridge/<board>-<judge>; None:
            write nothing.
        is_cache_leaderboard: Write the bridged rows into the board's own file too, if it is yours.
        is_allow_partial: Go on where outputs and reference do not cover the same instructions.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: Decides orders, draws from pools and samples.
        min_coverage: Leave a model out, and exit with 3, if less than this share of its pairs could be judged.
        **asking: How the judge is asked.

    Returns:
        A Bridge; a BridgePlan with dry_run.

    Raises:
        UsageError: a parameter, file or config is wrong, the judges rank the anchors differently, or every model
            lies far outside the anchors' range. What was judged is in the cache.
        AutoevalError: the run could not be finished; what was judged is in the cache.
    """
    parameters = checked(asking, bridge)
    check_number("n_anchors", n_anchors, FEWEST_ANCHORS, whole=True)
    check_number("max_instances", max_instances, 1, whole=True)
    check_number("seed", seed, 0, whole=True, optional=False)
    require_source(board, "--board", "say on whose scale the models are to be placed")
    defaults = find_preset(preset)
    found, path = boards.find_board(board, "", defaults, "--board")
    if path is None or not path.exists():
        raise UsageError(f"--board: there is no leaderboard {str(board)!r}.")
    old = OldBoard.of(found, path)
    source = judge_source(annotators_config, defaults, parameters)
    asked_how = prepare(source, parameters)
    name = f"{path.stem}-{asked_how.annotator.name}"
    folder = output_folder(output_path, None, name, Path(source), default="results_bridge")
    with ExitStack() as opened:
        reference = outputs_to_compare(reference_outputs, defaults)

        def load(outputs: Any, flag: str) -> PairsByGenerator:
            return opened.enter_context(
                load_pairs_by_generator(
                    output_source(outputs),
                    reference,
                    allow_partial=is_allow_partial,
                    max_instances=max_instances,
                    role=flag,
                )
            )

        candidates = load(anchor_outputs, "--anchor_outputs")
        models = {} if model_outputs is None else load(model_outputs, "--model_outputs")
        names = choose_anchors(old, candidates, n_anchors, _named(anchors))
        old.refuse(asked_how.annotator, candidates[names[0]], is_sample=max_instances is not None)
        _refuse_known(old, models)
        cache = opened.enter_context(asked_how.open_cache())
        builder = Builder(asked_how, cache, old, seed)
        chosen = {name: candidates[name] for name in names}
        plan = builder.planned(chosen, models, len(candidates.keys() & old.rates.keys()))
        if asked_how.dry_run:
            return plan
        asked_how.display.announce("\n".join(plan_lines(plan)))
        built = builder.build(chosen, models)
    if folder is None or built.link is None:
        return built
    boards.save_board(built.board, folder / "leaderboard.csv")
    if is_cache_leaderboard and boards.is_own(path):
        new_rows = {one.name: built.board.rows[one.name] for one in built.bridged}
        boards.update_board(path, lambda now: now.with_rows(new_rows), {}, "win_rate")
    return replace(built, path=save_bridge(folder, built, asked_how.annotator, seed))


def _named(anchors: Sequence[str] | str | None) -> list[str] | None:
    if anchors is None:
        return None
    return [name.strip() for name in anchors.split(",")] if isinstance(anchors, str) else list(anchors)


def _refuse_known(old: OldBoard, models: Mapping[str, Pairs]) -> None:
    """Refuse to place a model that the old judge itself has judged."""
    for name in models:
        if name in old.rates:
            raise UsageError(
                f"--model_outputs: {name!r} is on the board already, where the old judge itself gave it "
                f"{old.rates[name].win_rate:.1f}%. Leave it out, or use it as an anchor."
            )
