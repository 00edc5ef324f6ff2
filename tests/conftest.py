"""What holds for all tests."""

import os
import signal

TODAY = "2026-11-26"
"""The day on which these tests run, whenever that is: models come and go."""


def pytest_configure() -> None:
    """Set the day, and let Ctrl-C be tested also where the shell of the tests has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("AUTOEVAL_TODAY", TODAY)
