"""A user's copy of Arena-Hard's judge config, used to the letter: v0.1's first form and today's."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.errors import UsageError, nearest
from autoeval.prompting.fastchat import filled
from autoeval.prompting.yaml_files import read_yaml
from autoeval.types import Message

_FLAG = "--judge_prompts"
_SETTINGS = "JUDGE_SETTINGS"
_SETTINGS_FILE = "judge_utils.py"
_JUDGING_FILE = "gen_judgment.py"
_ATTEMPTS, _MOST_ATTEMPTS = "number_of_judgment_attempts", 5
_NO_PAIRS = ("pairwise", "baseline")


@dataclass(frozen=True)
class ArenaConfig:
    """What the file says.

    `systems` and `baselines` are by category, '' is every other one. `templates` are the user's messages. A reply's
    verdict is what the first of the `patterns` that matches finds. `is_first_form` says that the file is of v0.1's
    first tools, whose judgments have another form and whose several verdicts must agree. A judge that has not come to
    a verdict is asked up to `attempts` times, and told to go on in the words of `follow_up` (None: nothing says them).
    """

    path: Path
    systems: Mapping[str, str]
    templates: tuple[str, ...]
    patterns: tuple[str, ...]
    judge_model: str | None
    parameters: Mapping[str, Any]
    baselines: Mapping[str, str]
    is_first_form: bool
    attempts: int = 1
    follow_up: str | None = None

    @classmethod
    def read(cls, path: Path) -> "ArenaConfig":
        """Read a config.

        Today's files have no system prompt: it stands by category in `utils/judge_utils.py` of the same checkout, which
        is read there without being run; or `system_prompt` in the file says it, as one text or one a category. What
        v0.1's tools tell a judge without a verdict stands in their `gen_judgment.py`, or in the file as `follow_up`.

        Raises:
            UsageError: a field is missing or wrong.
        """
        data = read_yaml(path)
        _refuse_others(path, data)
        settings = _settings(path) if "system_prompt" not in data else {}
        systems = _by_category(path, "system_prompt", data.get("system_prompt"))
        systems |= {name: one["system_prompt"] for name, one in settings.items() if "system_prompt" in one}
        baselines = _by_category(path, "baseline_model", data.get("baseline_model"))
        baselines |= {name: one["baseline"] for name, one in settings.items() if "baseline" in one}
        if not systems:
            raise UsageError(
                f"{path} has no `system_prompt`, and there is no utils/{_SETTINGS_FILE} beside it that says it. Name "
                "the config inside your checkout, or write system_prompt into it (one text, or one a category)."
            )
        return cls(
            path=path,
            systems=systems,
            templates=_templates(path, data.get("prompt_template")),
            patterns=_patterns(path, data),
            judge_model=_optional_text(path, data, "judge_model"),
            parameters={name: data[name] for name in ("temperature", "max_tokens") if name in data},
            baselines=baselines,
            is_first_form=(is_first_form := "regex_pattern" in data),
            attempts=_attempts(path, data, is_first_form),
            follow_up=_optional_text(path, data, "follow_up") or _told_to_go_on(path),
        )

    def system(self, category: str) -> str:
        """Return what the judge is told about questions of a category.

        Raises:
            UsageError: the file does not say it.
        """
        found = self.systems.get(category, self.systems.get(""))
        if found is None:
            raise UsageError(
                f"{_FLAG}: {self.path} has no system prompt for the category {category!r}. "
                f"{nearest(category, self.systems)}"
            )
        return found


@dataclass(frozen=True)
class ArenaPrompt:
    """A judge's prompt that is the one of a user's config."""

    config: ArenaConfig
    is_chat: bool = True

    @property
    def sources(self) -> list[list[str | None]]:
        """The system's words of each category, and the user's templates."""
        systems: list[list[str | None]] = [
            ["system", name, text] for name, text in sorted(self.config.systems.items())
        ]
        return [*systems, *(["user", None, template] for template in self.config.templates)]

    def messages(self, rows: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
        """Fill the templates in, under the names of both forms of the file.

        Raises:
            UsageError: a template wants a field that there is not.
        """
        (fields,) = rows
        question, first, second = (fields[name] for name in ("question", "answer_a", "answer_b"))
        names = {
            "QUESTION": question,
            "ANSWER_A": first,
            "ANSWER_B": second,
            "question_1": question,
            "answer_1": first,
            "answer_2": second,
        }
        where = f"{_FLAG}: the template of {self.config.path}"
        system = Message("system", self.config.system(fields.get("category", "")))
        return (system, *(Message("user", filled(one, names, where)) for one in self.config.templates))

    def text(self, rows: Sequence[Mapping[str, str]]) -> str | None:  # noqa: ARG002 - it is a chat prompt
        """Return None: it is a chat prompt."""
        return None


def is_arena_config(source: Any) -> bool:
    """Whether prompts are named that are a config of Arena-Hard's, rather than FastChat's JSON lines."""
    return isinstance(source, str | Path) and Path(source).suffix.lower() in (".yaml", ".yml")


def _refuse_others(path: Path, data: Mapping[str, Any]) -> None:
    """Refuse what asks otherwise than about two answers, or with right answers."""
    off = [name for name in _NO_PAIRS if name in data and not data[name]]
    if off:
        raise UsageError(
            f"{path}: `{off[0]}` is off, so single answers are graded. Arena-Hard compares two: turn it on."
        )
    if data.get("reference"):
        raise UsageError(
            f"{path}: `reference` asks with right answers, which Arena-Hard has none of. Make it null."
        )


def _templates(path: Path, value: Any) -> tuple[str, ...]:
    templates = [value] if isinstance(value, str) else value
    if not isinstance(templates, list) or not templates or not all(isinstance(one, str) for one in templates):
        raise UsageError(
            f"{path}: `prompt_template` should be a text, or a list of texts. Is it Arena-Hard's config?"
        )
    return tuple(templates)


def _patterns(path: Path, data: Mapping[str, Any]) -> tuple[str, ...]:
    name = "regex_pattern" if "regex_pattern" in data else "regex_patterns"
    given = data.get(name)
    patterns = [given] if isinstance(given, str) else given
    if not isinstance(patterns, list) or not patterns or not all(isinstance(one, str) for one in patterns):
        raise UsageError(f"{path}: `{name}` should be a regular expression, or a list of them.")
    for pattern in patterns:
        try:
            n_groups = re.compile(pattern).groups
        except re.error as error:
            raise UsageError(
                f"{path}: {pattern!r} in `{name}` is not a regular expression: {error}."
            ) from None
        if n_groups > 1:
            raise UsageError(
                f"{path}: {pattern!r} in `{name}` has {n_groups} groups; the one group is the verdict."
            )
    return tuple(patterns)


def _by_category(path: Path, name: str, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    found = {"": value} if isinstance(value, str) else value
    if not isinstance(found, Mapping) or not all(isinstance(one, str) for one in found.values()):
        raise UsageError(f"{path}: `{name}` should be a text, or one a category.")
    return {str(category): one for category, one in found.items()}


def _optional_text(path: Path, data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{path}: `{name}` should be text, not {value!r}.")
    return value


def _attempts(path: Path, data: Mapping[str, Any], is_first_form: bool) -> int:
    """Return how often a judge is asked for a verdict: as the file says, else twice by v0.1's tools and once today."""
    value = data.get(_ATTEMPTS, 2 if is_first_form else 1)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_ATTEMPTS:
        raise UsageError(
            f"{path}: `{_ATTEMPTS}` should be a number from 1 to {_MOST_ATTEMPTS}, not {value!r}."
        )
    return value


