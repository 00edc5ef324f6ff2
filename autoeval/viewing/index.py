"""What is known of a folder's runs, kept between two looks at it and between two starts."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from autoeval.data.replacing import replacing
from autoeval.runs.catalog import Place, RunFacts, as_json, from_json, place, places, unread
from autoeval.runs.counted_facts import facts_from_annotations, facts_from_summary, facts_of
from autoeval.version import __version__

_KEPT_EVERY = 25
_FORM = f"{__version__} 2"
"""Of the kept file; what an older version kept is read anew."""


class Index:
    """The runs of a folder, each read once and again only when one of its files has changed."""

    def __init__(self, root: Path, kept_in: Path | None = None) -> None:
        """Begin with what was kept.

        Args:
            root: the folder whose runs are shown.
            kept_in: a folder for what is known, so that the next start is quick; None keeps nothing.
        """
        self.root = root
        name = blake2b(str(root.resolve()).encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()
        self._file = kept_in / f"{name}.json" if kept_in else None
        self._known: dict[str, tuple[str, RunFacts]] = self._kept()
        self._places: dict[str, Place] = {}
        self._lock = threading.Lock()
        self._reading: threading.Thread | None = None

    def runs(self, waits: bool = False) -> list[RunFacts]:
        """Return every run, in the order of the folders.

        Args:
            waits: read what is not known before returning, rather than beside it: what is not read yet says so.
        """
        found = {where.id: where for where in places(self.root)}
        news = [where for where in found.values() if not self._is_known(where)]
        quick = {where: facts for where in news if (facts := facts_from_summary(where))}
        slow = [where for where in news if where not in quick]
        with self._lock:
            self._places = found
            self._known |= {where.id: (where.stamp, facts) for where, facts in quick.items()}
        if slow and waits:
            self._read(slow)
        elif slow and not (self._reading and self._reading.is_alive()):
            self._reading = threading.Thread(target=self._read, args=(slow,), name="reading", daemon=True)
            self._reading.start()
        elif quick:
            self._keep()
        return [self._facts(where) for where in found.values()]

    def find(self, run: str) -> tuple[Place, RunFacts] | None:
        """Return where a run lies and what it came to; None where there is none of that id."""
        if run not in self._places:
            self.runs()
        where = self._places.get(run)
        if where is None:
            return None
        now = place(where.path, self.root)
        if not self._is_known(now):
            self._learn(now, facts_of(now))
        self._places[run] = now
        return now, self._facts(now)

    def _is_known(self, where: Place) -> bool:
        return self._known.get(where.id, ("",))[0] == where.stamp

    def _facts(self, where: Place) -> RunFacts:
        stamp, facts = self._known.get(where.id, ("", unread(where)))
        return facts if stamp == where.stamp else unread(where)

    def _read(self, unread_places: Sequence[Place]) -> None:
        for number, where in enumerate(unread_places, 1):
            self._learn(where, facts_from_annotations(where))
            if number % _KEPT_EVERY == 0:
                self._keep()
        self._keep()

    def _learn(self, where: Place, facts: RunFacts) -> None:
        with self._lock:
            self._known[where.id] = where.stamp, facts

    def _kept(self) -> dict[str, tuple[str, RunFacts]]:
        if self._file is None:
            return {}
        with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["form"] == _FORM:
                return {run: (stamp, from_json(facts)) for run, (stamp, facts) in kept["runs"].items()}
        return {}

    def _keep(self) -> None:
        if self._file is None:
            return
        with self._lock:
            known = {run: known for run, known in self._known.items() if run in self._places}
        runs = {run: (stamp, as_json(facts)) for run, (stamp, facts) in known.items()}
        with suppress(OSError), replacing(self._file) as file:  # without it, the next start takes longer
            json.dump({"form": _FORM, "runs": runs}, file)
