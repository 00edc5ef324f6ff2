"""autoeval: find out whether one language model follows instructions better than another."""

from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from autoeval.errors import AutoevalError, UsageError
    from autoeval.pipeline.analyze_evaluators import JudgeAnalysis, analyze_evaluators
    from autoeval.pipeline.analyze_models import ModelsAnalysis, analyze_models
    from autoeval.pipeline.audit import Audit, audit
    from autoeval.pipeline.evaluate import evaluate
    from autoeval.pipeline.evaluate_from_model import evaluate_from_model
    from autoeval.pipeline.label import Corrected, label
    from autoeval.pipeline.make_leaderboard import Leaderboard, make_leaderboard
    from autoeval.pipeline.result import Evaluation

_HOMES = {
    "AutoevalError": "autoeval.errors",
    "UsageError": "autoeval.errors",
    "Audit": "autoeval.pipeline.audit",
    "Corrected": "autoeval.pipeline.label",
    "Evaluation": "autoeval.pipeline.result",
    "JudgeAnalysis": "autoeval.pipeline.analyze_evaluators",
    "Leaderboard": "autoeval.pipeline.make_leaderboard",
    "ModelsAnalysis": "autoeval.pipeline.analyze_models",
    "analyze_evaluators": "autoeval.pipeline.analyze_evaluators",
    "analyze_models": "autoeval.pipeline.analyze_models",
    "audit": "autoeval.pipeline.audit",
    "evaluate": "autoeval.pipeline.evaluate",
    "evaluate_from_model": "autoeval.pipeline.evaluate_from_model",
    "label": "autoeval.pipeline.label",
    "make_leaderboard": "autoeval.pipeline.make_leaderboard",
}

__all__ = [
    "Audit",
    "AutoevalError",
    "Corrected",
    "Evaluation",
    "JudgeAnalysis",
    "Leaderboard",
    "ModelsAnalysis",
    "UsageError",
    "__version__",
    "analyze_evaluators",
    "analyze_models",
    "audit",
    "evaluate",
    "evaluate_from_model",
    "label",
    "make_leaderboard",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing autoeval costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autoeval' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
