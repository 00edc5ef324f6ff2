"""The files of a result beside its annotations: leaderboard.csv and run.json."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.annotators.judges import Annotator
from autoeval.annotators.kinds import REVIEWED
from autoeval.data.replacing import result_file
from autoeval.leaderboards import boards
from autoeval.leaderboards.counts import Counts
from autoeval.runs.accounts import account_of, versions
from autoeval.runs.result import Result
from autoeval.runs.run_json import RUN_NAME
from autoeval.runs.setting import Setting

if TYPE_CHECKING:
    import pandas as pd


BOARD_NAME = "leaderboard.csv"


def save(result: Result, annotator: Annotator, keeps_run: bool = False, keeps_board: bool = False) -> None:
    """Write a result's files.

    Args:
        result: what to write.
        annotator: the judge, for run.json.
        keeps_run: leave a run.json that is there, because this run has judged nothing.
        keeps_board: leave leaderboard.csv, because it is the board that the result joins.

    Raises:
        AutoevalError: a file cannot be written.
    """
    if result.folder is not None:
        if not keeps_board:
            boards.save_board(result.board, result.folder / BOARD_NAME)
        if keeps_run and (result.folder / RUN_NAME).exists():
            return
        _save_run(result, annotator, result.folder)


def save_reasons(result: Result, annotator: Annotator) -> None:
    """Write what ran where not a single pair was judged.

    Raises:
        AutoevalError: it cannot be written.
    """
    if result.folder is not None:
        _save_run(result, annotator, result.folder)


def save_one_of_many(
    setting: Setting,
    annotator: Annotator,
    counts: Counts,
    n_unpaired: int,
    cautions: Sequence[str],
    folder: Path,
) -> None:
    """Write what ran of a model that was judged with others; what asking cost was for all of them together.

    Args:
        setting: what its number depends on.
        annotator: the judge.
        counts: what its annotations came to.
        n_unpaired: instructions without an output.
        cautions: what a reader must know of its outputs.
        folder: the model's.

    Raises:
        AutoevalError: it cannot be written.
    """
    _write_run({**_facts(setting, annotator, counts, n_unpaired, cautions), "versions": versions()}, folder)


def _save_run(result: Result, annotator: Annotator, folder: Path) -> None:
    _write_run(_run(result, annotator), folder)


def _write_run(facts: Mapping[str, Any], folder: Path) -> None:
    with result_file(folder / RUN_NAME) as file:
        json.dump(facts, file, ensure_ascii=False, indent=2)
        file.write("\n")


def _facts(
    setting: Setting, annotator: Annotator, counts: Counts, n_unpaired: int, cautions: Sequence[str]
) -> dict[str, Any]:
    """Say what was judged by whom, so that a number can be explained later. Keys are never part of it."""
    told = asdict(setting)
    del told["provider"]  # it stands with each judge
    return {
        "setting": told,
        "annotator": judge_facts(annotator),
        "models_named_by_server": sorted(counts.models),
        "adapted": sorted(counts.adapted),
        "counts": {
            "judged": counts.n_judged,
            "missing": counts.n_missing,
            "unpaired": n_unpaired,
            "failures": dict(counts.failures),
        },
        "cautions": list(cautions),
    }


def _run(result: Result, annotator: Annotator) -> dict[str, Any]:
    """Say what ran, and what asking came to."""
    return {
        **_facts(result.setting, annotator, result.tally, result.n_unpaired, result.cautions),
        **result.more_facts(),
        **account_of(result.ask),
    }


def judge_facts(annotator: Annotator) -> dict[str, Any]:
    """Say who judged, for run.json."""
    return {
        "name": annotator.name,
        "description": annotator.description,
        "fingerprint": annotator.fingerprint,
        "prompt_hash": annotator.prompt_hash,
        "combine": annotator.combine,
        "judges": [_judge(judge) for judge in annotator.judges],
    }


def save_json(value: Mapping[str, Any], path: Path) -> Path:
    """Write an analysis with the versions that made it; what is not a number is null.

    Raises:
        AutoevalError: the file cannot be written.
    """
    return save_text(
        json.dumps(_plain({**value, "versions": versions()}), ensure_ascii=False, indent=2), path
    )


def save_rows(table: "pd.DataFrame", path: Path) -> Path:
    """Write a table as a JSON array with a row a line, as annotations.json is.

    Raises:
        AutoevalError: the file cannot be written.
    """
    return save_records(table.to_dict("records"), path)


def save_records(records: Iterable[Mapping[Any, Any]], path: Path) -> Path:
    """Write rows as a JSON array with a row a line, as annotations.json is; what is not a number is null.

    Raises:
        AutoevalError: the file cannot be written.
    """
    rows = (json.dumps(_plain(row), ensure_ascii=False) for row in records)
    return save_text("[\n" + ",\n".join(rows) + "\n]", path)


def save_text(text: str, path: Path) -> Path:
    """Write a text that ends with a line break.

    Raises:
        AutoevalError: the file cannot be written.
    """
    with result_file(path) as file:
        file.write(text + "\n")
    return path


def _plain(value: Any) -> Any:
    """Replace what JSON has no number for (NaN, infinity) by null, however deep it stands."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _judge(judge: Any) -> dict[str, Any]:
    return {
        "name": judge.name,
        "provider": judge.endpoint.provider,
        "base_url": judge.endpoint.base_url,
        "model": judge.model,
        "parameters": dict(judge.parameters),
        **(
            {"order": judge.order}
            if judge.kind.scale is not None
            else {"scale": [judge.scale.low, judge.scale.high]}
        ),
        **({"order": judge.order} if judge.kind is REVIEWED else {}),
        **({"aspects": list(judge.aspects)} if judge.aspects else {}),
        **({"compare": str(judge.comparison)} if judge.comparison else {}),
        "samples": judge.samples,
    }
