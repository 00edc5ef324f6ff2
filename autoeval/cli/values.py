"""What a flag's text means: `None` is null, booleans stand alone or are spelt out, lists and dicts are YAML."""

import math
from typing import Any

import click

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Flag(click.ParamType[Any]):
    """A value as AlpacaEval's users write it.

    Args:
        annotation: of the Python parameter, as text; it says what the flag admits.
    """

    def __init__(self, annotation: str) -> None:
        self.name = _kind(annotation)
        self._is_optional = "None" in annotation or "Any" in annotation
        self._may_be_several = any(kind in annotation for kind in ("Any", "Sequence", "Mapping"))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text of a flag into its value."""
        if not isinstance(value, str):
            return value
        try:
            return self._none() if value == "None" else self._read(value)
        except ValueError as error:
            return self.fail(str(error), param, ctx)

    def _none(self) -> None:
        if not self._is_optional:
            raise ValueError("'None' will not do, it needs a value.")

    def _read(self, value: str) -> Any:
        if self.name == "boolean":
            return _boolean(value)
        if self.name in ("integer", "number"):
            return _number(value, is_whole=self.name == "integer")
        if self.name == "number|word":
            return _number_or_word(value)
        if self.name == "list" or (self._may_be_several and value[:1] in ("[", "{")):
            return _yaml(value)
        return value


def _boolean(value: str) -> bool:
    if value.lower() not in _BOOLEANS:
        raise ValueError(f"{value!r} is neither True nor False.")
    return _BOOLEANS[value.lower()]


def _number(value: str, is_whole: bool) -> float:
    try:
        number = int(value) if is_whole else float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError(f"{value!r} is not {'a whole number' if is_whole else 'a number'}.")
    return number


def _number_or_word(value: str) -> float | str:
    try:
        return _number(value, is_whole=False)
    except ValueError:
        return value


def _yaml(value: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(value)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ValueError(f"{value!r} is not valid YAML, such as [2, 8] or {{seed: 1}}.") from None


def _kind(annotation: str) -> str:
    """Name the kind of value that an annotation admits, for conversion and help."""
    if "bool" in annotation:
        return "boolean"
    if "tuple" in annotation or "list" in annotation or "dict" in annotation:
        return "list"
    if "float" in annotation:
        return "number|word" if "str" in annotation else "number"
    if "int" in annotation:
        return "integer"
    return "path" if "Path" in annotation else "text"
