"""What the check of dependencies makes of pip-audit's report."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.processes import start_python

SCRIPT = Path(__file__).parents[1] / "scripts" / "check_vulnerabilities.py"
SAFE = {"name": "jinja2", "version": "3.1.6", "vulns": []}
VULNERABLE = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-2019-217", "aliases": ["CVE-2019-10906"], "fix_versions": ["2.10.1"]}],
}
UNKNOWN = {"name": "mine", "skip_reason": "Dependency not found on PyPI and could not be audited: mine (1)"}


@pytest.mark.parametrize(
    ("packages", "exit_code", "told"),
    [
        ([SAFE], 0, "1 of 1 packages checked: 0 vulnerabilities"),
        ([SAFE, VULNERABLE], 1, "jinja2 2.4.1: PYSEC-2019-217, fixed in 2.10.1"),
        ([SAFE, UNKNOWN], 0, "not checked: mine: "),
        (
            [UNKNOWN, UNKNOWN],
            0,
            "NOTHING WAS CHECKED: the vulnerability service knows none of the 2 packages",
        ),
        (None, 0, "NOTHING WAS CHECKED: pip-audit gave no report"),
    ],
)
def test_a_report_decides_whether_the_check_fails(
    packages: Any, exit_code: int, told: str, tmp_path: Path
) -> None:
    report = "" if packages is None else json.dumps({"dependencies": packages, "fixes": []})
    path = tmp_path / "report.json"
    path.write_text(report)
    run = start_python(SCRIPT, stdin=path).finish()
    assert run.returncode == exit_code, run.stderr
    assert told in run.stdout
