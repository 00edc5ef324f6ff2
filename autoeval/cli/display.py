"""Showing how a run goes: a live line on a terminal, nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from autoeval.completions.ledger import Progress


class TerminalDisplay:
    """Announces on standard error; watches only where that is a terminal."""

    def announce(self, line: str) -> None:
        """Say a line."""
        print(line, file=sys.stderr)  # noqa: T201

    def watch(self, progress: Progress) -> AbstractContextManager[None]:
        """Show the progress for as long as the context is open."""
        return _live(progress) if sys.stderr.isatty() else nullcontext()


@contextmanager
def _live(progress: Progress) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def render() -> Text:
        return Text(progress_line(progress), overflow="ellipsis", no_wrap=True)

    console = Console(stderr=True)
    with Live(get_renderable=render, console=console, refresh_per_second=4, transient=True):
        yield


def progress_line(progress: Progress) -> str:
    """Say done, cached, failed, asked again, rate, tokens a second, cost and time left in one line."""
    finished = progress.done + progress.failed
    rate = finished / progress.elapsed if progress.elapsed > 0 else 0.0
    parts = [f"{progress.cached + finished}/{progress.total} {progress.doing}", f"{progress.cached} cached"]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.retried:
        parts.append(f"{progress.retried} asked again")
    parts.append(f"{rate:.1f}/s")
    if progress.output_tokens:
        parts.append(f"{progress.output_tokens / progress.elapsed:.0f} tokens/s")
    parts.append(f"${progress.spent:.2f}" if progress.is_price_known else f"over ${progress.spent:.2f}")
    left = progress.total - progress.cached - finished
    if rate > 0 and left > 0:
        parts.append(f"{_duration(left / rate)} left")
    if progress.note:
        parts.append(progress.note)
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
