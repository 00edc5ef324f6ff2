"""Result files of other harnesses: lm-evaluation-harness' results_*.json, Inspect's .json and .eval logs.

Their numbers are taken as they stand there, with their standard errors; which version wrote them is said.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from autoeval.data.loading import describe
from autoeval.errors import MissingExtraError, UsageError

_ERRORS = ("stderr", "standard_error")
_LM_EVAL, _INSPECT = "lm-evaluation-harness", "Inspect"
_NEITHER = "it is neither a results file of lm-evaluation-harness nor a log of Inspect"


@dataclass(frozen=True)
class Metric:
    """One number of another harness.

    Attributes:
        name: task, metric, and filter or scorer.
        value: as it stands in the file.
        standard_error: of it; None where the file gives none.
        n: how many questions it is over; None where the file does not say.
    """

    name: str
    value: float
    standard_error: float | None
    n: int | None


@dataclass(frozen=True)
class HarnessResult:
    """What a file says: of which model, by which harness and version."""

    path: Path
    model: str
    harness: str
    version: str
    metrics: tuple[Metric, ...]


def read_result(path: Path) -> HarnessResult:
    """Read one file.

    Raises:
        UsageError: it cannot be read, or is of no harness that is known, or of a run that did not finish.
        MissingExtraError: Inspect compressed it in a way that needs the extra `inspect`.
    """
    content = _log(path) if path.suffix == ".eval" else _json(path)
    if not isinstance(content, Mapping):
        raise UsageError(f"{path}: {_NEITHER}: it holds {describe(content)}.")
    if isinstance(content.get("eval"), Mapping):
        return _of_inspect(path, content)
    if isinstance(content.get("results"), Mapping) and ("versions" in content or "configs" in content):
        return _of_lm_eval(path, content)
    raise UsageError(f"{path}: {_NEITHER}.")


def _of_lm_eval(path: Path, content: Mapping[str, Any]) -> HarnessResult:
    config = content.get("config")
    arguments = config.get("model_args") if isinstance(config, Mapping) else None
    model = content.get("model_name")
    for given in _arguments(arguments):
        model = given
    if not isinstance(model, str) or not model:
        raise UsageError(f"{path}: it names no model (model_name).")
    counts = content.get("n-samples")
    metrics: list[Metric] = []
    for task, numbers in content["results"].items():
        if not isinstance(numbers, Mapping):
            raise UsageError(
                f"{path}: the results of {task!r} are {describe(numbers)}; they should be an object."
            )
        of_task = counts.get(task) if isinstance(counts, Mapping) else None
        n = numbers.get("sample_len", of_task.get("effective") if isinstance(of_task, Mapping) else None)
        for key, value in numbers.items():
            metric, _, kind = str(key).partition(",")
            if metric.endswith("_stderr") or not kind or not _is_number(value):
                continue
            error = numbers.get(f"{metric}_stderr,{kind}")
            shown = metric if kind == "none" else f"{metric} ({kind})"
            metrics.append(Metric(f"{task} {shown}", float(value), _error(error), _count(n)))
    version = str(content.get("lm_eval_version") or "of an unnamed version")
    return _checked(HarnessResult(path, model, _LM_EVAL, version, tuple(metrics)))


def _arguments(arguments: Any) -> Iterator[str]:
    """Yield the model that lm-evaluation-harness was told to load, in either of its spellings."""
    if isinstance(arguments, str):
        arguments = dict(part.split("=", 1) for part in arguments.split(",") if "=" in part)
    if isinstance(arguments, Mapping):
        for name in ("pretrained", "model"):
            if isinstance(arguments.get(name), str) and arguments[name]:
                yield arguments[name]
                return


def _of_inspect(path: Path, content: Mapping[str, Any]) -> HarnessResult:
    facts = content["eval"]
    if content.get("status") not in (None, "success"):
        raise UsageError(
            f"{path}: Inspect's run ended as {content['status']!r}, so its numbers are not those of the whole task."
        )
    results = content.get("results")
    scores = results.get("scores") if isinstance(results, Mapping) else None
    if not isinstance(scores, list) or not isinstance(facts.get("model"), str):
        raise UsageError(f"{path}: Inspect's log has no model or no scores.")
    metrics: list[Metric] = []
    for score in scores:
        numbers = score.get("metrics") if isinstance(score, Mapping) else None
        if not isinstance(numbers, Mapping):
            raise UsageError(f"{path}: a score of Inspect's log has no metrics.")
        values = {name: one.get("value") for name, one in numbers.items() if isinstance(one, Mapping)}
        error = next((values[name] for name in _ERRORS if name in values), None)
        n = score.get(
            "scored_samples", results.get("completed_samples") if isinstance(results, Mapping) else None
        )
        for name, value in values.items():
            if name not in _ERRORS and value is not None and _is_number(value):
                label = f"{facts.get('task', 'task')} {name} ({score.get('name', 'score')})"
                metrics.append(Metric(label, float(value), _error(error), _count(n)))
    packages = facts.get("packages")
    version = packages.get("inspect_ai") if isinstance(packages, Mapping) else None
    return _checked(
        HarnessResult(path, facts["model"], _INSPECT, str(version or "of an unnamed version"), tuple(metrics))
    )


def _checked(result: HarnessResult) -> HarnessResult:
    if not result.metrics:
        raise UsageError(f"{result.path}: {result.harness}'s file holds no number.")
    return result


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}.") from None


def _log(path: Path) -> Any:
    """Read the header of Inspect's archive, which newer versions compress with Zstandard."""
    zipfile = _zipfile()
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("header.json"))
    except NotImplementedError:
        raise MissingExtraError(f"reading {path}, which is compressed with Zstandard,", "inspect") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except (BadZipFile, zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no finished log of Inspect: {error}.") from None


def _zipfile() -> Any:
    """Return the module that opens archives: Python's own from 3.14 on, before that the one that knows Zstandard."""
    if sys.version_info < (3, 14):
        try:
            from backports.zstd import zipfile
        except ImportError:
            pass
        else:
            return zipfile
    import zipfile as own

    return own


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value)
        <= sys.float_info.max  # neither NaN, nor infinite, nor a whole number of hundreds of digits
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _error(value: Any) -> float | None:
    return float(value) if _is_number(value) and value >= 0 else None
