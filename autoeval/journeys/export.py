"""Finished runs, taken to the tools that people already use."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autoeval.checks import require_source
from autoeval.completions.ask import Display
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError, nearest


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        text: the file's text; empty where a tracker has the run.
        path: where it was written; None where it was only printed.
        lines: what to tell the user.
    """

    text: str
    path: Path | None
    lines: tuple[str, ...]


def export(
    runs: str | Path | Sequence[str | Path] | None = None,
    *,
    to: str = "markdown",
    out: str | Path | None = None,
    dataset: str | None = None,
    task: str | None = None,
    organization: str | None = None,
    source_url: str | None = None,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> Export:
    """Take finished runs elsewhere: to a tracker, to a model card, into a table.

    Args:
        runs: The runs: folders of results, or their annotations.json.
        to: mlflow, wandb or trackio (each as its own settings say where); hugging_face (.eval_results YAML of a
            model's repository), every_eval_ever (JSON), markdown or latex (a table, of several runs too).
        out: The file to write. Default: print it.
        dataset: The benchmark's dataset on the hub, for hugging_face. Default: AlpacaEval's, for its instructions.
        task: The task in it. Default: that of the preset.
        organization: Who evaluated, for hugging_face and every_eval_ever.
        source_url: Where the results can be seen, for hugging_face.
        display: Shows the progress (Python only).

    Returns:
        An Export.

    Raises:
        UsageError: there is no such run, format or tracker, or the file cannot be written.
        MissingExtraError: the tracker is not installed.
    """
    from autoeval.exports.formats import FORMATS, Target
    from autoeval.exports.record import read_record
    from autoeval.exports.trackers import TRACKERS, check_tracker, log_run

    given = require_source(runs, "runs", "name one or more folders of results")
    sources = [given] if isinstance(given, str | Path) else list(given)
    if to in TRACKERS:
        check_tracker(to)
        if out is not None:
            raise UsageError(f"--out is for files; {to} keeps runs where its own settings say.")
        return Export("", None, tuple(log_run(read_record(source), to) for source in sources))
    if to not in FORMATS:
        raise UsageError(f"--to: there is no {to!r}. {nearest(to, [*TRACKERS, *FORMATS])}")
    target = Target(dataset, task, organization, source_url)
    text = FORMATS[to]([read_record(source) for source in sources], target)
    if out is None:
        return Export(text, None, ())
    path = Path(out)
    with result_file(path, "--out: ") as file:
        file.write(text)
    return Export(text, path, (f"Written: {path}",))
