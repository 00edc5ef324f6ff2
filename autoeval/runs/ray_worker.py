"""What a Ray worker does: it asks a share of a run's requests, and says what comes of them as it comes."""

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from autoeval.completions.ask import AskOptions, Silent, ask
from autoeval.completions.cache import Cache, Entry
from autoeval.completions.ledger import Stop
from autoeval.errors import AutoevalError
from autoeval.types import Completion, Failure, Request

Answered = list[tuple[bytes, Completion]]


@dataclass(frozen=True)
class Ended:
    """How a share ended: what has failed, by key, and what its worker's run said of itself.

    `error` is why nothing could be asked there, for example for lack of a key.
    """

    failures: dict[bytes, Failure] = field(default_factory=dict)
    stop: Stop | None = None
    adapted: frozenset[str] = frozenset()
    error: str | None = None


Said = Answered | str | Ended
"""What comes from a worker: replies, a line for the user, the end."""


def answers(requests: Sequence[Request], options: AskOptions) -> Iterator[Said]:
    """Ask a share, on a worker; yields what its run says as it comes."""
    outbox: queue.Queue[Said | None] = queue.Queue(maxsize=1)  # nothing more is asked while replies wait here
    threading.Thread(target=_ask, args=(requests, options, outbox), daemon=True).start()
    while (said := outbox.get()) is not None:
        yield said


class _Outbox(Cache):
    """A cache that keeps nothing: replies go to the run that wants them."""

    def __init__(self, outbox: "queue.Queue[Said | None]") -> None:
        super().__init__(None)
        self._outbox = outbox

    def put_many(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Send replies off."""
        self._outbox.put([(key, entry) for key, entry in entries if isinstance(entry, Completion)])


@dataclass(frozen=True)
class _Telling(Silent):
    """Tells lines to the run that is elsewhere."""

    outbox: "queue.Queue[Said | None]"

    def announce(self, line: str) -> None:
        """Say a line."""
        self.outbox.put(line)


def _ask(requests: Sequence[Request], options: AskOptions, outbox: "queue.Queue[Said | None]") -> None:
    try:
        with _Outbox(outbox) as cache:
            report = ask(requests, cache, options, lambda _: None, _Telling(outbox))
        outbox.put(Ended(dict(report.failures), report.stop, report.adapted))
    except AutoevalError as error:
        outbox.put(Ended(error=str(error)))
    except BaseException as error:
        outbox.put(Ended(error=f"{type(error).__name__}: {error}"))
        raise
    finally:
        outbox.put(None)
