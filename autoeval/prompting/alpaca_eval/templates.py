"""Prompt templates with `{field}` holes and, for chats, ChatML marks.

AlpacaEval fills the whole text first and splits it at the marks afterwards, so that an output which contains a
mark, or `{output_2}`, breaks the prompt open. Here the text is split first and each part is filled once; for
texts without marks and holes the result is the same, letter for letter.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoeval.errors import UsageError, nearest
from autoeval.prompting.prompt import Prompt
from autoeval.prompting.templates import BraceTemplate, Fields

Form = Literal["chat", "user", "text"]
"""`chat`: messages between ChatML marks; `user`: the whole text is one user message; `text`: a plain prompt."""

_START, _END = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True)
class StrippedTemplate:
    """A template whose filled text loses the space around it, as AlpacaEval sends it."""

    inner: BraceTemplate

    @property
    def source(self) -> str:
        """The text with its holes."""
        return self.inner.source

    def render(self, rows: Sequence[Fields]) -> str:
        """Fill the holes; see `BraceTemplate.render`."""
        return self.inner.render(rows).strip()


def read_template(template: str, root: Path, where: str) -> str:
    """Return the text of a `prompt_template`, which is a file below `root` or the text itself.

    Raises:
        UsageError: there is no such file, or it lies outside `root`.
    """
    if "\n" in template or "{" in template:
        return template
    if "\0" in template:
        raise UsageError(f"{where}: the prompt {template!r} is no file name: it holds a null character.")
    here = Path.cwd()
    if not (root / template).is_file() and (here / template).is_file():
        root = here  # where the command runs, as AlpacaEval with `base_dir: .` resolves it
    path = (root / template).resolve()
    if not template.strip():
        raise UsageError(f"{where}: 'prompt_template' is empty. Name a file, or write the prompt there.")
    if not path.is_relative_to(root.resolve()):
        raise UsageError(
            f"{where}: the prompt {template!r} lies outside {root}, the folder above the config's. Put it inside."
        )
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{where}: the prompt {path} cannot be read: {reason}. {_alike(path, root)}"
        ) from None


def compile_prompt(
    text: str, form: Form, fields: frozenset[str], n_rows: int, is_stripped: bool, where: str
) -> Prompt:
    """Make a prompt of a template's text.

    Args:
        text: the template.
        form: what it becomes. A text without any ChatML mark is one user message also as a `chat`.
        fields: the holes that can be filled.
        n_rows: how many pairs one prompt asks about; each hole occurs as often.
        is_stripped: whether a plain prompt loses the space around it; messages always do.
        where: the config as errors name it.

    Raises:
        UsageError: a hole is unknown or occurs too often or too rarely, or a mark is misplaced.
    """
    _check_holes(text, fields, n_rows, where)
    if form == "text":
        template = BraceTemplate(text, fields)
        return Prompt((("user", None, StrippedTemplate(template) if is_stripped else template),), False)
    if form == "user" or _START not in text:
        return Prompt((("user", None, StrippedTemplate(BraceTemplate(text, fields))),))
    parts, before = [], Counter[str]()
    for role, name, content in _split(text.strip(), where):
        template = BraceTemplate(content, fields, before)
        parts.append((role, name, StrippedTemplate(template)))
        before = before + Counter(template.occurrences())
    return Prompt(tuple(parts))


def _check_holes(text: str, fields: frozenset[str], n_rows: int, where: str) -> None:
    for name in BraceTemplate.names_in(text):
        if name not in fields:
            raise UsageError(f"{where}: the prompt has the unknown field {{{name}}}. {nearest(name, fields)}")
    for name, count in BraceTemplate(text, fields).occurrences().items():
        if count != n_rows:
            raise UsageError(
                f"{where}: the prompt has {{{name}}} {count} times where 'batch_size' is {n_rows}. "
                "Repeat every field once for each example."
            )


def _split(text: str, where: str) -> Iterator[tuple[str, str | None, str]]:
    """Split ChatML into (role, author's name, content); text between the messages is dropped."""
    if not text.startswith(_START) or not text.endswith(_END):
        raise UsageError(
            f"{where}: a ChatML prompt begins with {_START} and ends with {_END}. Fix the marks."
        )
    for message in text.split(_START)[1:]:
        head, newline, rest = message.partition("\n")
        if not newline:
            raise UsageError(f"{where}: after {_START} comes a role on a line of its own. Fix the marks.")
        role, attributes = _role(head.strip(), where)
        yield role, attributes.get("name"), rest.split(_END, 1)[0].strip()


def _role(head: str, where: str) -> tuple[str, Mapping[str, str]]:
    """Read `user`, or `system name=example_user`."""
    role, *pairs = head.split(" ")
    attributes = dict(pair.partition("=")[::2] for pair in pairs if pair)
    if role not in ("system", "user", "assistant", "developer") or set(attributes) - {"name"}:
        raise UsageError(
            f"{where}: {head!r} is no role. After {_START} comes system, user or assistant "
            "(or: system name=example_user)."
        )
    return role, attributes


def _alike(path: Path, root: Path) -> str:
    """Say which file was probably meant, where its name only differs in case."""
    for folder in root.iterdir() if root.is_dir() else ():
        for file in folder.iterdir() if folder.is_dir() else ():
            if re.fullmatch(re.escape(str(path)), str(file.resolve()), re.IGNORECASE):
                return f"Did you mean {file.relative_to(root)}?"
    return "Check the path: it starts at the folder above the config's."
