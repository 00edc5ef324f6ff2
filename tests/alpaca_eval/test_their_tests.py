"""alpaca_eval's own tests, unpacked into a temporary folder with nothing but their imports renamed."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

PASS = {
    "test_agreement_of_annotations",
    "test_annotate_head2head",
    "test_annotate_pairs",
    "test_annotate_samples",
    "test_evaluate_advanced",
    "test_evaluate_basic",
    "test_evaluate_print",
    "test_get_length_biases",
    "test_get_list_biases",
    "test_single_annotator",
}
DO_NOT = {
    "test_analyze_evaluators",  # reads AlpacaFarm's votes from the hub
    "tests.test_decoders_unit",  # replaces private functions of decoders that are not here
}
"""Named with their reasons in docs/from-alpaca-eval.md."""


def source(folder: Path) -> Path:
    """Unpack the source of 0.6.6 from the package index; the calling test is skipped where it is not to be had."""
    options = ["--no-deps", "--no-binary", "alpaca-eval", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", "alpaca-eval==0.6.6", *options]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"no source of alpaca-eval 0.6.6: {run.stderr.strip().splitlines()[-1]}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return folder / "alpaca_eval-0.6.6"


@pytest.mark.slow
@pytest.mark.peer
def test_their_tests_run_on_our_module(tmp_path: Path) -> None:
    root = source(tmp_path)
    for file in (root / "tests").glob("test_*.py"):
        renamed = re.sub(
            r"^from alpaca_eval\b", "from autoeval.alpaca_eval", file.read_text(), flags=re.MULTILINE
        )
        file.write_text(renamed)
    report = tmp_path / "report.xml"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests",
            "-q",
            "--continue-on-collection-errors",
            f"--junitxml={report}",
        ],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": str(root / "src"),  # where their judges are found, as if they were installed
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "IS_ALPACA_EVAL_2": "False",  # their tests of the command fail on 0.6.6 itself without it
            "HF_HUB_OFFLINE": "1",
        },
        capture_output=True,
        check=False,
    )
    passed: set[str] = set()
    failed: set[str] = set()
    for case in ElementTree.parse(report).iter("testcase"):
        (failed if len(case) else passed).add(case.attrib["name"])
    assert passed == PASS
    assert failed == DO_NOT
