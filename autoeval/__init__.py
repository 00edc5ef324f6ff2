"""autoeval: find out whether one language model follows instructions better than another."""

from typing import TYPE_CHECKING, Any

from autoeval.version import __version__

if TYPE_CHECKING:
    from autoeval.errors import AutoevalError, UsageError
    from autoeval.journeys.analyze_evaluators import analyze_evaluators
    from autoeval.journeys.analyze_models import ModelsAnalysis, analyze_models
    from autoeval.journeys.anchor import Anchored, anchor
    from autoeval.journeys.audit import Audit, audit
    from autoeval.journeys.batches import BatchList, batches
    from autoeval.journeys.beside_people import JudgeAnalysis
    from autoeval.journeys.board_run import Leaderboard
    from autoeval.journeys.bridge import bridge
    from autoeval.journeys.bridge_result import Bridge
    from autoeval.journeys.compare import RunComparison, compare
    from autoeval.journeys.evaluate import evaluate
    from autoeval.journeys.evaluate_from_model import evaluate_from_model
    from autoeval.journeys.evolve import evolve
    from autoeval.journeys.export import Export, export
    from autoeval.journeys.import_annotations import Import, import_annotations
    from autoeval.journeys.label import Corrected, label
    from autoeval.journeys.learn import Learned, learn
    from autoeval.journeys.line_up import LineUp, models
    from autoeval.journeys.make_leaderboard import make_leaderboard
    from autoeval.journeys.rank import Ranking, rank
    from autoeval.journeys.serve import serve
    from autoeval.journeys.show import show
    from autoeval.journeys.site import Site, site
    from autoeval.journeys.validate import Validation, validate
    from autoeval.journeys.view import view
    from autoeval.runs.estimate import DryRun, DryRuns
    from autoeval.runs.evolved_set import EvolvedSet
    from autoeval.runs.finished import Run
    from autoeval.runs.result import Evaluation, GradedEvaluation

_HOMES = {
    "Anchored": "autoeval.journeys.anchor",
    "Audit": "autoeval.journeys.audit",
    "AutoevalError": "autoeval.errors",
    "BatchList": "autoeval.journeys.batches",
    "Bridge": "autoeval.journeys.bridge_result",
    "Corrected": "autoeval.journeys.label",
    "DryRun": "autoeval.runs.estimate",
    "DryRuns": "autoeval.runs.estimate",
    "Evaluation": "autoeval.runs.result",
    "EvolvedSet": "autoeval.runs.evolved_set",
    "Export": "autoeval.journeys.export",
    "GradedEvaluation": "autoeval.runs.result",
    "Import": "autoeval.journeys.import_annotations",
    "JudgeAnalysis": "autoeval.journeys.beside_people",
    "Leaderboard": "autoeval.journeys.board_run",
    "Learned": "autoeval.journeys.learn",
    "LineUp": "autoeval.journeys.line_up",
    "ModelsAnalysis": "autoeval.journeys.analyze_models",
    "Ranking": "autoeval.journeys.rank",
    "Run": "autoeval.runs.finished",
    "RunComparison": "autoeval.journeys.compare",
    "Site": "autoeval.journeys.site",
    "UsageError": "autoeval.errors",
    "Validation": "autoeval.journeys.validate",
    "analyze_evaluators": "autoeval.journeys.analyze_evaluators",
    "analyze_models": "autoeval.journeys.analyze_models",
    "anchor": "autoeval.journeys.anchor",
    "audit": "autoeval.journeys.audit",
    "batches": "autoeval.journeys.batches",
    "bridge": "autoeval.journeys.bridge",
    "compare": "autoeval.journeys.compare",
    "evaluate": "autoeval.journeys.evaluate",
    "evaluate_from_model": "autoeval.journeys.evaluate_from_model",
    "evolve": "autoeval.journeys.evolve",
    "export": "autoeval.journeys.export",
    "import_annotations": "autoeval.journeys.import_annotations",
    "label": "autoeval.journeys.label",
    "learn": "autoeval.journeys.learn",
    "make_leaderboard": "autoeval.journeys.make_leaderboard",
    "models": "autoeval.journeys.line_up",
    "rank": "autoeval.journeys.rank",
    "serve": "autoeval.journeys.serve",
    "show": "autoeval.journeys.show",
    "site": "autoeval.journeys.site",
    "validate": "autoeval.journeys.validate",
    "view": "autoeval.journeys.view",
}

__all__ = [
    "Anchored",
    "Audit",
    "AutoevalError",
    "BatchList",
    "Bridge",
    "Corrected",
    "DryRun",
    "DryRuns",
    "Evaluation",
    "EvolvedSet",
    "Export",
    "GradedEvaluation",
    "Import",
    "JudgeAnalysis",
    "Leaderboard",
    "Learned",
    "LineUp",
    "ModelsAnalysis",
    "Ranking",
    "Run",
    "RunComparison",
    "Site",
    "UsageError",
    "Validation",
    "__version__",
    "analyze_evaluators",
    "analyze_models",
    "anchor",
    "audit",
    "batches",
    "bridge",
    "compare",
    "evaluate",
    "evaluate_from_model",
    "evolve",
    "export",
    "import_annotations",
    "label",
    "learn",
    "make_leaderboard",
    "models",
    "rank",
    "serve",
    "show",
    "site",
    "validate",
    "view",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing autoeval costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autoeval' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, whether they are imported already or not."""
    return __all__


def _show_in_notebooks() -> None:
    """Where a notebook runs, have it show results as tables."""
    import sys

    if "IPython" in sys.modules:
        from importlib import import_module

        types = [(module, name) for name, module in _HOMES.items() if name[0].isupper()]
        import_module("autoeval.notebook").register(types)


_show_in_notebooks()
