"""Showing how a run goes: a live line on a terminal, a line now and then in a log file."""

import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from autoeval.cli.harmless import harmless
from autoeval.completions.ledger import Progress

_LOGGED_EVERY = 30.0


class TerminalDisplay:
    """Announces and watches on standard error; where that is no terminal, with a line every so many seconds."""

    def __init__(self, logged_every: float = _LOGGED_EVERY) -> None:
        """Take the seconds between two lines of a log."""
        self._logged_every = logged_every

    def announce(self, line: str) -> None:
        """Say a line."""
        print(harmless(line), file=sys.stderr)  # noqa: T201

    def watch(self, progress: Progress) -> AbstractContextManager[None]:
        """Show the progress for as long as the context is open."""
        return _live(progress) if sys.stderr.isatty() else _logged(progress, self._logged_every)


@contextmanager
def _live(progress: Progress) -> Iterator[None]:
    from rich.live import Live
    from rich.text import Text

    from autoeval.cli.console import SafeConsole

    def render() -> Text:
        return Text(progress_line(progress), overflow="ellipsis", no_wrap=True)

    console = SafeConsole(stderr=True)
    with Live(get_renderable=render, console=console, refresh_per_second=4, transient=True):
        yield


@contextmanager
def _logged(progress: Progress, every: float) -> Iterator[None]:
    is_over = threading.Event()

    def log() -> None:
        while not is_over.wait(every):
            print(progress_line(progress), file=sys.stderr, flush=True)  # noqa: T201

    thread = threading.Thread(target=log, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def progress_line(progress: Progress) -> str:
    """Say done, cached, failed, asked again, rate, tokens a second, cost and time left in one line.

    What is done and cached, and the rate, count what the user counts (pairs); failures and retries are requests.
    """
    finished = (progress.done + progress.failed) * progress.per_request
    cached = progress.cached * progress.per_request
    rate = finished / progress.elapsed if progress.elapsed > 0 else 0.0
    there = min(int(cached + finished), progress.total)
    parts = [f"{there}/{progress.total} {progress.doing}", f"{int(cached)} cached"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.retried:
        parts.append(f"{progress.retried} asked again")
    parts.append(f"{rate:.1f}/s")
    if progress.output_tokens:
        parts.append(f"{progress.output_tokens / progress.elapsed:.0f} tokens/s")
    parts.append(f"${progress.spent:.2f}" if progress.is_price_known else f"over ${progress.spent:.2f}")
    left = progress.total - cached - finished
    if rate > 0 and left > 0:
        parts.append(f"{_duration(left / rate)} left")
    if progress.note:
        parts.append(progress.note)
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