def _told_to_go_on(path: Path) -> str | None:
    """Return what the checkout's gen_judgment.py tells a judge without a verdict; it is read, and never run."""
    file = _beside(path, _JUDGING_FILE)
    if file is None:
        return None
    told = [
        {name: value.value for name, value in _items(node) if isinstance(value, ast.Constant)}
        for node in ast.walk(_parsed(file))
        if isinstance(node, ast.Dict)
    ]
    words = [
        one["content"] for one in told if one.get("role") == "user" and isinstance(one.get("content"), str)
    ]
    return str(words[-1]) if words else None


def _settings(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Return what the checkout's judge_utils.py says of each category; nothing where it is not there."""
    file = _beside(path, _SETTINGS_FILE)
    return _literals(file) if file else {}


def _beside(path: Path, name: str) -> Path | None:
    """Return a file of the checkout that a config lies in."""
    above = path.absolute().parent.parent
    folders = (path.parent, path.parent / "utils", above, above / "utils")
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _literals(file: Path) -> Mapping[str, Mapping[str, str]]:
    """Read the settings of a Python file that assigns texts to names, without running it."""
    texts: dict[str, str] = {}
    for one in _parsed(file).body:
        if (
            not isinstance(one, ast.Assign)
            or len(one.targets) != 1
            or not isinstance(one.targets[0], ast.Name)
        ):
            continue
        if one.targets[0].id == _SETTINGS and isinstance(one.value, ast.Dict):
            return {name: _texts(value, texts) for name, value in _items(one.value)}
        if isinstance(one.value, ast.Constant) and isinstance(one.value.value, str):
            texts[one.targets[0].id] = one.value.value
    raise UsageError(f"{file} has no {_SETTINGS}. Write system_prompt into the config instead.")


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from None


def _texts(node: ast.expr, known: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in _items(node) if isinstance(node, ast.Dict) else ():
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[name] = value.value
        elif isinstance(value, ast.Name) and value.id in known:
            found[name] = known[value.id]
    return found


def _items(node: ast.Dict) -> list[tuple[str, ast.expr]]:
    return [
        (key.value, value)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    ]
