"""Every worked example of CONTRIBUTING.md, installed as a package of somebody's and used as a user would."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import autoeval
import autoeval.extending
from autoeval.annotators.kinds import SINGLE
from autoeval.annotators.loading import load_annotator
from autoeval.cli.tables import board_table
from autoeval.errors import UsageError
from autoeval.plugins import GROUPS, _installed, plugins

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", TEXT, re.DOTALL)
POINTS = re.findall(r"```toml\n\[project\.entry-points\.\"(autoeval\.\w+)\"\]\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the examples where an interpreter finds packages."""
    site = tmp_path / "site"
    package, facts = site / "autoeval_examples", site / "autoeval_examples-1.dist-info"
    package.mkdir(parents=True)
    facts.mkdir()
    (package / "__init__.py").write_text("")
    for name, source in FILES:
        (package / name).write_text(source, encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: autoeval-examples\nVersion: 1\n")
    points = "".join(f"[{group}]\n{line.replace(chr(34), '')}" for group, line in POINTS)
    (facts / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    _installed.cache_clear()
    plugins.cache_clear()
    yield tmp_path
    _installed.cache_clear()
    plugins.cache_clear()
    for name in [name for name in sys.modules if name.startswith("autoeval_examples")]:
        del sys.modules[name]


def judge(folder: Path, **more: Any) -> Path:
    """Write a judge whose provider, parser or kind is an example's."""
    config: dict[str, Any] = {
        "kind": "single",
        "scale": [0, 5],
        "provider": "echo",
        "model": "any",
        "messages": [{"role": "user", "content": "{{ instruction }} {{ output }}"}],
        "parser": {"kind": "stars"},
    }
    path = folder / "judge.yaml"
    path.write_text(json.dumps({**config, **more}), encoding="utf-8")
    return path


def outputs(folder: Path) -> Path:
    rows = [
        {"instruction": f"Say {n}.", "output": f"{n}\n\nThat was {n}.", "generator": "m"} for n in range(6)
    ]
    path = folder / "outputs.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_every_seam_has_an_example() -> None:
    assert {group.removeprefix("autoeval.") for group, _ in POINTS} == set(GROUPS)
    assert len(FILES) == len(POINTS) == len(GROUPS)


def test_a_parser_and_a_provider(installed: Path) -> None:
    result = autoeval.evaluate(outputs(installed), annotators_config=judge(installed), caching_path=None)
    assert result.tally.n_judged == 6
    lengths = [len(f"{row['instruction']} {row['output']}") for row in result.records()]
    assert [row["score"] for row in result.records()] == [1.0 + length % 5 for length in lengths]


def test_a_kind(installed: Path) -> None:
    of_paragraphs = judge(installed, kind="paragraphs")
    result = autoeval.evaluate(outputs(installed), annotators_config=of_paragraphs, caching_path=None)
    assert result.tally.n_judged == 12
    assert {"paragraph_1", "paragraph_2"} <= set(result.row)
    assert all(set(row["parts"]) == {"paragraph_1", "paragraph_2"} for row in result.records())


def test_a_column(installed: Path) -> None:
    pairs = [{"instruction": f"Say {n}.", "output": "x" * (n + 1)} for n in range(6)]
    result = autoeval.evaluate(
        outputs(installed), pairs, "longest", precomputed_leaderboard=None, no_report=True
    )
    assert result.row["decided"] == pytest.approx(100.0)
    assert "decided" in (result.folder / "leaderboard.csv").read_text(encoding="utf-8")
    assert "decided" in [column.header for column in board_table(result.board, width=200).columns]


def test_an_eval_set(installed: Path) -> None:
    answers = [
        {"instruction": "What has keys and opens nothing?", "output": "A map."},
        {"instruction": "What gets wet while drying?", "output": "", "turns": ["A towel.", "It dries."]},
    ]
    result = autoeval.evaluate(
        answers, annotators_config=judge(installed), eval_set="riddles", name="m", output_path=None
    )
    assert result.tally.n_judged == 3
    with pytest.raises(UsageError, match="Did you mean 'riddles'"):
        autoeval.evaluate(answers, annotators_config=judge(installed), eval_set="ridles")


def test_a_command(installed: Path) -> None:
    from autoeval.cli.commands import group

    found = CliRunner().invoke(group, ["count_outputs", str(outputs(installed))])
    assert "6 outputs" in found.output


def test_nothing_is_imported_because_a_config_names_it(installed: Path) -> None:
    with pytest.raises(UsageError, match="there is no parser 'autoeval_examples"):
        load_annotator(judge(installed, parser={"kind": "autoeval_examples.stars:StarsParser"}))
    with pytest.raises(UsageError, match="'kind' is 'os'"):
        load_annotator(judge(installed, kind="os"))


def test_the_public_types_are_there_and_a_kind_of_ours_is_one() -> None:
    assert all(hasattr(autoeval.extending, name) for name in autoeval.extending.__all__)
    assert {"Case", "Column", "Kind", "Parser", "Provider", "Verdict"} <= set(autoeval.extending.__all__)
    kind: autoeval.extending.Kind = SINGLE
    assert kind.n_outputs == 1


def test_dir_lists_the_public_names() -> None:
    assert set(dir(autoeval)) >= set(autoeval.__all__)
    assert {"evaluate", "Evaluation", "GradedEvaluation"} <= set(autoeval.__all__)
