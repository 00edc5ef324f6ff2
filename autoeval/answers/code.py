"""Code: a program of HumanEval's form, run in a sandbox; what is right is what passes its tests."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from autoeval.answers.checked import Answer, Check, Checked
from autoeval.programs.confinement import Limits
from autoeval.programs.pool import PASSED, Sandboxes
from autoeval.texts.patterns import lazy_pattern

_FENCE = lazy_pattern(r"```[ \t]*(?:python3?|py)?[ \t]*\r?\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """A task: the beginning of a program, the function that completes it, and a `check(candidate)` that tests it."""

    task_id: str
    prompt: str
    entry_point: str
    test: str

    def program(self, completion: str) -> str:
        """Return the whole program for a completion: the function's body, the function, or a reply with either."""
        code = self._code(completion)
        is_whole = self._defines(code) and not code.lstrip("\r\n")[:1].isspace()
        return (
            f"{self._preamble if is_whole else self.prompt}{code}\n{self.test}\ncheck({self.entry_point})\n"
        )

    @property
    def _preamble(self) -> str:
        """What stands before the function in the prompt, such as imports and helpers."""
        places = [match.start() for match in self._definition.finditer(self.prompt)]
        return self.prompt[: places[-1]] if places else self.prompt

    def _code(self, completion: str) -> str:
        """Take code out of a reply that fences it: the first block that defines the function, else the first."""
        blocks = [block.group(1) for block in _FENCE.finditer(completion)]
        return next(filter(self._defines, blocks), blocks[0] if blocks else completion)

    def _defines(self, code: str) -> bool:
        return self._definition.search(code) is not None

    @property
    def _definition(self) -> re.Pattern[str]:
        return re.compile(rf"^(?:async\s+)?def\s+{re.escape(self.entry_point)}\b", re.MULTILINE)


def code_check(tasks: Mapping[str, Task], limits: Limits, n_workers: int | None = None) -> Check:
    """Check completions by running their tasks' tests, several at a time.

    Args:
        tasks: by `task_id`.
        limits: what a program may use.
        n_workers: how many run at a time. Default: one a processor.

    Raises:
        UsageError: this machine has no sandbox.
    """

    def check(answers: Iterable[Answer]) -> Iterator[Checked]:
        with Sandboxes(n_workers, limits) as sandboxes:
            programs = (tasks[str(answer.task_id)].program(answer.output) for answer in answers)
            for result in sandboxes.run(programs):
                yield Checked(float(result == PASSED), note=result)

    return check
