"""A running process as a test sees it, with the methods of `subprocess.Popen` that tests use."""

import os
import select
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO


@dataclass(frozen=True)
class Done:
    """What a process left behind."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Process:
    """A fork of the fork server's: `returncode` is None until it is waited for, and negative after a signal."""

    pid: int
    arguments: list[str]
    ending: IO[bytes]
    stdout: IO[str] | None
    stderr: IO[str]
    returncode: int | None = field(default=None, init=False)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the process ended."""
        if self.returncode is None:
            if not select.select([self.ending], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.arguments, timeout or 0)
            status = self.ending.readline()
            assert status, "the fork server is gone"
            self.ending.close()
            self.returncode = os.waitstatus_to_exitcode(int(status))
        return self.returncode

    def finish(self) -> Done:
        """Read what it writes until it ends."""
        told: dict[IO[str], str] = {}

        def read(file: IO[str]) -> None:
            with file:
                told[file] = file.read()

        files = [file for file in (self.stdout, self.stderr) if file]
        readers = [threading.Thread(target=read, args=(file,)) for file in files]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        return Done(self.wait(), told[self.stdout] if self.stdout else "", told[self.stderr])

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process is known to have ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):  # it has, and nobody asked yet
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without warning."""
        self.send_signal(signal.SIGKILL)
