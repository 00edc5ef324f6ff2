"""What holds for all tests."""

import signal


def pytest_configure() -> None:
    """Let Ctrl-C be tested also where the tests run in the background, whose shell has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
