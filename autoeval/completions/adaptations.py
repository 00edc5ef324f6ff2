"""What each lane has learnt to send otherwise than it was planned, because its server refuses it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from autoeval.completions.providers.refusals import refused_need, with_changes
from autoeval.types import Change, Completion, Endpoint, Failure, Request

Outcome = Completion | Failure


@dataclass
class Adaptations:
    """The changes that each model at each endpoint has asked for, in the order in which it did."""

    _of: dict[tuple[Endpoint, str], tuple[Change, ...]] = field(default_factory=dict)
    _heard: set[str] = field(default_factory=set)

    def of(self, request: Request) -> Request:
        """Return a request as its server takes it, as far as that is known."""
        if not self._of:  # as nearly always
            return request
        return with_changes(request, self._of.get((request.endpoint, request.model), ()))

    @property
    def said(self) -> frozenset[str]:
        """Every change that was made."""
        return frozenset(str(change) for changes in self._of.values() for change in changes) | self._heard

    def heard(self, said: Iterable[str]) -> None:
        """Note changes that were made where this run's requests were asked for it."""
        self._heard.update(said)

    def learn(self, sent: Request, outcome: Outcome, announce: Callable[[str], None]) -> bool:
        """Learn from what came of a request; returns whether to send it anew, changed.

        Args:
            sent: the request with the changes that were made in it.
            outcome: what came of it.
            announce: tells the user a line.
        """
        change = outcome.remedy if isinstance(outcome, Failure) else None
        if change is None or change.name in {made.name for made in sent.changes}:
            return False
        if refused_need(sent, change) is not None:
            return False
        lane = (sent.endpoint, sent.model)
        known = self._of.get(lane, ())
        if change.name not in {made.name for made in known}:
            self._of[lane] = (*known, change)
            announce(f"{sent.model}: {change} from here on, since the server refuses it: {_message(outcome)}")
        return True


def settled(sent: Request, outcome: Outcome) -> Outcome:
    """Return what came of a request: a reply says what was sent otherwise, a failure whether that is the end."""
    if isinstance(outcome, Completion):
        if not sent.changes:
            return outcome
        return replace(outcome, adapted=tuple(map(str, sent.changes)))
    return (outcome.remedy and refused_need(sent, outcome.remedy)) or outcome


def _message(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, Failure) else ""
