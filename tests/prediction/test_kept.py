"""What is learned of a judge, read back from its file: whole, or refused with the way out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from autoeval.errors import UsageError
from autoeval.prediction.history import aligned
from autoeval.prediction.kept import Kept, load_kept, save_kept, text_hash
from autoeval.prediction.seen import TextReader

N = 12
INSTRUCTIONS, REFERENCES = [f"Do thing {i}." for i in range(N)], [f"reference {i}" for i in range(N)]


def some_kept() -> Kept:
    """Five models on twelve instructions."""
    reader = TextReader(INSTRUCTIONS, REFERENCES)
    rng = np.random.default_rng(0)
    seen = {f"m{j}": reader.read([f"answer {j} {i} " * (1 + j) for i in range(N)]) for j in range(5)}
    history = aligned(seen, {name: rng.integers(2, size=N).astype(np.float64) for name in seen})
    return Kept(history, reader.frequencies, tuple(map(text_hash, REFERENCES)), ("another",))


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change one of the arrays of a file."""

    def spoil(path: Path) -> None:
        with np.load(path) as arrays:
            kept = dict(arrays)
        kept[name] = change(kept[name])
        np.savez(path, **kept)

    return spoil


def fewer_columns(path: Path) -> None:
    """Let the file have less of every pair, as another version may have seen it."""
    for number in range(5):
        changed(f"columns{number}", lambda columns: columns[:, :3])(path)


def header_without_end(path: Path) -> None:
    """Let the description of an array break off, at which numpy's parser stumbles in a way of its own."""
    with ZipFile(path) as archive:
        arrays = {name: archive.read(name) for name in archive.namelist()}
    arrays["shares.npy"] = arrays["shares.npy"].replace(b"}", b"(", 1)
    with ZipFile(path, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(name, content)


def older(path: Path) -> None:
    """Take out what the first files did not have: the judge's name, and whose judgments they are."""
    with np.load(path) as arrays:
        kept = {name: array for name, array in arrays.items() if name not in ("fingerprint", "judged_by")}
    np.savez(path, **kept)


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    kept, path = some_kept(), tmp_path / "judge.npz"
    assert load_kept(path) is None
    save_kept(kept, path)
    again = load_kept(path)
    assert again is not None
    assert (again.history.models, again.judged_by) == (kept.history.models, ("another",))
    target = kept.history.seen[0]
    assert again.history.predict(target) == pytest.approx(kept.history.predict(target), abs=1e-6)
    older(path)
    without_names = load_kept(path)
    assert without_names is not None
    assert without_names.judged_by == (), "the judge's own"
    assert without_names.history.predict(target) == pytest.approx(kept.history.predict(target), abs=1e-6)
    changed("format", lambda _: np.array(99))(path)
    assert load_kept(path) is None, "of another version: as if nothing were learned"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:2000]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("hello"),
        lambda path: (path.unlink(), path.mkdir()),
        changed("shares", lambda shares: shares * np.nan),
        changed("shares", lambda shares: shares * 100),
        changed("shares", lambda shares: shares[:, :5]),
        changed("columns1", lambda columns: columns * np.nan),
        changed("columns1", lambda columns: columns[:, :3]),
        fewer_columns,
        changed("lengths0", lambda lengths: lengths[:3]),
        changed("indptr0", lambda pointers: pointers[:3]),
        changed("references", lambda references: references[:3]),
        changed("frequencies", lambda _: np.array("x")),
        changed("models", lambda models: models[:0]),
        changed("models", lambda models: models[[0, 0, 1, 2, 3]]),
        changed("keys", lambda keys: keys[[0, *range(N - 1)]]),
        changed("indices0", lambda places: places + 10**6),
        changed("indices0", lambda places: places - 10**6),
        changed("indptr0", lambda pointers: pointers * 0),
        changed("data0", lambda data: data * np.nan),
        changed("data0", lambda data: data * np.inf),
        changed("data0", lambda data: data[:-1]),
        changed("columns1", lambda columns: columns.astype(complex)),
        header_without_end,
    ],
    ids=[
        *("truncated", "empty", "text", "folder", "no number", "percent", "too few", "no figures"),
        *(
            "other columns",
            "all other columns",
            "short lengths",
            "short vectors",
            "short references",
            "no array",
            "no model",
            "a model twice",
            "an instruction twice",
            *(
                "places beyond",
                "places before",
                "no places",
                "no weights",
                "endless weights",
                "too few weights",
            ),
            "complex figures",
            "half a header",
        ),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, spoil: Callable[[Path], Any]) -> None:
    path = tmp_path / "judge.npz"
    save_kept(some_kept(), path)
    spoil(path)
    with pytest.raises(UsageError, match=r"cannot be read: .*judge\.npz\. Run `alpaca_eval learn` again"):
        load_kept(path)


def test_a_file_of_another_judge_is_refused(tmp_path: Path) -> None:
    save_kept(some_kept(), tmp_path / "one.npz")
    (tmp_path / "one.npz").rename(tmp_path / "other.npz")
    with pytest.raises(UsageError, match="of another judge"):
        load_kept(tmp_path / "other.npz")
