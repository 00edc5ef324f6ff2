"""What was paid for, told again: the sample of a run, and the claims about a board's models."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autoeval.runs.annotation_table import PAID_NAME
from autoeval.runs.paying.claims import path_of_claims, read_claims
from autoeval.runs.run_json import part, told_beside


@dataclass(frozen=True)
class ToldAgain:
    """What judgments on some of the pairs came to.

    Attributes:
        path: where it is kept.
        said: by title, which is of whom and who judged, the lines about them.
    """

    path: Path
    said: Sequence[tuple[str, Sequence[str]]]


def tell_again(run: str | Path) -> ToldAgain | None:
    """Tell what is kept of a run's sample, in its folder, or beside a board; None where nothing is.

    Raises:
        UsageError: it cannot be read.
    """
    path = Path(run)
    claims = path if path.name.endswith(".decided.json") else path_of_claims(path)
    try:
        if path.is_file() and claims.is_file():
            return ToldAgain(
                claims,
                [
                    (f"{', '.join(decided.models)}, judged by {judge}", decided.lines)
                    for judge, decided in read_claims(claims)
                ],
            )
        rows = path if path.name == PAID_NAME else path / PAID_NAME
        return _of_sample(rows) if rows.is_file() else None
    except OSError:  # a name that no file can have
        return None


def _of_sample(rows: Path) -> ToldAgain | None:
    told = told_beside(rows)
    setting, said = part(told, "setting"), part(told, "sample").get("said")
    if not isinstance(said, list) or not said:
        return None
    title = f"{setting.get('model')} against {setting.get('reference')}, judged by {setting.get('judge')}"
    return ToldAgain(rows, [(title, tuple(map(str, said)))])
