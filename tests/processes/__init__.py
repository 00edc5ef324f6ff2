"""Commands in processes of their own: CONTRIBUTING.md says how tests start them."""

from tests.processes.commands import start_command, start_python
from tests.processes.forking import ROOT
from tests.processes.process import Done, Process

__all__ = ["ROOT", "Done", "Process", "start_command", "start_python"]
