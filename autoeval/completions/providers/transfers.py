"""Transfers of libcurl's, driven by the event loop: several that are ready are carried on in one turn.

pycurl's own `AsyncCurlMulti` tells the event loop of every socket anew for every transfer, which costs more than the
transfer. Here the sockets are watched by a selector of their own, and the event loop watches that one.
"""

import asyncio
import selectors
from typing import NamedTuple

import pycurl

_EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}
_READY = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    selectors.EVENT_READ | selectors.EVENT_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}


class Transfers:
    """Handles on their way, in one event loop; connections are kept between them."""

    def __init__(self, timeout: float) -> None:
        """Begin with nothing on its way. To be made where the event loop runs.

        Args:
            timeout: seconds that a transfer may take in all, by the event loop's clock.
        """
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[pycurl.Curl, _UnderWay] = {}
        self._expiry: asyncio.TimerHandle | None = None
        self._watched: dict[int, int] = {}
        self._sockets = selectors.DefaultSelector()
        self._loop.add_reader(self._sockets.fileno(), self._on_sockets)
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._come_back)

    async def perform(self, curl: pycurl.Curl) -> None:
        """Carry a handle's request out.

        Raises:
            pycurl.error: it failed.
        """
        done, due = self._loop.create_future(), self._loop.time() + self._timeout
        self._under_way[curl] = _UnderWay(done, due)
        if self._expiry is None:
            self._expiry = self._loop.call_at(due, self._on_expiry)
        try:
            self._multi.add_handle(curl)
            await done
        except BaseException:
            if self._under_way.pop(curl, None) is not None:  # nobody waits for it any more
                self._multi.remove_handle(curl)
            raise

    def close(self) -> None:
        """Break off what is under way, and close every connection."""
        for curl, under_way in self._under_way.items():
            self._multi.remove_handle(curl)
            under_way.done.cancel()
        self._under_way.clear()
        self._multi.close()
        for handle in (self._turn, self._timer, self._expiry):
            if handle is not None:
                handle.cancel()
        self._loop.remove_reader(self._sockets.fileno())
        self._sockets.close()

    def _watch(self, what: int, socket: int, multi: object, data: object) -> None:  # noqa: ARG002 - as it is called
        """Hear what libcurl waits for at a socket; it says so before it closes one."""
        events, watched = _EVENTS.get(what), self._watched.pop(socket, None)
        if events is not None:
            self._watched[socket] = events
        if watched is None and events is not None:
            self._sockets.register(socket, events)
        elif events is None and watched is not None:
            self._sockets.unregister(socket)
        elif events is not None and events != watched:
            self._sockets.modify(socket, events)

    def _come_back(self, milliseconds: int) -> None:
        """Hear when libcurl wants its turn, whatever the sockets do; -1: not at all."""
        if milliseconds == 0:
            if self._turn is None:  # not at once: libcurl is in the middle of something
                self._turn = self._loop.call_soon(self._on_turn)
            return
        self._due = None if milliseconds < 0 else self._loop.time() + milliseconds / 1000
        if self._due is not None and (self._timer is None or self._timer.when() > self._due):
            self._set_timer(self._due)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._on_timer)

    def _on_timer(self) -> None:
        """Take the turn if it is still due; most are put off again and again, and the timer is left as it is."""
        self._timer = None
        if self._due is not None and self._due > self._loop.time():
            self._set_timer(self._due)
        elif self._due is not None:
            self._on_turn()

    def _on_turn(self) -> None:
        self._turn = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)
        self._settle()

    def _on_sockets(self) -> None:
        for key, events in self._sockets.select(0):
            if key.fd in self._watched:  # not closed on behalf of one before it
                self._act(key.fd, _READY[events])
        self._settle()

    def _on_expiry(self) -> None:
        """End what has taken too long; all have the same time, so that they expire in the order in which they began."""
        self._expiry = None
        now = self._loop.time()
        for curl, under_way in list(self._under_way.items()):
            if under_way.due > now:
                self._expiry = self._loop.call_at(under_way.due, self._on_expiry)
                break
            self._end(curl, pycurl.error(pycurl.E_OPERATION_TIMEDOUT, "it took too long"))

    def _act(self, socket: int, ready: int) -> None:
        try:
            self._multi.socket_action(socket, ready)
        except pycurl.error as error:  # nothing that is under way will come to its end
            for curl in list(self._under_way):
                self._end(curl, error)

    def _settle(self) -> None:
        """End what has come to its end."""
        _, succeeded, failed = self._multi.info_read()
        for curl in succeeded:
            self._end(curl, None)
        for curl, code, message in failed:
            self._end(curl, pycurl.error(code, message))

    def _end(self, curl: pycurl.Curl, error: pycurl.error | None) -> None:
        self._multi.remove_handle(curl)
        done = self._under_way.pop(curl).done
        if done.done():  # cancelled
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


class _UnderWay(NamedTuple):
    """What waits for a transfer, and until when by the event loop's clock."""

    done: asyncio.Future[None]
    due: float
