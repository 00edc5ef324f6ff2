"""A prompt ready to be filled: its templates, compiled and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autoeval.errors import UsageError
from autoeval.prompting.config import MessageConfig, ModelConfig
from autoeval.prompting.templates import BraceTemplate, Fields, JinjaTemplate, Template
from autoeval.types import Message


class AnyPrompt(Protocol):
    """What fills a prompt in: templates of ours, or another tool's own file of prompts."""

    @property
    def is_chat(self) -> bool:
        """Whether it is chat messages, rather than one text for a completion model."""

    @property
    def sources(self) -> Sequence[Sequence[str | None]]:
        """Everything that decides what it says besides what it is filled in with: role, author's name, source."""

    def messages(self, rows: Sequence[Fields]) -> tuple[Message, ...]:
        """Fill a chat prompt; none for a completion model's."""

    def text(self, rows: Sequence[Fields]) -> str | None:
        """Fill a completion model's prompt; None for a chat prompt."""


@dataclass(frozen=True)
class Prompt:
    """Chat messages as (role, author's name, text), or one text for a completion model (`is_chat` False)."""

    parts: tuple[tuple[str, str | None, Template], ...]
    is_chat: bool = True

    @property
    def sources(self) -> list[list[str | None]]:
        """The role, the author's name and the source of each message."""
        return [[role, name, getattr(template, "source", "")] for role, name, template in self.parts]

    def messages(self, rows: Sequence[Fields]) -> tuple[Message, ...]:
        """Fill a chat prompt; see `Template.render`."""
        if not self.is_chat:
            return ()
        return tuple([Message(role, template.render(rows), name) for role, name, template in self.parts])

    def text(self, rows: Sequence[Fields]) -> str | None:
        """Fill a completion model's prompt; None for a chat prompt."""
        return None if self.is_chat else self.parts[0][2].render(rows)


def compile_prompt(config: ModelConfig, folder: Path, allowed: frozenset[str], where: str) -> Prompt | None:
    """Compile the prompt of a model's config.

    Args:
        config: what the file says.
        folder: the config's folder, which its template files must not leave.
        allowed: the variables that templates may use.
        where: the config as errors name it.

    Returns:
        The prompt, None where the config has none.

    Raises:
        UsageError: a file is missing or outside the folder, or a template is wrong.
    """
    parts = config.messages if config.prompt is None else (config.prompt,)
    if not parts:
        return None
    compiled = tuple((part.role, part.name, _compile(part, folder, allowed, where)) for part in parts)
    return Prompt(compiled, is_chat=config.prompt is None)


def _compile(part: MessageConfig, folder: Path, allowed: frozenset[str], where: str) -> Template:
    source, name = (
        (part.content, where) if part.content is not None else _read(part.template or Path(), folder, where)
    )
    if part.syntax == "braces":
        return BraceTemplate(source or "", allowed)
    return JinjaTemplate(source or "", allowed, name)


def _read(template: Path, folder: Path, where: str) -> tuple[str, str]:
    if "\0" in str(template):
        raise UsageError(
            f"{where}: the template {str(template)!r} is no file name: it holds a null character."
        )
    try:
        path = (folder / template).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise UsageError(
                f"{where}: the template {template} lies outside the config's folder. Put it beside the config."
            )
        return path.read_text(encoding="utf-8"), str(path)
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    raise UsageError(f"{where}: the template {str(template)!r} cannot be read: {reason}.")
