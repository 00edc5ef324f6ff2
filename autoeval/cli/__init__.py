"""The command line: flags, help, exit codes; no logic."""

import atexit
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

EXIT_FAULT = 1
EXIT_INTERRUPTED = 130
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
    try:
        _run()
    except KeyboardInterrupt:
        _end_at_the_next_interrupt()
        _stop("interrupted. Every reply so far is kept; run the same command again.", EXIT_INTERRUPTED)


def calculate_in_one_thread() -> None:
    """Keep numpy from starting a thread a core: they wait busily, for longer than anything here is calculated.

    A number that the user has set stays. On other processors, torch too calculates by the library that is told so.
    """
    if hasattr(os, "uname") and os.uname().machine == "x86_64":
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _run() -> None:
    import click

    from autoeval.cli.commands import group
    from autoeval.errors import AutoevalError

    if sys.stdout is None:  # closed by the shell: `>&-`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as we run
    try:
        try:
            code = group.main(prog_name="alpaca_eval", standalone_mode=False)
        finally:
            sys.stdout.flush()  # here, where it can be said that it failed
        sys.exit(code)
    except click.ClickException as error:
        _stop(error.format_message(), error.exit_code)
    except AutoevalError as error:
        _stop(str(error), error.exit_code)
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _give_up_stdout()
        sys.exit(EXIT_FAULT)
    except OSError as error:
        _give_up_stdout()
        _stop(f"{error}. Every reply so far is in the cache; run the same command again.", EXIT_FAULT)


def _end_at_the_next_interrupt() -> None:
    """Let a second Ctrl-C end what still goes on in other threads, and a late one not spoil the exit code."""
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def _give_up_stdout() -> None:
    """Send what is still to be written nowhere, or the interpreter tries again when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(message: str, exit_code: int) -> None:
    with suppress(OSError, AttributeError):  # full or closed: the exit code says it
        from autoeval.cli.harmless import harmless

        print(f"autoeval: {harmless(message)}", file=sys.stderr, flush=True)  # noqa: T201
    sys.exit(exit_code)
