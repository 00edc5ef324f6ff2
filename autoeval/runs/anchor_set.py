"""The anchors of a judge: pairs that it is asked about again and again, and what it said each time, in a file."""

import json
import math
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from autoeval.analysis.drift import Drift, drift
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.types import Case

REPLIES = 2
"""How often each pair is asked about each time: once more than once, so that the judge's own noise is seen."""
_LONGEST = 7 * 24 * 3600
"""Seconds within which an asking that was cut off is continued; its replies are to be of one time."""

Preferences = tuple[tuple[float | None, ...], ...]
"""A row a pair, a column a reply; None where it holds no verdict."""


@dataclass(frozen=True)
class Wave:
    """One time that a judge was asked about all its anchors.

    Attributes:
        number: seconds since 1970 when it began. It numbers the samples that are asked for, so that no reply of
            another time is taken for one of this.
        day: when it was done, as YYYY-MM-DD; None while replies are missing.
        preferences: in [1, 2], shape (pairs, REPLIES); empty while replies are missing.
        models: what the servers called the model.
    """

    number: int
    day: str | None = None
    preferences: Preferences = ()
    models: tuple[str, ...] = ()

    def plans(self, annotator: Annotator, pairs: Sequence[Case], seed: int) -> list[Plan]:
        """Plan the questions of each reply."""
        return [
            Plan(annotator, pairs, seed, repeat=self.number * REPLIES + reply) for reply in range(REPLIES)
        ]


@dataclass(frozen=True)
class AnchorSet:
    """The anchors of one judge.

    Attributes:
        judge: its name.
        fingerprint: of everything that decides its replies.
        seed: of the sample and of the orders that the outputs are shown in.
        pairs: what it is asked about.
        waves: each time that it was asked, the first one first; the last one may lack replies.
    """

    judge: str
    fingerprint: str
    seed: int
    pairs: tuple[Case, ...]
    waves: tuple[Wave, ...] = ()

    @staticmethod
    def draw(annotator: Annotator, pairs: Iterable[Case], wanted: int | None, seed: int) -> "AnchorSet":
        """Draw anchors from pairs whose outputs differ, as no judge is asked about others.

        Raises:
            UsageError: there are fewer than two such pairs.
        """
        differing = [pair for pair in pairs if pair.output_1 != pair.output_2]
        if len(differing) < 2:
            raise UsageError(
                f"{len(differing)} pairs have outputs that differ, and anchors take at least two. Give more outputs."
            )
        chosen = differing
        if wanted is not None and wanted < len(differing):
            chosen = random.Random(f"anchors{seed}").sample(differing, wanted)
        numbered = tuple(replace(pair, index=index) for index, pair in enumerate(chosen))
        return AnchorSet(annotator.name, annotator.fingerprint, seed, numbered)

    @property
    def done(self) -> tuple[Wave, ...]:
        """The waves that have all their replies."""
        return tuple(wave for wave in self.waves if wave.day is not None)

    def drift(self) -> Drift | None:
        """Compare the last time with the first; None after one time only, and where no pair has all its verdicts."""
        import numpy as np

        if len(self.done) < 2:
            return None
        then, now = (np.array(wave.preferences, dtype=np.float64) for wave in (self.done[0], self.done[-1]))
        return drift(then, now, self.seed)

    def begun(self) -> "AnchorSet":
        """Return the set with the wave to be asked: a new one, or the last where it was cut off within a week."""
        now, done = int(time.time()), self.done
        unfinished = self.waves[len(done) :]
        if unfinished and now - unfinished[-1].number < _LONGEST:
            return self
        latest = self.waves[-1].number if self.waves else 0
        return replace(self, waves=(*done, Wave(max(now, latest + 1))))

    def asked(self, wave: Wave) -> "AnchorSet":
        """Return the set with its last wave done."""
        return replace(self, waves=(*self.waves[:-1], wave))


def anchors_folder(anchors_path: str | Path) -> Path:
    """Return the folder with the anchors of all judges; `auto` is in the user's data folder."""
    if anchors_path != "auto":
        return Path(anchors_path).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("autoeval")) / "anchors"


def save_anchors(anchors: AnchorSet, folder: Path) -> Path:
    """Write a judge's anchors under its fingerprint; an older file is replaced only by a whole one.

    Raises:
        UsageError: it cannot be written.
    """
    path = anchors_file(folder, anchors.fingerprint)
    with result_file(path, "--anchors_path: ") as file:
        json.dump(asdict(anchors), file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")
    return path


def anchors_file(folder: Path, fingerprint: str) -> Path:
    """Return where a judge's anchors are kept."""
    return folder / f"{fingerprint}.json"


def load_anchors(path: Path) -> AnchorSet | None:
    """Read a judge's anchors; None where there are none.

    Raises:
        UsageError: the file is no such thing.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(AnchorSet).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"--anchors_path: {path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise _spoilt(path, f"{field}: {first['msg']}" if field else first["msg"]) from None
    if wrong := _fault_of(found):
        raise _spoilt(path, wrong)
    return found


def _fault_of(anchors: AnchorSet) -> str | None:
    """Say what is wrong with anchors whose fields are of the right kind."""
    if [pair.index for pair in anchors.pairs] != list(range(len(anchors.pairs))):
        return "pairs: their index does not count from 0"
    if any(
        [len(one.turns) for one in pair.outputs] != [len(pair.turns)] * 2 or not pair.turns
        for pair in anchors.pairs
    ):
        return "pairs: one has no instruction, or not two outputs for it"
    for place, wave in enumerate(anchors.waves):
        if wave.day is None:
            continue
        if len(wave.preferences) != len(anchors.pairs) or {len(row) for row in wave.preferences} != {REPLIES}:
            return f"waves.{place}.preferences: not {REPLIES} replies to each of {len(anchors.pairs)} pairs"
        known = [share for row in wave.preferences for share in row if share is not None]
        if not all(math.isfinite(share) and 1 <= share <= 2 for share in known):
            return f"waves.{place}.preferences: one lies outside 1 to 2"
    return None


def _spoilt(path: Path, what: str) -> UsageError:
    return UsageError(
        f"--anchors_path: {path} holds no anchors of ours ({what}). Move it away to begin anew, with --model_outputs."
    )
