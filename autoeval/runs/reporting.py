"""The report of a run: written beside its annotations, and only when they have changed."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.data.annotations import read_annotations
from autoeval.data.loading import read_rows
from autoeval.data.replacing import result_file
from autoeval.runs.human_votes import HumanVotes
from autoeval.runs.quantities import categories_of, of_grades
from autoeval.runs.result import Evaluation, GradedEvaluation
from autoeval.types import Case, Request
from autoeval.version import __version__

if TYPE_CHECKING:
    from autoeval.report.facts import Facts

REPORT = "report.html"
_HEAD_BYTES = 2000
_ASSETS = Path(__file__).parents[1]


def write_report(result: Evaluation, annotator: Annotator, votes: HumanVotes) -> None:
    """Write report.html into a result's folder, unless the one there says the same.

    Args:
        result: what the report is about; its annotations.json is read pair by pair.
        annotator: who judged, for the prompts as they were sent.
        votes: people's votes on the same pairs.

    Raises:
        AutoevalError: it cannot be written.
    """
    if result.folder is None:
        return
    path = result.folder / REPORT
    digest = _digest(result, votes)
    if digest.encode() in _head(path):
        return
    page = _page(result, annotator, votes, digest)
    with result_file(path) as file:
        file.write(page)


def write_graded_report(result: GradedEvaluation, annotator: Annotator) -> None:
    """Write report.html of outputs that were judged by themselves, unless the one there says the same.

    Args:
        result: what the report is about; its annotations.json is read output by output.
        annotator: who judged.

    Raises:
        AutoevalError: it cannot be written.
    """
    from autoeval.report.graded import FACTS, SCRIPT, TEMPLATE, graded_page
    from autoeval.runs.graded_facts import graded_facts

    if result.folder is None:
        return
    shown = [asdict(result.setting), result.row, result.cautions, __version__]
    digest = hashlib.sha256(json.dumps(shown, default=str).encode())
    for file in (result.paths[0], TEMPLATE, FACTS, SCRIPT):
        digest.update(file.read_bytes())
    path = result.folder / REPORT
    if digest.hexdigest().encode() in _head(path):
        return
    tally, setting = result.tally, result.setting
    settings = {
        "judge": setting.judge,
        "judge's model": ", ".join(sorted(tally.models) or setting.judge_models),
        "eval set": setting.eval_set,
        "right answers": setting.reference,
        "fingerprint": setting.fingerprint,
        "prompt": annotator.prompt_hash,
        "made by": f"autoeval {__version__}",
    }
    facts = graded_facts(
        result.name,
        of_grades(tally),
        categories_of(tally),
        tally.failures,
        result.cautions,
        annotator.description,
        settings,
        setting.interval_name,
        tally.aspects,
    )
    annotations = read_annotations(read_rows(result.paths[0], "annotations"))
    page = graded_page(facts, list(tally.by_turn()), annotations, digest.hexdigest(), tally.aspects.asked)
    with result_file(path) as written:
        written.write(page)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""


def _digest(result: Evaluation, votes: HumanVotes) -> str:
    """Hash everything that a report shows."""
    digest = hashlib.sha256()
    with result.paths[0].open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    shown = [
        asdict(result.setting),
        asdict(result.estimate),
        result.row,
        result.cautions,
        votes.digest,
        __version__,
    ]
    digest.update(json.dumps(shown, default=str).encode())
    for look in _looks():
        digest.update(look.read_bytes())
    return digest.hexdigest()


def _looks() -> list[Path]:
    """Return the files that decide what a page looks like."""
    files = (file for part in ("report", "pages") for file in (_ASSETS / part).rglob("*.*"))
    return sorted(file for file in files if file.suffix in (".jinja", ".js", ".css"))


def _page(result: Evaluation, annotator: Annotator, votes: HumanVotes, digest: str) -> str:
    from autoeval.report.page import report_page
    from autoeval.report.pairs import chosen, entries

    tally, seed = result.tally, result.setting.seed
    wanted = chosen(
        [math.isnan(preference) for preference in tally.preferences], [flip > 0 for flip in tally.flips], seed
    )
    rows = enumerate(read_rows(result.paths[0], "annotations"))
    shown = read_annotations(row for place, row in rows if wanted is None or place in wanted)
    places = None if wanted is None else sorted(wanted)
    pairs = list(entries(shown, places, _prompts(annotator, seed), votes))
    return report_page(_facts(result, annotator), pairs, digest)


def _prompts(annotator: Annotator, seed: int) -> Callable[[Case], Sequence[Sequence[tuple[str, str]]]]:
    """Return what gives a pair's prompts; those on several pairs at once cannot be made again from one of them."""
    if any(judge.is_grouped for judge in annotator.judges):
        return lambda _pair: ()
    return partial(_prompts_of, Plan(annotator, (), seed))


def _prompts_of(plan: Plan, case: Case) -> Sequence[Sequence[tuple[str, str]]]:
    conversations = [_conversation(request) for request in plan.about(case)]
    return [
        conversation for i, conversation in enumerate(conversations) if conversation not in conversations[:i]
    ]


def _conversation(request: Request) -> Sequence[tuple[str, str]]:
    if request.prompt is not None:
        return [("prompt", request.prompt)]
    return [(message.role, message.content) for message in request.messages]


def _facts(result: Evaluation, annotator: Annotator) -> "Facts":
    import numpy as np

    from autoeval.report.facts import Facts, length_effect

    tally, setting = result.tally, result.setting
    preferences = np.asarray(tally.preferences)
    cost = sum(tally.prices)  # NaN where one is unknown
    controlled: Any = result.row.get("length_controlled_winrate")
    return Facts(
        model=result.name,
        reference=setting.reference,
        rate=result.win_rate,
        low=result.estimate.low,
        high=result.estimate.high,
        length_controlled=controlled,
        by_subset=result.by_subset,
        failures=dict(tally.failures.most_common()),
        flip_rate=tally.flip_rate,
        cost=None if math.isnan(cost) else cost,
        preferences=preferences,
        length=length_effect(
            preferences, np.asarray(tally.lengths_1, float), np.asarray(tally.lengths_2, float), tally.weights
        ),
        judge_description=annotator.description,
        interval_name=setting.interval_name,
        cautions=result.cautions,
        settings={
            "judge": setting.judge,
            "judge's model": ", ".join(sorted(tally.models) or setting.judge_models),
            "eval set": setting.eval_set,
            "preset": setting.preset,
            "seed": str(setting.seed),
            "fingerprint": setting.fingerprint,
            "prompt": annotator.prompt_hash,
            "made by": f"autoeval {__version__}",
        },
    )
