"""Regular expressions that are compiled when they are first used: a command loads far more of them than it uses."""

import re
from typing import cast


def lazy_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return what `re.compile` returns, without compiling it yet; for what a module keeps, not for what a user gives.

    Args:
        pattern: a regular expression, known to be right: a mistake shows when it is first used.
        flags: of `re`.
    """
    return cast("re.Pattern[str]", _Lazy(pattern, flags))


class _Lazy:
    """Stands for a pattern: what is asked of it is asked of the compiled one, and found here from then on."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self._given = flags

    def __getattr__(self, name: str) -> object:
        found = getattr(re.compile(self.pattern, self._given), name)
        setattr(self, name, found)
        return found
