"""FairEval: two models' answers to 80 questions with people's verdicts, and reviews that score both."""

import gzip
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autoeval.data.labelled.base import Format, Labelled, LabelledPair, Preference, RecordedJudge, Verdicts
from autoeval.data.labelled.reading import Recording, named_entries, turned, unique
from autoeval.data.loading import Row, expand, read_rows
from autoeval.data.records import read_key, read_text
from autoeval.data.reviews import scores_of
from autoeval.errors import UsageError

_HUMAN = "_human.txt"


def read(source: Any) -> Labelled:
    """Read the questions, two models' answers and people's verdicts.

    Args:
        source: a folder of, or the files themselves: `question.jsonl`, `answer_<model>.jsonl` and
            `review_<model>_<model>_human.txt`, which has a verdict a line (the better model's name in capitals, or TIE)
            and says which two models were compared.
    """
    files = _files(source)
    human = next((path for path in files if path.name.removesuffix(".gz").endswith(_HUMAN)), None)
    questions = next((path for path in files if path.name.startswith("question")), None)
    if human is None or questions is None:
        lacking = "question.jsonl" if human is not None else f"review_<model>_<model>{_HUMAN}"
        raise UsageError(f"--dataset: there is no {lacking} among the files of FairEval.")
    names = {
        path.name.removeprefix("answer_").removesuffix(".gz").removesuffix(".jsonl"): path
        for path in files
        if path.name.startswith("answer_")
    }
    first, second = _compared(human, names)
    answers = [_by_question(names[name]) for name in (first, second)]
    rows = list(read_rows(questions, "--dataset"))
    labels = list(_verdicts(human, first, second))
    if len(labels) != len(rows):
        raise UsageError(f"{human}: {len(labels)} verdicts for {len(rows)} questions in {questions}.")
    pairs = [
        LabelledPair(
            key=read_key(row, "question_id"),
            instruction=read_text(row, "text"),
            output_1=_answer(answers[0], row, first),
            output_2=_answer(answers[1], row, second),
            label=label,
            subset=str(row.fields.get("category") or "") or None,
            where=row.where,
        )
        for row, label in zip(rows, labels, strict=True)
    ]
    return Labelled("faireval", unique(pairs))


def recorded(source: Any, labelled: Labelled) -> list[RecordedJudge]:
    """Read reviews, a file a judge: rows of `question_id` and `score` (two), or a `text` that begins with the two.

    A second row of a question is of the other order.
    """
    found = Recording(labelled)
    for name, entry in named_entries(source, lambda path: path.name.split(".json")[0]):
        judge = found.judge(name)
        for row in read_rows(entry, "--recorded"):
            key = found.pair(row, read_key(row, "question_id")).key
            before = judge.verdicts[key].given if key in judge.verdicts else ()
            if len(before) > 1:
                raise UsageError(f"{row.where}: the question {key} has more than two reviews.")
            is_switched = bool(before)
            judge.verdicts[key] = Verdicts((*before, (is_switched, turned(_review(row), is_switched))))
    return found.judges


def _by_question(path: Path) -> dict[str, Row]:
    return {read_key(row, "question_id"): row for row in read_rows(path, "--dataset")}


def _files(source: Any) -> list[Path]:
    folder = Path(source) if isinstance(source, str | Path) else None
    found = (
        sorted(folder.iterdir()) if folder is not None and folder.is_dir() else expand(source, "--dataset")
    )
    files = [path for path in found if isinstance(path, Path)]
    if len(files) < len(found):
        raise UsageError("--dataset: FairEval's set is several files. Name them, or their folder.")
    return files


def _compared(human: Path, names: Mapping[str, Path]) -> tuple[str, str]:
    """Return the two models that the verdicts' file is named after."""
    stem = human.name.removesuffix(".gz").removesuffix(_HUMAN).removeprefix("review_")
    for first in names:
        if stem.startswith(f"{first}_") and stem.removeprefix(f"{first}_") in names:
            return first, stem.removeprefix(f"{first}_")
    raise UsageError(
        f"--dataset: {human.name} compares {stem!r}, and the answers of both are not among the files."
    )


def _verdicts(human: Path, first: str, second: str) -> Iterator[float]:
    with gzip.open(human, "rt") if human.suffix == ".gz" else human.open() as file:
        for number, line in enumerate(file, 1):
            said = re.sub(r"\W", "", line).lower()
            if not said:
                continue
            choices = {"tie": 1.5, **dict.fromkeys(_spelt(first), 1.0), **dict.fromkeys(_spelt(second), 2.0)}
            if said not in choices:
                raise UsageError(
                    f"{human}, line {number}: {line.strip()!r} is neither TIE nor one of the two models."
                )
            yield choices[said]


def _spelt(model: str) -> list[str]:
    plain = re.sub(r"\W", "", model).lower()
    return ["chatgpt", plain] if plain == "gpt35" else [plain]


def _answer(answers: Mapping[str, Row], question: Row, model: str) -> str:
    key = read_key(question, "question_id")
    if key not in answers:
        raise UsageError(f"{question.where}: {model} has no answer to the question {key}.")
    return read_text(answers[key], "text")


def _review(row: Row) -> Preference:
    scores = scores_of(row)
    if scores is None:
        return None
    first, second = scores
    return 1.5 if first == second else 1.0 if first > second else 2.0


FAIREVAL = Format(read, recorded)
