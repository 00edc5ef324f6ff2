"""JSON that is nested too deep is as wrong as any other: whoever says what to do of wrong JSON says it of that too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import autoeval
from autoeval.answers.ifeval.check import _decoded as keywords_of
from autoeval.completions.kept_prices import _read as prices_in

DEEP = "[" * 100_000


def _names(node: ast.expr | None) -> set[str]:
    return {
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node or ast.Tuple([]))
        if isinstance(each, ast.Name | ast.Attribute)
    }


def _reading_json(tree: ast.AST) -> Iterator[ast.Try]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            calls = [each.func for line in node.body for each in ast.walk(line) if isinstance(each, ast.Call)]
            if any(
                isinstance(call, ast.Attribute)
                and call.attr in ("load", "loads")
                and _names(call.value) == {"json"}
                for call in calls
            ):
                yield node


def test_who_expects_wrong_json_expects_it_too_deep() -> None:
    n, unexpected = 0, []
    for path in Path(autoeval.__file__).parent.rglob("*.py"):
        for node in _reading_json(ast.parse(path.read_text(encoding="utf-8"))):
            caught = set().union(*(_names(handler.type) for handler in node.handlers))
            n += 1
            if "ValueError" in caught and not caught & {"RecursionError", "RuntimeError", "Exception"}:
                unexpected.append(f"{path}:{node.lineno}")
    assert n > 15
    assert unexpected == []


def test_it_is_taken_for_what_it_is(tmp_path: Path) -> None:
    assert keywords_of(DEEP) == DEEP
    (tmp_path / "prices.json").write_text(DEEP)
    assert prices_in(tmp_path / "prices.json", "today") == {}
