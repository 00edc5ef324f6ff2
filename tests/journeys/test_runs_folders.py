"""Whatever reads finished runs takes their folders, globs of these, and lists, as well as the files in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.journeys.best_of_n import best_of_n
from autoeval.journeys.check import check
from autoeval.journeys.import_annotations import import_annotations
from autoeval.journeys.import_results import import_results
from autoeval.journeys.learn import learn
from tests.cli.malformed import annotation

MODELS = ("alpha", "beta", "gamma", "delta", "epsilon")
N = 30


def rows_of(model: str) -> list[dict[str, Any]]:
    """Return what a judge said of a model: more wins for one than for the next."""
    strength = MODELS.index(model) + 2
    return [
        annotation(
            number,
            generator_2=model,
            output_2=f"{model} says {number}",
            annotator="gpt4_ranking",
            preference=1.0 + (number % strength == 0),
        )
        for number in range(N)
    ]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the run of each model in a folder of its own, the last one's two folders down."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for model in MODELS:
        folder = tmp_path / "runs" / model / ("judge" if model == MODELS[-1] else "")
        folder.mkdir(parents=True)
        (folder / "annotations.json").write_text(json.dumps(rows_of(model)))
    return tmp_path / "runs"


GIVEN: dict[str, Callable[[Path], Any]] = {
    "a glob": lambda runs: str(runs / "*"),
    "a list of folders": lambda runs: [str(runs / model) for model in MODELS],
    "a file, a folder and a glob": lambda runs: [
        runs / "alpha" / "annotations.json",
        runs / "beta",
        str(runs / "[!ab]*"),
    ],
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_judgments_to_import_and_to_learn_from(runs: Path, given: Callable[[Path], Any]) -> None:
    imported = import_annotations(
        given(runs), annotators_config="gpt4_ranking", caching_path=runs.parent / "cache.sqlite"
    )
    assert sorted(Path(name).relative_to(runs).parts[0] for name, _ in imported.files) == sorted(MODELS)
    assert sum(one.verdicts + one.replies for _, one in imported.files) == N * len(MODELS)
    assert learn(given(runs), "gpt4_ranking").r_squared.keys() == set(MODELS)


def test_the_pairs_that_were_paid_for_are_judgments_too(runs: Path) -> None:
    (runs / "beta" / "paid_annotations.json").write_text(json.dumps(rows_of("beta")[:3]))
    imported = import_annotations(
        str(runs / "*"), annotators_config="gpt4_ranking", caching_path=runs.parent / "cache.sqlite"
    )
    counted = {Path(name).relative_to(runs).parts[0]: one for name, one in imported.files}
    assert counted["beta"].verdicts == 3
    with pytest.raises(autoeval.UsageError, match="paid for some of its pairs"):
        import_results(str(runs / "beta"))


def test_what_a_judge_said_of_samples(runs: Path) -> None:
    samples = [
        {key: row[column] for key, column in (("instruction", "instruction"), ("output", "output_2"))}
        | {"generator": model}
        for model in MODELS[:2]
        for row in rows_of(model)
    ]
    by_folder, by_file = (
        best_of_n(samples, annotations=[str(runs / model / end) for model in MODELS[:2]], output_path=None)
        for end in ("", "annotations.json")
    )
    assert by_folder.rates() == by_file.rates()


def test_checks_to_stand_beside_preferences(tmp_path: Path) -> None:
    for model in MODELS[:2]:
        rows = [{"instruction": "1 + 1?", "output": "2", "target": "2", "generator": model}]
        check("number", rows, output_path=tmp_path / model)
    found = import_results(str(tmp_path / "*"))
    assert [result.model for result in found.results] == list(MODELS[:2])


@pytest.mark.parametrize("command", [import_annotations, learn])
def test_a_folder_without_a_run_is_refused_by_its_name(runs: Path, command: Callable[..., Any]) -> None:
    (runs / "alpha" / "annotations.json").unlink()
    with pytest.raises(autoeval.UsageError, match=r"alpha.* holds no annotations\.json"):
        command(str(runs / "*"), annotators_config="gpt4_ranking")
