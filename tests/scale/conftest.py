"""The command line of these tests."""

from tests.cli.conftest import command

__all__ = ["command"]
