"""The trials of a run, one for each model at each endpoint, and what the cache says before anything is asked."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from autoeval.completions.cache import Cache
from autoeval.completions.key_set import KeySet
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.completions.replies import new_by_key
from autoeval.completions.trial import FIRST, Trial, WhyUnread
from autoeval.types import Completion, Endpoint, Request


@dataclass
class Trials:
    """The trial of each lane, which outlives it; see `Trial`."""

    cache: Cache
    why_unread: WhyUnread | None
    goes_on: bool
    _of: dict[tuple[Endpoint, str], Trial] = field(default_factory=dict)

    def of(self, request: Request) -> Trial:
        """Return the trial of a request's model at its endpoint."""
        name = (request.endpoint, request.model)
        if name not in self._of:
            self._of[name] = Trial(self.why_unread, self.goes_on)
        return self._of[name]

    def look_at(self, known: Mapping[bytes, Request], ledger: Ledger) -> None:
        """Learn from replies that the cache has, until one of them holds a verdict."""
        left = {key: request for key, request in known.items() if not self.of(request).is_proven}
        stops: dict[int, str] = {}
        for key, entry in self.cache.get_many(list(left)).items():
            trial = self.of(left[key])
            if trial.is_proven:
                stops.pop(id(trial), None)
            elif not isinstance(entry, Completion):  # a verdict that was recorded elsewhere
                trial.is_proven = any(preference is not None for preference in entry.preferences)
            elif (message := trial.learn(left[key], entry)) is not None:
                stops[id(trial)] = message
        for trial in self._of.values():
            if not trial.is_proven and id(trial) in stops:
                ledger.halt(Stop(StopReason.UNREADABLE, stops[id(trial)]))


def first_to_try(
    requests: Iterable[Request], ledger: Ledger, again: Set[bytes], trials: Trials
) -> list[Request]:
    """Return the requests that are asked at once before others go into a batch job.

    There are none where too few are missing, where a job is open already, or where the cache has a reply that holds
    a verdict.
    """
    first: list[Request] = []
    for stretch in new_by_key(requests, KeySet()):
        if trials.cache.in_batches(list(stretch)):
            return []
        known = trials.cache.known(list(stretch)) - again
        trials.look_at({key: request for key, request in stretch.items() if key in known}, ledger)
        first += [request for key, request in stretch.items() if key not in known]
        if ledger.stop or any(trials.of(request).is_proven for request in first):
            return []
        if len(first) > FIRST:
            return first[:FIRST]
    return []
