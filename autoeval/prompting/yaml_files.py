"""Reading YAML configs: safely, strictly, and with errors that say where and what to do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from autoeval.errors import UsageError, nearest
from autoeval.prompting.parameter_names import is_parameter, meant_by

M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path, such_as: str = "'provider: openai'") -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Args:
        path: the file.
        such_as: a field that it should hold, as errors show it.

    Raises:
        UsageError: it cannot be read, is no YAML or no mapping.
    """
    import yaml

    try:
        data = _load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the config {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"the config {path} is not UTF-8. Save it as UTF-8.") from None
    except RecursionError:
        raise UsageError(f"the config {path} is nested too deeply.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f"the config {path} is not valid YAML: {_said(error)}.") from None
    if not isinstance(data, dict):
        raise UsageError(f"the config {path} must hold fields such as {such_as}, it holds {_kind(data)}.")
    return data


def parse(model: type[M], data: Mapping[str, Any], where: str) -> M:
    """Validate a config section.

    Args:
        model: the section's pydantic model.
        data: what the file says.
        where: the file, as errors name it.

    Raises:
        UsageError: naming every wrong field, with the nearest known name for a misspelt one.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [_explain(model, problem) for problem in error.errors(include_url=False)]
        message = f"{where}: {'; '.join(dict.fromkeys(lines))}"
        raise UsageError(message if message.endswith("?") else f"{message}.") from None


def _explain(model: type[BaseModel], problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        name, known = str(problem["loc"][-1]), _fields_at(model, problem["loc"][:-1])
        parameter = meant_by(name) or name
        if "parameters" in known and is_parameter(parameter):
            return f"unknown field {field!r}. Put it among the 'parameters': {parameter!r}"
        return f"unknown field {field!r}. {nearest(name, known)}".removesuffix(".")
    if problem["type"] == "missing":
        return f"the field {field!r} is missing"
    if problem["type"] == "union_tag_invalid":
        known = problem["ctx"]["expected_tags"].replace("'", "").split(", ")
        return (
            f"there is no {field} {problem['ctx']['tag']!r}. {nearest(problem['ctx']['tag'], known)}".rstrip(
                "."
            )
        )
    if problem["type"] == "union_tag_not_found":
        return f"the field '{field}.kind' is missing"
    if problem["type"] in ("model_attributes_type", "model_type", "dict_type"):
        return f"{field}: should hold fields, not {problem['input']!r}"
    if problem["type"] == "string_type":
        return f"{field}: should be text, not {problem['input']!r} (put it in quotes)"
    if problem["type"] in ("tuple_type", "list_type"):
        return f"{field}: should be a list, not {problem['input']!r}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message


def _fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> set[str]:
    """Return the fields that the section at a location may have.

    A location holds fields, keys of dictionaries, places in lists, and names of the variants of a union.
    """
    sections = [model]
    for part in location:
        inner = [found for section in sections for found in _sections_of(section, part)]
        variants = [section for section in sections if _is_variant(section, part)]
        sections = inner or variants or sections
    return {field for section in sections for field in section.model_fields}


def _sections_of(section: type[BaseModel], field: str | int) -> list[type[BaseModel]]:
    info = section.model_fields.get(str(field))
    return _models_in(info.annotation) if info else []


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _is_variant(section: type[BaseModel], name: str | int) -> bool:
    kind = section.model_fields.get("kind")
    return kind is not None and name in get_args(kind.annotation)


def _said(error: Exception) -> str:
    import yaml

    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    mark = error.problem_mark
    problem = " ".join(filter(None, (error.context, error.problem)))
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _kind(data: object) -> str:
    return "nothing" if data is None else f"a {type(data).__name__}"


_LARGEST = 100_000
"""Values in a config with every alias (`*name`) written out; a few short lines can stand for billions."""


def _load(text: str) -> Any:
    """Load YAML that is no larger than it looks, with each key given once (of two, YAML lets the last one win)."""
    import yaml

    loader = yaml.SafeLoader(text)  # the faster one in C crashes on deep nesting
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, {})
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check(node: Any, sizes: dict[int, int]) -> int:
    """Return how many values a node stands for; `sizes` has those of nodes already seen, 0 for one not yet finished."""
    import yaml

    if id(node) in sizes:
        size = sizes[id(node)]
        if not size:
            raise yaml.MarkedYAMLError(problem="a value contains itself", problem_mark=node.start_mark)
        return size
    sizes[id(node)] = 0
    size = 1
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated_keys(node)
        size += sum(_check(key, sizes) + _check(value, sizes) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_check(item, sizes) for item in node.value)
    if size > _LARGEST:
        problem = f"with its aliases written out it has more than {_LARGEST} values"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    sizes[id(node)] = size
    return size


def _refuse_repeated_keys(node: Any) -> None:
    import yaml

    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if (key.tag, key.value) in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add((key.tag, key.value))
