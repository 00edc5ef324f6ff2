"""A last line for whoever waits for a process that is ended in its middle, where it cannot say anything itself."""

import atexit
import subprocess
import sys
from functools import lru_cache

_WATCHER = "import sys; sys.stdin.buffer.read() or print(sys.argv[1], file=sys.stderr)"


@lru_cache(maxsize=1)
def say_if_ended(message: str) -> None:
    """Have a line said on standard error if this process ends in any other way than Python's own.

    A small process beside this one waits for that. It says nothing where this one says goodbye.
    """
    watcher = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCHER, message],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for this process
    )
    atexit.register(watcher.communicate, b"goodbye")
