"""How much work something is, counted rather than timed, so that a busy machine does not change it."""

import sys
import time
from collections.abc import Callable
from types import FrameType


def n_calls(work: Callable[[], object]) -> int:
    """Return how many functions are called while `work` runs, Python's and those in C."""
    n = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal n
        n += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return n


def own_time(work: Callable[[], object]) -> float:
    """Return the seconds that this thread computes for `work`; only a ratio of two of them says anything."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
