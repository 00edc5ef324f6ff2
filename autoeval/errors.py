"""Errors that end a run, each with the exit code that the command line gives it."""

import errno
import os
from collections.abc import Iterable
from difflib import get_close_matches


class AutoevalError(Exception):
    """A run that ends for a reason the user can act on; the message says which.

    `exit_code` is what the command line exits with (see docs/architecture.md for the list).
    """

    exit_code = 1


class UsageError(AutoevalError):
    """Wrong flags, files, fields or configs. Raised before anything is spent."""

    exit_code = 2


class MissingExtraError(UsageError):
    """An optional dependency is needed; the message holds the command that installs it."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(
            f"{needed_for} needs an optional dependency. Install it with: pip install 'autoeval[{extra}]'"
        )


class NothingJudgedError(AutoevalError):
    """Not a single pair got a verdict; the message says why, and `result` is what there is of a result all the same."""

    def __init__(self, message: str, result: object, exit_code: int) -> None:
        super().__init__(message)
        self.result = result
        self.exit_code = exit_code


_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def is_of_the_disk(error: OSError) -> bool:
    """Whether a disk is full or at fault, and not the place or the name of a file."""
    return error.errno in _OF_THE_DISK


def not_written(what: str, error: OSError) -> AutoevalError:
    """Say that a result cannot be written: a UsageError where its place is wrong, a fault (1) where the disk is.

    Args:
        what: the flag and the path, or what the file is.
        error: what the system said.
    """
    told = f"{what} cannot be written: {error.strerror or os.strerror(error.errno or 0)}."
    if not is_of_the_disk(error):
        return UsageError(told)
    return AutoevalError(
        f"{told} Free some space or name another place, and run the same command again: replies that were paid for "
        "are in the cache."
    )


_MOST_NAMES = 60
"""Names in a message: all columns or judges, but not every task of a benchmark."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, as the end of an error message.

    Args:
        name: what the user wrote.
        known: every name that would have been accepted.

    Returns:
        `Did you mean 'x'?` when one is close, otherwise the list, of which a long one is cut short.
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    more = len(names) - _MOST_NAMES
    told = [*names[:_MOST_NAMES], f"… ({more} more)"] if more > 1 else names
    return f"Known: {', '.join(told)}." if names else "None is known."
