"""model_outputs.json while the outputs come."""

from autoeval.completions.cache import Cache
from autoeval.generators.plan import Key
from autoeval.generators.read import Begun, begin, followed, output_of
from autoeval.runs.outputs_file import encoded, row_of
from autoeval.runs.side import Side

_GROWTH = 4


class GrowingFile:
    """Writes the file of a side whenever enough outputs have come, so that a stopped run leaves what it had.

    Saving stays linear in the outputs: each is looked up until it is there, made a row and encoded once, and the file
    is written whenever it has grown by `chunksize` outputs and by a quarter.
    """

    def __init__(self, side: Side, cache: Cache, chunksize: int | None) -> None:
        """Begin with what the file has; with a chunksize of None nothing is written meanwhile."""
        self._side = side
        self._cache = cache
        self._chunksize = chunksize if side.file else None
        self._rows: dict[Key, str] = {}
        self._waiting: list[Begun] | None = None
        self._n_replies = 0
        self._next = chunksize or 0

    def note_reply(self) -> None:
        """Take note that an output may be whole, and write the file if it is time."""
        if self._chunksize is None:
            return
        self._n_replies += 1
        if self._n_replies >= self._next:
            self._save()
            self._next = self._n_replies + max(self._chunksize, self._n_replies // _GROWTH)

    def _save(self) -> None:
        side = self._side
        if self._waiting is None:
            self._rows = {key: encoded(row) for key, row in side.kept.items()}
            self._waiting = list(begin(side.plan, side.plan))
        left: list[Begun] = []
        for output in followed(side.plan, self._waiting, self._cache):
            if output.next is not None:
                left.append(output)
                continue
            row = row_of(output_of(output, side.plan.strip), side.identity, side.date)
            self._rows[output.wanted.key] = encoded(row)
        self._waiting = left
        side.write_encoded(self._rows, {})
