"""The trial of a lane: whether its replies can be read, found out before many are paid for.

A judge whose prompt, parser or token limit is wrong answers every question, and none of its answers holds a verdict.
So a few questions go first, and the rest follows the first verdict; and where verdicts stop coming, asking stops.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from autoeval.types import Completion, Request

FIRST = 8
"""How many go first."""
IN_A_ROW = 20
"""How many replies without a verdict, one after the other, end a run that has had verdicts."""
_LONGEST_SHOWN = 400

WhyUnread = Callable[[Request, Completion], str | None]
"""Says why nothing can be read from a reply, None where something can."""


@dataclass
class Trial:
    """What is known of the replies of one model at one endpoint.

    `why_unread` is None where every reply is as good as another; `goes_on`: the user wants them all whatever they say.
    """

    why_unread: WhyUnread | None = None
    goes_on: bool = False
    is_proven: bool = False
    n_unread: int = 0
    _n_out: int = 0
    _in_a_row: int = 0
    _unlooked_at: list[tuple[Request, Completion]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Let everybody through where there is nothing to try."""
        self.is_proven = self.is_proven or self.why_unread is None or self.goes_on

    @property
    def room(self) -> int:
        """How many more may be sent before something is known."""
        return IN_A_ROW if self.is_proven else max(0, FIRST - self.n_unread - self._n_out)

    async def admit(self) -> None:
        """Wait until one more request may be sent; each is followed by `note` or `give_back`."""
        while not self.room:
            self._changed.clear()
            await self._changed.wait()
        self._n_out += 1

    def give_back(self) -> None:
        """Free the place of a request that brought no reply."""
        self._n_out -= 1
        self._changed.set()

    def lift(self) -> None:
        """Let everybody through: the run has stopped."""
        self.is_proven = True
        self._changed.set()

    def note(self, request: Request, completion: Completion) -> str | None:
        """Learn from a reply to an admitted request; returns what to say where asking has to stop."""
        self.give_back()
        return self.learn(request, completion)

    def learn(self, request: Request, completion: Completion) -> str | None:
        """Learn from a reply, which may have been in the cache; returns what to say where asking has to stop."""
        if self.why_unread is None or self.goes_on:
            return None
        if self.is_proven:
            self._unlooked_at.append((request, completion))
            return self._dried_up(self.why_unread)
        reason = self.why_unread(request, completion)
        if reason is None:
            self.is_proven = True
            return None
        self.n_unread += 1
        if self.n_unread < FIRST:
            return None
        return _told(f"none of the first {FIRST} replies holds", reason, completion)

    def _dried_up(self, why_unread: WhyUnread) -> str | None:
        """Look at what came since the last look once it could end a row, the last first: a verdict there is enough."""
        if self._in_a_row + len(self._unlooked_at) < IN_A_ROW:
            return None
        replies, self._unlooked_at = self._unlooked_at, []
        reasons: list[str] = []
        for request, completion in reversed(replies):
            reason = why_unread(request, completion)
            if reason is None:
                self._in_a_row = len(reasons)
                return None
            reasons.append(reason)
        return _told(f"{IN_A_ROW} replies in a row hold", reasons[0], replies[-1][1])


def _told(which: str, reason: str, completion: Completion) -> str:
    a_verdict = "no verdict" if which.endswith("hold") else "a verdict"
    return (
        f"{which} {a_verdict}: {reason}. The last one: {shown(completion)}. Check the judge's prompt, parser and token "
        "limit. --go_on asks for the others all the same; --is_reask_unparsed asks for these again."
    )


def shown(completion: Completion) -> str:
    """Quote a reply as a line that can be read."""
    text = completion.tool_arguments or completion.text or completion.refusal or ""
    if not text.strip():
        return "(empty)"
    line = " ".join(text.split())
    return repr(line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…")
