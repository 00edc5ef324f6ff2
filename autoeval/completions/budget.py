"""A budget in dollars that cannot be overrun by what is in flight."""

from collections.abc import Callable
from dataclasses import dataclass, field

from autoeval.completions import tokens
from autoeval.completions.pricing import AT_BATCH_PRICE, cost
from autoeval.prompting.config import Price
from autoeval.types import Completion, Failure, FailureKind, Request

_MAYBE_CHARGED = (FailureKind.TIMEOUT, FailureKind.MALFORMED)

PriceOf = Callable[[Request], Price | None]


@dataclass
class Budget:
    """Money spent and promised. Every request reserves the most it can cost and settles when that is known.

    `limit` is None for no limit; `granted` is how much of it this run may spend, None for all of it. `spent` is a lower
    bound where some price is unknown (`is_complete` False). `at_risk` is the most that requests can have cost whose
    reply never came whole.
    """

    limit: float | None
    price_of: PriceOf
    is_batch: bool = False
    spent: float = 0.0
    at_risk: float = 0.0
    is_complete: bool = True
    granted: float | None = None
    _promised: float = 0.0
    _reserved: dict[bytes, float] = field(default_factory=dict)

    def reserve(self, key: bytes, request: Request) -> bool:
        """Set the most that `request` can cost aside under its key; False if the limit does not allow it."""
        if self.limit is None:
            return True
        most = self.most(request)
        if self.committed + most > (self.limit if self.granted is None else self.granted):
            return False
        self._reserved[key] = most
        self._promised += most
        return True

    def commit(self, key: bytes, request: Request) -> None:
        """Set aside what a request that another run has put into a batch job can cost, whatever the limit."""
        if self.limit is not None:
            self._reserved[key] = self.most(request)
            self._promised += self._reserved[key]

    def settle(self, key: bytes, request: Request, outcome: Completion | Failure) -> float | None:
        """Replace the reservation by the real cost; a refusal costs nothing. Returns the cost if known."""
        reserved = self.release(key)
        if isinstance(outcome, Failure):
            is_at_risk = outcome.is_answered or outcome.kind in _MAYBE_CHARGED
            self.at_risk += reserved if is_at_risk else 0.0
            return 0.0
        price = self.price_of(request)
        paid = cost(price, outcome.input_tokens, outcome.output_tokens, outcome.processing in AT_BATCH_PRICE)
        if paid is None and price is not None:  # the server did not count: assume the most
            paid = reserved or self.most(request)
        if paid is None:
            self.is_complete = False
        else:
            self.spent += paid
        return paid

    def release(self, key: bytes) -> float:
        """Take a reservation back; returns how much it was."""
        reserved = self._reserved.pop(key, 0.0)
        self._promised = self._promised - reserved if self._reserved else 0.0  # no rounding error adds up
        return reserved

    @property
    def committed(self) -> float:
        """What is spent, may have been, or is promised."""
        return self.spent + self.at_risk + self._promised

    @property
    def is_idle(self) -> bool:
        """Whether nothing is promised, so that waiting would not free any money."""
        return not self._reserved

    def most(self, request: Request) -> float:
        """Return the most that a request can cost, 0 where its price is unknown."""
        most_in, most_out = tokens.most_input_tokens(request), tokens.most_output_tokens(request)
        most = cost(self.price_of(request), most_in, most_out, self.is_batch)
        return most or 0.0

    def message(self, request: Request, others: float = 0.0) -> str:
        """Say that the limit is reached, with `request` the first that it does not allow.

        `others` is what other runs have spent of it, or taken to spend it.
        """
        spent = f"${self.spent:.4f} are spent"
        if others:
            spent = (
                f"${self.committed + others:.4f} are spent, or may be, by all runs that share it "
                f"(${self.spent:.4f} by this one),"
            )
        return (
            f"the budget of ${self.limit:g} is reached: {spent} and the next request could cost "
            f"${self.most(request):.4f}. What was judged is kept; raise --max_cost and run the same command again."
        )
