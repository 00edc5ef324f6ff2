"""m-Arena-Hard: Arena-Hard's questions in 23 languages, from the hub or a user's copy."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.data.arena_hard import ArenaSet, label_of, optional_text
from autoeval.data.hub import HubDataset
from autoeval.data.instructions import Instruction
from autoeval.data.loading import Rows, expand
from autoeval.data.records import read_key
from autoeval.errors import UsageError

LANGUAGES = (
    *("ar", "cs", "de", "el", "en", "es", "fa", "fr", "he", "hi", "id", "it"),
    *("ja", "ko", "nl", "pl", "pt", "ro", "ru", "tr", "uk", "vi", "zh"),
)
"""The languages, which the parts of the dataset are named after."""

DATASETS = {"m_arena_hard": "CohereLabs/m-ArenaHard", "m_arena_hard_v2.0": "CohereLabs/m-ArenaHard-v2.0"}
"""The hub's dataset of each eval set."""

SETS = {
    name: ArenaSet(name, name.replace("_", "-"), {}, name == "m_arena_hard", (0.025, 0.975))
    for name in DATASETS
}
_ROLE = "--evaluation_dataset"


@dataclass(frozen=True)
class Loader:
    """Loads the questions of one of the eval sets."""

    dataset: str

    def __call__(self, source: Any, reference_answers: Any, near: Iterable[Any]) -> list[Instruction]:  # noqa: ARG002
        """Load the questions, language by language.

        Args:
            source: the hub's name of one language (`CohereLabs/m-ArenaHard:fr`), or files whose rows have a column
                `language` or that are named after it; None for all languages of the hub.
            reference_answers: there are none.
            near: files that are not looked at: the questions are the hub's.

        Raises:
            UsageError: a row is wrong, or says no language; or the hub cannot be reached.
        """
        if reference_answers is not None:
            raise UsageError("--reference_answers: Arena-Hard has no right answers. Leave it out.")
        if source is None:
            source = [f"{self.dataset}:{language}" for language in LANGUAGES]
        return list(_questions(source))


def _questions(source: Any) -> Iterator[Instruction]:
    for entry in expand(source, _ROLE):
        named = _language_of(entry)
        for row in Rows([entry], _ROLE):
            language = optional_text(row, "language") or named
            if language not in LANGUAGES:
                raise UsageError(
                    f"{row.where}: the language is {language!r}; it should be one of {', '.join(LANGUAGES)}, in "
                    "a column `language` or as the name of the file."
                )
            question = read_key(row, "uid", "question_id")
            fields = {
                "question_id": f"{question}-{language}",
                "same_question": question,
                "category": optional_text(row, "category") or "",
                "language": language,
            }
            yield Instruction(label_of(row, "prompt"), language, fields=fields)


def _language_of(entry: Any) -> str | None:
    """Return the language that a part of the dataset, a file or its folder is named after."""
    if isinstance(entry, HubDataset):
        return next((part for part in entry.name.split(":")[1:] if part in LANGUAGES), None)
    if isinstance(entry, Path):
        names = (entry.name.split(".")[0], entry.absolute().parent.name)
        return next((name for name in names if name in LANGUAGES), None)
    return None
