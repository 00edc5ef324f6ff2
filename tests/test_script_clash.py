"""alpaca-eval installs a command of our command's name: what is typed runs ours, or one says what to type."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoeval.cli.commands import other_command
from tests.test_packaging import ROOT, bare_environment

THEIRS = "alpaca-eval==0.6.6"


def pip(*arguments: str) -> "subprocess.CompletedProcess[str]":
    options = ["--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [sys.executable, "-m", "pip", *arguments, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return our wheel, built once, and theirs; skip where the index is not to be had."""
    folder = tmp_path_factory.mktemp("wheels")
    fetched = pip("download", THEIRS, "--dest", str(folder))
    if fetched.returncode:
        pytest.skip(f"no package index with {THEIRS}: {fetched.stderr.strip().splitlines()[-1]}")
    assert pip("wheel", str(ROOT), "--wheel-dir", str(folder)).returncode == 0
    (ours,), (theirs,) = folder.glob("autoeval-*.whl"), folder.glob("alpaca_eval-*.whl")
    return str(ours), str(theirs)


def install(python: Path, *wheels: str) -> None:
    for wheel in wheels:
        done = pip("--python", str(python), "install", "--force-reinstall", wheel)
        assert done.returncode == 0, done.stderr


def run(python: Path, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [python.with_name(command), *arguments], env=clean, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_who_is_installed_last_is_typed_and_ours_tells_of_theirs(
    wheels: tuple[str, str], tmp_path: Path
) -> None:
    ours, theirs = wheels
    python = bare_environment(tmp_path / "env")
    install(python, theirs, ours)
    said = run(python, "alpaca_eval", "--version")
    assert said.stdout.startswith("autoeval ")
    assert "belongs to" not in said.stdout + said.stderr
    install(python, theirs)
    for arguments in (["--version"], ["annotators"]):
        said = run(python, "autoeval", *arguments)
        assert said.returncode == 0
        assert "belongs to the alpaca_eval package here: type autoeval" in said.stdout + said.stderr
    assert "belongs to" not in said.stdout, "what a script reads stays as it is"
    install(python, ours)
    assert run(python, "alpaca_eval", "--version").stdout.startswith("autoeval ")


def test_without_pip_the_command_that_makes_it_ours_again_is_uvs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alpaca_eval").write_text("from alpaca_eval.main import main\n")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert str(other_command()).endswith(" pip install --force-reinstall --no-deps autoeval")
    monkeypatch.setattr("autoeval.cli.commands.find_spec", lambda _: None)
    assert str(other_command()).endswith(" uv pip install --reinstall --no-deps autoeval")
