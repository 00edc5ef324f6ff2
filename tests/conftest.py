"""What holds for all tests."""

import signal

from hypothesis import HealthCheck, settings

# How fast a machine is decides nothing: neither how long an example takes nor how long it took to make.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure() -> None:
    """Let Ctrl-C be tested also where the tests run in the background, whose shell has SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
