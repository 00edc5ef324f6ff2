"""The journey before a release: hold a run against rules, by what its intervals say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autoeval.checks import require_source
from autoeval.journeys.parameters.output_paths import writable_folder
from autoeval.runs.gate_files import counted_as, junit, markdown
from autoeval.runs.measured import Measured, measure
from autoeval.runs.rules import Finding, Outcome, Rules, hold_against, read_rules
from autoeval.runs.saving import save_text

_EXIT_CODES = {Outcome.PASS: 0, Outcome.FAIL: 7, Outcome.UNDECIDED: 8}


@dataclass(frozen=True)
class Gate:
    """What a gate says of a run, rule by rule; `paths` are the files that say it."""

    run: Measured
    baseline: Measured | None
    rules: Rules
    findings: Sequence[Finding]
    paths: Sequence[Path] = ()

    @property
    def outcome(self) -> Outcome:
        """Fail where any rule fails, else undecided where any is, else pass."""
        counted = [counted_as(finding, self.rules) for finding in self.findings]
        return next((one for one in (Outcome.FAIL, Outcome.UNDECIDED) if one in counted), Outcome.PASS)

    @property
    def exit_code(self) -> int:
        """0 pass, 7 fail, 8 undecided."""
        return _EXIT_CODES[self.outcome]

    @property
    def heading(self) -> str:
        """Say what was held against what."""
        against = f" against {self.baseline.model}" if self.baseline else ""
        return f"gate for {self.run.model}{against}"


def gate(
    run: str,
    baseline: str | None = None,
    rules: str | Path | None = None,
    output_path: str | Path | None = "auto",
) -> Gate:
    """Hold a finished run against rules: pass, fail, or undecided where the intervals allow both.

    A rule passes where the whole interval of what it names satisfies it, and fails where all of it violates it. The
    intervals of all rules hold together.

    Args:
        run: The run's folder, or its annotations.json; of evaluate, check or refusal.
        baseline: Another run on the same questions, for rules such as `win_rate - baseline > -2`.
        rules: A YAML file with `rules`, and maybe `error`, `undecided` and `min_coverage`.
        output_path: Folder for gate.xml (JUnit) and gate.md. `auto`: the run's; None: write nothing.

    Returns:
        What was found; the exit code is 0 for pass, 7 for fail, 8 for undecided.

    Raises:
        UsageError: a file or rule is wrong, or the runs do not compare.
    """
    known = read_rules(require_source(rules, "--rules", "name a YAML file of rules"))
    measured = measure(run)
    against = None if baseline is None else measure(baseline)
    found = Gate(measured, against, known, hold_against(known, measured, against))
    if output_path is None:
        return found
    folder = measured.path.parent if output_path == "auto" else writable_folder(Path(output_path))
    texts = {
        "gate.xml": junit(found.findings, known, measured.model),
        "gate.md": markdown(found.findings, known, found.outcome, found.heading),
    }
    return Gate(
        measured,
        against,
        known,
        found.findings,
        [save_text(text, folder / name) for name, text in texts.items()],
    )
