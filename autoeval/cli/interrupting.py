"""Ctrl-C, however often and whenever it is pressed: one exit code, one message, and nothing behind it."""

import _thread
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

EXIT_INTERRUPTED = 130
_SOON = 0.001


def is_interrupt(error: BaseException) -> bool:
    """Whether an error is Ctrl-C or came of it: Python, as it makes a class, and libraries wrap it in others."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:  # causes may go round in a circle
        links.append(link)
        link = link.__cause__ or link.__context__
    return any(isinstance(link, KeyboardInterrupt) for link in links)


def repeat_lost_interrupts() -> None:
    """Send an interrupt again that fell into the end of a generator or of an object, where Python only tells of it."""
    before = sys.unraisablehook

    def told(lost: "sys.UnraisableHookArgs") -> None:
        if lost.exc_value is None or not is_interrupt(lost.exc_value):
            before(lost)
            return
        with suppress(RuntimeError):  # Python ends already
            threading.Timer(_SOON, _interrupt).start()  # here, it would be lost again

    sys.unraisablehook = told


def _interrupt() -> None:
    """Interrupt the main thread, also where it waits for something."""
    ident = threading.main_thread().ident
    if sys.platform == "win32" or ident is None:
        _thread.interrupt_main()
    else:
        signal.pthread_kill(ident, signal.SIGINT)


def hold_interrupts() -> None:
    """Let a further Ctrl-C do nothing for now: what is being said is said to its end."""
    _at_an_interrupt_do(lambda *_: None)


def end_at_the_next_interrupt() -> None:
    """Let a further Ctrl-C end what still goes on in other threads, and a late one not spoil the exit code."""
    _at_an_interrupt_do(lambda *_: os._exit(EXIT_INTERRUPTED))
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def say_nothing_more() -> None:
    """Keep Python from telling of all that an interrupt left unfinished, task by task and coroutine by coroutine."""
    import logging
    import warnings

    sys.unraisablehook = lambda _: None
    warnings.simplefilter("ignore")
    logging.disable()


def _at_an_interrupt_do(handler: Callable[[int, FrameType | None], object]) -> None:
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, handler)
