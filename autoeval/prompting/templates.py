"""Prompt templates: text of ours with holes for text of others.

A template is compiled before anything a model wrote is near it, and filled once. So an output that contains
`{{ … }}`, `{output_2}` or ChatML marks stays what it is: text. Against outputs that imitate the prompt's own
delimiters, `nonce` puts a mark into the delimiters that no output can know.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Protocol

from autoeval.errors import UsageError, nearest
from autoeval.texts.patterns import lazy_pattern

if TYPE_CHECKING:
    import jinja2

Fields = Mapping[str, str]


class Template(Protocol):
    """Text with named holes."""

    def render(self, rows: Sequence[Fields]) -> str:
        """Fill the holes; `rows` holds the fields of each pair that the prompt asks about (usually one)."""


def nonce(*texts: str) -> str:
    """Return a short mark for a prompt's delimiters that depends on everything the prompt quotes.

    An output would have to contain a hash of itself to close such a delimiter, and because the mark is
    derived, equal pairs still get equal prompts and cached replies.
    """
    quoted = "".join([f"{len(text)}:{text}" for text in texts])
    return hashlib.sha256(quoted.encode()).hexdigest()[:10]


@dataclass(frozen=True)
class JinjaTemplate:
    """A sandboxed Jinja2 template that refuses unknown variables when it is compiled.

    `allowed` are the variables that it may use, `where` is the file named in errors.
    """

    source: str
    allowed: frozenset[str]
    where: str

    def __post_init__(self) -> None:
        """Find mistakes now, before anything is spent."""
        import jinja2
        from jinja2 import meta

        try:
            used = meta.find_undeclared_variables(_environment().parse(self.source))
            self._compiled  # noqa: B018 - compiling is the check
        except jinja2.TemplateSyntaxError as error:
            raise UsageError(
                f"{self.where}, line {error.lineno}: {_said(error)}. Fix the template."
            ) from None
        except Exception as error:  # Python has limits of its own, on nesting and on numbers
            raise UsageError(f"{self.where}: {_said(error)}. Fix the template.") from None
        for name in sorted(used - self.allowed):
            raise UsageError(
                f"{self.where}: the template uses the unknown variable {name!r}. {nearest(name, self.allowed)}"
            )
        self._try()

    def _try(self) -> None:
        """Find a template that goes too far whatever fills it; what else a text can break shows when it is there."""
        from jinja2.exceptions import SecurityError

        from autoeval.prompting.sandbox import TooMuchWorkError

        try:
            self._filled(dict.fromkeys(self.allowed, "One text.\nAnd more."))
        except (SecurityError, TooMuchWorkError) as error:
            raise self._unfit(error) from None
        except Exception:  # it may well need a text that looks otherwise
            pass

    @cached_property
    def _compiled(self) -> "jinja2.Template":
        return _environment().from_string(self.source)

    @cached_property
    def _pieces(self) -> tuple[tuple[str, bool], ...] | None:
        """Text as (text, False) and variables as (name, True), where the template is nothing else; or None.

        Most prompts are that, and joining the pieces takes a tenth of the time that Jinja takes.
        """
        from jinja2 import nodes

        pieces: list[tuple[str, bool]] = []
        for node in _environment().parse(self.source).body:
            for part in node.nodes if isinstance(node, nodes.Output) else (node,):
                if isinstance(part, nodes.TemplateData):
                    pieces.append((part.data, False))
                elif isinstance(part, nodes.Name):
                    pieces.append((part.name, True))
                else:
                    return None
        return tuple(pieces)

    def render(self, rows: Sequence[Fields]) -> str:
        """Fill the template with the fields of the one row it is about.

        Raises:
            UsageError: the template cannot be filled with these texts, or makes far more of them than a prompt.
        """
        (fields,) = rows
        try:
            return self._filled(fields)
        except Exception as error:  # whatever it runs into, the template is what has to change
            raise self._unfit(error) from None

    def _filled(self, fields: Fields) -> str:
        if self._pieces is not None:
            return "".join([fields[text] if is_variable else text for text, is_variable in self._pieces])
        from autoeval.prompting.sandbox import metered

        with metered(len(self.source) + sum(map(len, fields.values()))):
            return self._compiled.render(fields)

    def _unfit(self, error: Exception) -> UsageError:
        return UsageError(f"{self.where}: the template cannot be filled: {_said(error)}. Fix the template.")


def _said(error: Exception) -> str:
    return (str(getattr(error, "message", None) or error) or type(error).__name__).rstrip(".")


_PLACEHOLDER = lazy_pattern(r"{([^ \s]+?)}")


@dataclass(frozen=True)
class BraceTemplate:
    """A template whose only syntax is `{field}`; the n-th `{field}` takes the n-th pair's value.

    A name that is not in `allowed` is plain text, so that JSON examples in a prompt need no escaping.
    """

    source: str
    allowed: frozenset[str]
    before: Mapping[str, int] = field(default_factory=dict)
    """How often each field occurs before this text, where a prompt is split into several templates."""

    @staticmethod
    def names_in(source: str) -> list[str]:
        """Return everything that stands in a text like a hole, allowed or not, each once."""
        return list(dict.fromkeys(_PLACEHOLDER.findall(source)))

    @cached_property
    def _pieces(self) -> tuple[tuple[str, int | None], ...]:
        """Literal text as (text, None), holes as (field, which row)."""
        pieces: list[tuple[str, int | None]] = []
        seen: dict[str, int] = dict(self.before)
        end = 0
        for match in _PLACEHOLDER.finditer(self.source):
            name = match[1]
            if name not in self.allowed:
                continue
            pieces.append((self.source[end : match.start()], None))
            pieces.append((name, seen.get(name, 0)))
            seen[name] = seen.get(name, 0) + 1
            end = match.end()
        return (*pieces, (self.source[end:], None))

    def occurrences(self) -> Mapping[str, int]:
        """Return how often each field occurs; for a prompt on n pairs, each used one must occur n times."""
        counts: dict[str, int] = {}
        for text, row in self._pieces:
            if row is not None:
                counts[text] = counts.get(text, 0) + 1
        return counts

    def render(self, rows: Sequence[Fields]) -> str:
        """Fill every hole once; what is filled in is not looked at again."""
        return "".join(text if row is None else rows[row][text] for text, row in self._pieces)


@cache
def _environment() -> "jinja2.Environment":
    from autoeval.prompting.sandbox import Environment

    return Environment()
