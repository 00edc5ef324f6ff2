"""Patterns that are compiled when they are first used."""

import re
import sys
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages

import pytest

import autoeval
from autoeval.texts.patterns import lazy_pattern


def test_it_does_what_a_compiled_pattern_does() -> None:
    given = r"(?P<side>[ab])\s*wins?"
    lazy, compiled = lazy_pattern(given, re.IGNORECASE), re.compile(given, re.IGNORECASE)
    text = "A wins, then b  win"
    assert [found.span() for found in lazy.finditer(text)] == [
        found.span() for found in compiled.finditer(text)
    ]
    assert lazy.sub("?", text) == compiled.sub("?", text)
    assert (lazy.pattern, lazy.flags, lazy.groups, lazy.groupindex) == (
        compiled.pattern,
        compiled.flags,
        compiled.groups,
        compiled.groupindex,
    )


def test_a_mistake_shows_when_it_is_used() -> None:
    lazy = lazy_pattern("(")
    with pytest.raises(re.error):
        lazy.search("(")


def test_every_pattern_that_a_module_keeps_is_right() -> None:
    for module in walk_packages(autoeval.__path__, "autoeval."):
        with suppress(ImportError):  # what needs an extra that is not installed
            import_module(module.name)
    kept = [
        value
        for name, module in list(sys.modules.items())
        if name.startswith("autoeval.")
        for value in vars(module).values()
        if type(value) is type(lazy_pattern(""))
    ]
    assert len(kept) > 100
    for pattern in kept:
        assert pattern.groups >= 0, pattern.pattern
