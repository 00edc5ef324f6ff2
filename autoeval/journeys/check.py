"""The journey without a judge: answers that can be checked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from autoeval.checks import check_choice, check_number, require_source
from autoeval.data.pairing import DEFAULT_MODEL_NAME, name_of_source
from autoeval.journeys.parameters.output_paths import output_folder
from autoeval.runs.answers import of_one_generator, row_of
from autoeval.runs.checking import CHECKS, Options, cautions, find_check
from autoeval.runs.output_flaws import looked_through
from autoeval.runs.quantities import by_subset, quantities
from autoeval.runs.scored import ScoredRun


def check(
    checker: str,
    model_outputs: Any = None,
    output_path: str | Path | None = "auto",
    name: str | None = None,
    marker: str | None = None,
    tolerance: float | None = None,
    pattern: str | None = None,
    tasks: Any = None,
    timeout: float | None = None,
    memory: int | None = None,
    max_concurrency: int | None = None,
    is_strip_thinking: bool = False,
    min_coverage: float = 0.99,
) -> ScoredRun:
    """Check outputs that have a right answer, without a judge.

    gsm8k: the number behind a marker, and the last number; number; choice: a letter; regex; ifeval: instructions that
    code verifies; code: programs of HumanEval's form, run in a sandbox.

    Args:
        checker: How: gsm8k, number, choice, regex, ifeval or code.
        model_outputs: The outputs: a source of rows with instruction, output and target; for code with task_id and
            completion.
        output_path: Folder for the results, in a folder of the checker's name. `auto`: beside the outputs file, or
            results/<name>; None: write nothing.
        name: What to call the model. Default: the outputs' `generator`, or their file's name.
        marker: What stands before the answer, for gsm8k (default ####), number and choice.
        tolerance: For number: the largest difference that counts as equal, as a share of the target. Default: 0.
        pattern: For regex: its last match is the answer, or that of its first group. Default: each target is a regular
            expression that the output must match.
        tasks: For code: the tasks, with task_id, prompt, entry_point and test. For ifeval: a file that has
            instruction_id_list and kwargs of each prompt.
        timeout: For code: seconds of processor time that a program has (by the clock four times as many). Default: 3.
        memory: For code: MiB that a program has. Default: 1024.
        max_concurrency: For code: programs at a time. Default: one a processor.
        is_strip_thinking: Leave the reasoning (<think> and other marks of it) out of all outputs.
        min_coverage: Exit with 3 if less than this share could be checked.

    Returns:
        The scores with their intervals.

    Raises:
        UsageError: a parameter, file or row is wrong, or there is no sandbox for code.
    """
    check_choice("checker", checker, CHECKS)
    require_source(model_outputs, "--model_outputs", "name the file of outputs to check")
    options = Options(marker, tolerance, pattern, tasks, timeout, memory, max_concurrency)
    options.refuse_unused(checker)
    check_number("min_coverage", min_coverage, 0, 1)
    checking = find_check(checker, model_outputs, options)
    answers = list(of_one_generator(checking.answers))
    model = (
        name or answers[0].generator or name_of_source(model_outputs, "--model_outputs") or DEFAULT_MODEL_NAME
    )
    folder = output_folder(output_path, model_outputs, model, checker)
    outputs, flaws = looked_through([answer.output for answer in answers], model, is_strip_thinking)
    answers = [replace(answer, output=output) for answer, output in zip(answers, outputs, strict=True)]
    checked = list(checking.check(answers))
    rows = [row_of(answer, found, checker, model) for answer, found in zip(answers, checked, strict=True)]
    run = ScoredRun(
        name=model,
        annotator=checker,
        rows=rows,
        quantities=quantities(rows),
        subsets=by_subset(rows),
        settings={"checker": checker, **options.facts(checker)},
        cautions=[*flaws, *cautions(checker, options, checked), *checking.unanswered(answers)],
        min_coverage=min_coverage,
        n_unanswered=len(checking.without_answer(answers)),
        folder=folder,
    )
    run.save()
    return run
