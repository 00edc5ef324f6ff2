"""A PostgreSQL server of this machine's own, in a folder that goes with it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import pytest

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin", "/usr/bin")
_USER = "postgres"


def _programs() -> Path | None:
    for pattern in _PLACES:
        for folder in sorted(Path("/").glob(pattern[1:]), reverse=True):
            if (folder / "initdb").exists():
                return folder
    return None


class PostgresqlTestServer:
    """Use it as a context manager; `address` is what `--caching_path` takes."""

    def __init__(self) -> None:
        programs = _programs()
        if programs is None:
            pytest.skip("there is no PostgreSQL here (Debian: apt-get install postgresql)")
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="autoeval-postgresql-"))

    @property
    def address(self) -> str:
        """Where it listens: on a socket in its folder."""
        return f"postgresql://{self._user}@/postgres?host={self._folder}"

    def __enter__(self) -> Self:
        if self._user == _USER:
            shutil.chown(self._folder, _USER)
        self._run("initdb", "--auth=trust", "--no-sync", f"--username={self._user}", f"--pgdata={self._data}")
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._control("start", f"--options={options}", f"--log={self._folder / 'log'}")

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        self._control("stop", "--mode=fast")

    def processor_seconds(self) -> float:
        """Return what the server has used, without those who are still connected (Linux)."""
        first_line = (self._data / "postmaster.pid").read_text().splitlines()[0]
        fields = Path("/proc", first_line, "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    @property
    def _user(self) -> str:
        return _USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", f"--pgdata={self._data}", "--wait", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of its programs, which refuse to run as root."""
        user = {"user": _USER, "group": _USER} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [self._programs / program, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            cwd="/",
            **user,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, done.stderr
