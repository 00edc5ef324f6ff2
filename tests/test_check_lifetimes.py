"""The scheduled check of lifetimes, on days that are given: an old clone passes for ever."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from autoeval.completions import lifetimes
from autoeval.leaderboards.presets import PRESETS
from tests.processes import ROOT, start_python


def check(*arguments: str) -> tuple[int, str]:
    done = start_python(ROOT / "scripts" / "check_lifetimes.py", *arguments).finish()
    return done.returncode, done.stdout


def test_the_defaults_last_beyond_the_day_of_the_table() -> None:
    code, said = check("--today", str(lifetimes.table_date()))
    assert code == 0, said


def test_other_judges_that_end_are_named_and_fail_nothing() -> None:
    assert "gpt4_ranking" not in check("--today", "2026-12-14")[1]
    code, said = check("--today", "2026-12-15")
    assert code == 0
    assert "shipped annotator_configs/gpt4_ranking: gpt-4.1 ends on 2027-01-14" in said


@pytest.mark.parametrize(
    ("day", "fails"), [("2027-02-28", False), ("2027-03-02", True), ("2027-05-01", True)]
)
def test_a_default_that_ends_within_30_days_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: str, fails: bool
) -> None:
    table = yaml.safe_load(Path(lifetimes.__file__).with_suffix(".yaml").read_text())
    table["makers"]["openai"]["models"]["gpt-6-luna"]["shutdown"] = date(2027, 4, 1)
    (tmp_path / "lifetimes.yaml").write_text(yaml.safe_dump(table))
    code = (
        "import sys; from pathlib import Path; from autoeval.completions import lifetimes; "
        f"lifetimes.__file__ = {str(tmp_path / 'lifetimes.py')!r}; "
        "sys.path.insert(0, 'scripts'); import check_lifetimes; sys.exit(check_lifetimes.main())"
    )
    done = start_python("-c", code, "--today", day).finish()
    assert done.returncode == fails, done.stdout + done.stderr
    assert ("DEFAULT annotator_configs/gpt6_ranking" in done.stdout) == fails


def test_the_workflow_runs_the_script_by_the_clock() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "lifetimes.yml").read_text())
    assert workflow[True]["schedule"], "YAML reads `on` as a truth value"
    steps = workflow["jobs"]["check"]["steps"]
    assert any(step.get("run") == "python scripts/check_lifetimes.py" for step in steps)
    assert {preset.annotator for preset in PRESETS.values()} == {"gpt6_ranking", "gpt6_logprob"}
