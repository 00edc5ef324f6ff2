"""autoeval: find out whether one language model follows instructions better than another."""

from typing import TYPE_CHECKING, Any

from autoeval.version import __version__

if TYPE_CHECKING:
    from autoeval.errors import AutoevalError, UsageError
    from autoeval.journeys.analyze_evaluators import JudgeAnalysis, analyze_evaluators
    from autoeval.journeys.analyze_models import ModelsAnalysis, analyze_models
    from autoeval.journeys.audit import Audit, audit
    from autoeval.journeys.evaluate import evaluate
    from autoeval.journeys.evaluate_from_model import evaluate_from_model
    from autoeval.journeys.label import Corrected, label
    from autoeval.journeys.make_leaderboard import Leaderboard, make_leaderboard
    from autoeval.journeys.rank import Ranking, rank
    from autoeval.runs.result import Evaluation

_HOMES = {
    "AutoevalError": "autoeval.errors",
    "UsageError": "autoeval.errors",
    "Audit": "autoeval.journeys.audit",
    "Corrected": "autoeval.journeys.label",
    "Evaluation": "autoeval.runs.result",
    "JudgeAnalysis": "autoeval.journeys.analyze_evaluators",
    "Leaderboard": "autoeval.journeys.make_leaderboard",
    "ModelsAnalysis": "autoeval.journeys.analyze_models",
    "Ranking": "autoeval.journeys.rank",
    "analyze_evaluators": "autoeval.journeys.analyze_evaluators",
    "analyze_models": "autoeval.journeys.analyze_models",
    "audit": "autoeval.journeys.audit",
    "evaluate": "autoeval.journeys.evaluate",
    "evaluate_from_model": "autoeval.journeys.evaluate_from_model",
    "label": "autoeval.journeys.label",
    "make_leaderboard": "autoeval.journeys.make_leaderboard",
    "rank": "autoeval.journeys.rank",
}

__all__ = [
    "Audit",
    "AutoevalError",
    "Corrected",
    "Evaluation",
    "JudgeAnalysis",
    "Leaderboard",
    "ModelsAnalysis",
    "Ranking",
    "UsageError",
    "__version__",
    "analyze_evaluators",
    "analyze_models",
    "audit",
    "evaluate",
    "evaluate_from_model",
    "label",
    "make_leaderboard",
    "rank",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing autoeval costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autoeval' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
