"""The command line: flags, help, exit codes; no logic."""

import gc
import sys

EXIT_INTERRUPTED = 130
_OBJECTS_BEFORE_COLLECTION = 50_000


def main() -> None:
    """Run a command and exit with its code; an error that the user can act on is one message, no traceback."""
    gc.set_threshold(
        _OBJECTS_BEFORE_COLLECTION
    )  # records by the thousand and no cycles: looking for some costs time
    import click

    from autoeval.cli.commands import group
    from autoeval.errors import AutoevalError

    try:
        sys.exit(group.main(prog_name="alpaca_eval", standalone_mode=False))
    except click.ClickException as error:
        _stop(error.format_message(), error.exit_code)
    except AutoevalError as error:
        _stop(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _stop("interrupted. Every reply so far is kept; run the same command again.", EXIT_INTERRUPTED)


def _stop(message: str, exit_code: int) -> None:
    print(f"autoeval: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(exit_code)
