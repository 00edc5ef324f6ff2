"""autoeval: find out whether one language model follows instructions better than another."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from autoeval.errors import AutoevalError, UsageError
    from autoeval.pipeline.evaluate import evaluate
    from autoeval.pipeline.evaluate_from_model import evaluate_from_model
    from autoeval.pipeline.result import Evaluation

_HOMES = {
    "AutoevalError": "autoeval.errors",
    "UsageError": "autoeval.errors",
    "Evaluation": "autoeval.pipeline.result",
    "evaluate": "autoeval.pipeline.evaluate",
    "evaluate_from_model": "autoeval.pipeline.evaluate_from_model",
}

__all__ = ["AutoevalError", "Evaluation", "UsageError", "__version__", "evaluate", "evaluate_from_model"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing autoeval costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autoeval' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
