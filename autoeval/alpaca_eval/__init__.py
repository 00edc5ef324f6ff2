"""AlpacaEval's Python interface: `import autoeval.alpaca_eval as alpaca_eval` is the one line that changes.

Functions and classes have the names, arguments, results and printed tables of alpaca_eval 0.6.6; judging, caching and
statistics are autoeval's. What differs is listed in docs/from-alpaca-eval.md. New code is better off with `autoeval`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoeval.alpaca_eval.main import analyze_evaluators, evaluate, evaluate_from_model, make_leaderboard

__all__ = ["analyze_evaluators", "evaluate", "evaluate_from_model", "make_leaderboard"]

_MODULES = ("analyze", "annotators", "constants", "main", "metrics", "utils")


def __getattr__(name: str) -> Any:
    """Import a function or a module of the interface when it is first used."""
    if name in __all__:
        return getattr(import_module("autoeval.alpaca_eval.main"), name)
    if name in _MODULES:
        return import_module(f"autoeval.alpaca_eval.{name}")
    raise AttributeError(f"module 'autoeval.alpaca_eval' has no attribute {name!r}")
