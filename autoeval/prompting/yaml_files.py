"""Reading YAML configs: safely, strictly, and with errors that say where and what to do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from autoeval.errors import UsageError, nearest

M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Raises:
        UsageError: it cannot be read, is no YAML or no mapping.
    """
    import yaml

    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_loader())
    except OSError as error:
        raise UsageError(f"the config {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"the config {path} is not UTF-8. Save it as UTF-8.") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"the config {path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise UsageError(
            f"the config {path} must hold fields such as 'provider: openai', it holds {_kind(data)}."
        )
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
        raise UsageError(f"{where}: " + "; ".join(dict.fromkeys(lines)) + ".") from None


def _explain(model: type[BaseModel], problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        return f"unknown field {field!r}. {nearest(field, model.model_fields)}".removesuffix(".")
    if problem["type"] == "extra_forbidden":
        return f"unknown field {field!r}"
    if problem["type"] == "missing":
        return f"the field {field!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message


def _kind(data: object) -> str:
    return "nothing" if data is None else f"a {type(data).__name__}"


def _loader() -> Any:
    """Return a safe loader that refuses a key given twice, which YAML would let silently win."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [
                key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"
            ]
            for key in keys:
                if keys.count(key) > 1:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} is given twice", node.start_mark
                    )
            return super().construct_mapping(node, deep)

    return Loader
