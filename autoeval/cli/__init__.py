"""The command line: flags, help, exit codes; no logic."""

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from autoeval.cli.interrupting import (
    EXIT_INTERRUPTED,
    end_at_the_next_interrupt,
    hold_interrupts,
    is_interrupt,
    repeat_lost_interrupts,
    say_nothing_more,
)

EXIT_FAULT = 1
_OBJECTS_BEFORE_COLLECTION = 150_000


def main() -> None:
    """Run a command and exit with its code; what the user can act on is one message, no traceback."""
    gc.set_threshold(
        _OBJECTS_BEFORE_COLLECTION
    )  # records by the thousand and no cycles: looking for some costs time
    calculate_in_one_thread()
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # looking for one reads every package's files
    repeat_lost_interrupts()
    try:
        try:
            _run()
        finally:
            end_at_the_next_interrupt()
    except KeyboardInterrupt:
        hold_interrupts()
        _say("interrupted. Every reply so far is kept; run the same command again.")
        say_nothing_more()
        end_at_the_next_interrupt()
        sys.exit(EXIT_INTERRUPTED)


def calculate_in_one_thread() -> None:
    """Keep numpy from starting a thread a core: they wait busily, for longer than anything here is calculated.

    A number that the user has set stays. On other processors, torch too calculates by the library that is told so.
    """
    if hasattr(os, "uname") and os.uname().machine == "x86_64":
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _run() -> None:
    try:
        code = _command()
    except BaseException as error:  # whatever it is, it may have come of Ctrl-C
        if is_interrupt(error):
            raise KeyboardInterrupt from None
        _explain(error)
    sys.exit(code)


def _command() -> int | None:
    from autoeval.cli.commands import group

    if sys.stdout is None:  # closed by the shell: `>&-`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as we run
    try:
        code: int | None = group.main(prog_name="alpaca_eval", standalone_mode=False)
    finally:
        sys.stdout.flush()  # here, where it can be said that it failed
    return code


def _explain(error: BaseException) -> NoReturn:
    """End with a message where the user can act on an error, and with the error itself otherwise."""
    import click

    from autoeval.errors import AutoevalError

    match error:
        case click.ClickException():
            _stop(error.format_message(), error.exit_code)
        case AutoevalError():
            _stop(str(error), error.exit_code)
        case click.Abort():  # what click makes of an EOFError, too
            raise error.__cause__ or error
        case BrokenPipeError():  # the reader, such as `head`, has seen enough
            _give_up_stdout()
            sys.exit(EXIT_FAULT)
        case OSError():
            _give_up_stdout()
            _stop(f"{error}. Every reply so far is in the cache; run the same command again.", EXIT_FAULT)
    raise error


def _give_up_stdout() -> None:
    """Send what is still to be written nowhere, or the interpreter tries again when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(message: str, exit_code: int) -> NoReturn:
    _say(message)
    sys.exit(exit_code)


def _say(message: str) -> None:
    with suppress(OSError, AttributeError):  # full or closed: the exit code says it
        from autoeval.cli.harmless import harmless

        print(f"autoeval: {harmless(message)}", file=sys.stderr, flush=True)  # noqa: T201
