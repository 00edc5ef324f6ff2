"""How outputs are checked: which check, on what, with which options, and what a reader must know of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoeval.answers.checked import Answer, Check, Checked
from autoeval.answers.choice import choice_check
from autoeval.answers.code import code_check
from autoeval.answers.gsm8k import MARKER, gsm8k_check
from autoeval.answers.ifeval.check import ifeval_check, read_wanted
from autoeval.answers.number import number_check
from autoeval.answers.pattern import pattern_check
from autoeval.checks import check_number, require_source
from autoeval.data.loading import Row, read_rows
from autoeval.data.records import read_instruction, read_label, read_text
from autoeval.errors import UsageError
from autoeval.programs.confinement import Limits
from autoeval.runs.answers import read_answers, read_completions, read_tasks

CHECKS = ("gsm8k", "number", "choice", "regex", "ifeval", "code")


@dataclass(frozen=True)
class Options:
    """What the flags of `check` say; None where one was not given."""

    marker: str | None
    tolerance: float | None
    pattern: str | None
    tasks: Any
    timeout: float | None
    memory: int | None
    max_concurrency: int | None

    _USED = {  # noqa: RUF012 - no field: it has no annotation
        "gsm8k": ("marker",),
        "number": ("marker", "tolerance"),
        "choice": ("marker",),
        "regex": ("pattern",),
        "ifeval": ("tasks",),
        "code": ("tasks", "timeout", "memory", "max_concurrency"),
    }

    def refuse_unused(self, checker: str) -> None:
        """Refuse a flag that the checker has no use for, and values that none can use."""
        used = self._USED[checker]
        for flag in self.__dataclass_fields__:
            if getattr(self, flag) is not None and flag not in used:
                users = [name for name, flags in self._USED.items() if flag in flags]
                raise UsageError(f"--{flag} is for {' and '.join(users)}; {checker} has no use for it.")
        if self.marker is not None and (not isinstance(self.marker, str) or not self.marker.strip()):
            raise UsageError(
                f"--marker is {self.marker!r}; it should be the text that stands before the answer."
            )
        check_number("tolerance", self.tolerance, 0)
        check_number("timeout", self.timeout, 0.1, 3600)
        check_number("memory", self.memory, 64, whole=True)
        check_number("max_concurrency", self.max_concurrency, 1, whole=True)

    def limits(self) -> Limits:
        """Return what a program may use."""
        given = Limits()
        if self.timeout is not None:
            given = replace(given, seconds=self.timeout, patience=4 * self.timeout)
        return given if self.memory is None else replace(given, memory=self.memory << 20)

    def facts(self, checker: str) -> dict[str, Any]:
        """Say how it was checked, for run.json."""
        facts = {
            flag: getattr(self, flag)
            for flag in self._USED[checker]
            if flag not in ("tasks", "max_concurrency")
        }
        if checker == "gsm8k":
            facts["marker"] = self.marker or MARKER
        if checker == "code":
            limits = self.limits()
            facts |= {"timeout": limits.seconds, "memory": limits.memory >> 20}
        return {name: value for name, value in facts.items() if value is not None}


@dataclass(frozen=True)
class Checking:
    """A check with what is checked; `tasks` are the ids of which each should have an answer."""

    answers: Iterable[Answer]
    check: Check
    tasks: Sequence[str] = ()

    def without_answer(self, answers: Iterable[Answer]) -> list[str]:
        """Name the tasks that have no answer."""
        answered = {answer.task_id for answer in answers}
        return [task for task in self.tasks if task not in answered]

    def unanswered(self, answers: Iterable[Answer]) -> list[str]:
        """Say which tasks have no answer."""
        missing = self.without_answer(answers)
        if not missing:
            return []
        told = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        return [f"{len(missing)} of {len(self.tasks)} tasks have no completion and are in no number: {told}"]


def find_check(checker: str, model_outputs: Any, options: Options) -> Checking:
    """Return a check by its name, with the answers that it is for.

    Raises:
        UsageError: a file is missing or wrong.
    """
    if checker == "code":
        tasks = read_tasks(require_source(options.tasks, "--tasks", "name the file of tasks"))
        completions = read_completions(model_outputs, tasks)
        return Checking(
            completions, code_check(tasks, options.limits(), options.max_concurrency), list(tasks)
        )
    if checker == "ifeval":
        return Checking(_with_instructions(model_outputs, options.tasks), ifeval_check())
    checks: Mapping[str, Check] = {
        "gsm8k": gsm8k_check(options.marker or MARKER),
        "number": number_check(options.marker, options.tolerance or 0.0),
        "choice": choice_check(options.marker),
        "regex": pattern_check(options.pattern),
    }
    return Checking(read_answers(model_outputs), checks[checker])


def _with_instructions(model_outputs: Any, tasks: Any) -> Iterator[Answer]:
    """Read outputs for IFEval, each with the instructions that its row, or the file of tasks, has."""
    known: dict[str, Row] = {}
    for row in read_rows(tasks, "--tasks") if tasks is not None else ():
        known[read_text(row, "prompt" if "prompt" in row.fields else "instruction")] = row
    for row in read_rows(model_outputs, "--model_outputs"):
        instruction = read_instruction(row)
        if known and instruction not in known:
            raise UsageError(f"{row.where}: its instruction is no prompt of --tasks.")
        wanted = read_wanted(known.get(instruction, row), row.fields.get("target"))
        dataset, generator = read_label(row, "dataset"), read_label(row, "generator")
        yield Answer(row, instruction, read_text(row, "output"), wanted, generator, dataset)


def cautions(checker: str, options: Options, checked: Sequence[Checked]) -> list[str]:
    """Say what a reader must know before trusting the numbers."""
    if checker == "gsm8k" and not any(found.extracted for found in checked):
        marker = options.marker or MARKER
        return [
            f"not one output has a number behind {marker!r}: strict extraction finds none, so the score says nothing "
            "of the model. If answers are marked otherwise, say how with --marker; `flexible` takes the last number"
        ]
    n_unread = sum(found.score == 0 and found.extracted is None for found in checked)
    if checker in ("gsm8k", "number", "choice") and n_unread:
        return [
            f"{n_unread} of {len(checked)} outputs give no answer that could be read; they count as wrong"
        ]
    if checker == "code":
        ends = Counter(str(found.note).partition(":")[0] for found in checked)
        return ["programs: " + ", ".join(f"{count} {end}" for end, count in ends.most_common())]
    return []
