"""The package works where it is installed, as a wheel and editable, from any folder and with nothing beside it."""

import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BROUGHT_BY = {
    "backports": "backports.zstd",
    "botocore": "boto3",
    "google": "google-auth",
    "httpx2": "openai",
    "markdown_it": "markdown-it-py",
    "markupsafe": "jinja2",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""The package that brings what is imported, where it goes by another name: its own, or one that shows its types."""


def bare_environment(folder: Path) -> Path:
    """Make an environment that sees the libraries of this one, but not autoeval."""
    venv.create(folder, with_pip=False)
    (site,) = (folder / "lib").glob("python*/site-packages")
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "libraries.pth").write_text(ours + "\n")
    return folder / "bin" / "python"


def _demo(python: Path, folder: Path) -> str:
    script = (
        "import autoeval, autoeval.cli, sys; from autoeval.resources import shipped; examples = shipped('examples');"
        "print('FROM', autoeval.__file__);"
        "sys.argv[1:] = ['--model_outputs', str(examples / 'outputs.json'), '--reference_outputs',"
        " str(examples / 'reference_outputs.json'), '--annotators_config', 'offline', '--output_path', 'results'];"
        "autoeval.cli.main()"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run(
        [python, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert (folder / "results" / "offline" / "leaderboard.csv").exists()
    return run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("is_editable", [False, True])
def test_an_installed_package_runs_the_demo_from_another_folder(is_editable: bool, tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "env")
    source = ["--editable", str(ROOT)] if is_editable else [str(ROOT)]
    install = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--ignore-installed",
        *source,
    ]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True)
    printed = _demo(python, tmp_path)
    assert "example-model" in printed
    origin = printed.partition("FROM ")[2].splitlines()[0]
    assert Path(origin).is_relative_to(ROOT if is_editable else tmp_path / "env")


@pytest.mark.slow
def test_an_extra_is_called_in_the_wheel_as_it_is_wherever_it_is_told() -> None:
    """Before 23.3, pip compares its name letter by letter, and Python 3.11 brings such a pip."""
    from build.util import project_wheel_metadata

    provided = set(project_wheel_metadata(ROOT).get_all("Provides-Extra") or ())
    places = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "autoeval").rglob("*.py")]
    named = re.compile(r"autoeval\[([\w.,-]+)\]")
    told = {extra for path in places for extra in named.findall(path.read_text(encoding="utf-8"))}
    assert "alpaca_eval" in told
    assert {one for extras in told for one in extras.split(",")} - provided == set()


def _imported() -> set[str]:
    """Return the names of all libraries that the package imports, wherever it does."""
    statement = re.compile(r"^ *(?:from (\w+)[\w.]* import |import (\w+)[\w.]*(?: as \w+)?$)", re.MULTILINE)
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "autoeval").rglob("*.py"))
    return {"".join(found) for text in texts for found in statement.findall(text)}


def _named(requirements: Iterable[str]) -> set[str]:
    """Return the packages that requirements name, in the letters of `_package`."""
    return {re.split(r"[^\w.-]", one)[0].lower().replace("_", "-") for one in requirements}


def _package(library: str) -> str:
    return BROUGHT_BY.get(library, library.replace("_", "-"))


def _libraries() -> set[str]:
    return _imported() - set(sys.stdlib_module_names) - {"autoeval"}


def test_what_is_imported_is_declared() -> None:
    """Whatever else brings a library may stop to: certifi came with the tests' own dependencies alone."""
    extras = {name: extra for name, extra in PROJECT["optional-dependencies"].items() if name != "dev"}
    declared = _named([*PROJECT["dependencies"], *chain(*extras.values())])
    assert set(map(_package, _libraries())) - declared == set()


def test_a_plain_install_brings_nothing_that_nobody_imports() -> None:
    assert _named(PROJECT["dependencies"]) - set(map(_package, _libraries())) == set()


def test_a_plain_install_does_without_what_extras_bring(tmp_path: Path) -> None:
    plain = _named(PROJECT["dependencies"])
    absent = sorted(library for library in _libraries() if _package(library) not in plain)
    assert {"anthropic", "datasets"} <= set(absent)
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"
        "from autoeval.cli import main\n"
        "from autoeval.evolving.similarity import Candidate, copies\n"
        "from autoeval.resources import shipped\n"
        "given, like = 'Name three uses of cork in old ships.', 'Name three uses of cork in ships of old!'\n"
        "print('COPY', copies([given], [Candidate(like, like)]))\n"
        "examples = shipped('examples')\n"
        "sys.argv[1:] = ['--model_outputs', str(examples / 'outputs.json'), '--reference_outputs',"
        " str(examples / 'reference_outputs.json'), '--annotators_config', 'offline', '--output_path', 'results',"
        " '--fn_metric', 'get_length_controlled_winrate']\n"
        "main()"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "COPY ['Name three uses of cork in old ships.']" in run.stdout
    assert "length_controlled_winrate" in (tmp_path / "results" / "offline" / "leaderboard.csv").read_text()
