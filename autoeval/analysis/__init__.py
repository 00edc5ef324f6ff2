"""Tables of annotations in, statements about judges and models out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autoeval.analysis.agreement import Agreement, bias, human_agreement, variance
    from autoeval.analysis.audit import AuditFinding, AuditReport, audit_report
    from autoeval.analysis.comparison import ModelComparisons, PairedTests, compare_models, paired_tests
    from autoeval.analysis.correction import CorrectedWinRate, correct_with_human_labels
    from autoeval.analysis.correlation import Correlations, correlations
    from autoeval.analysis.effects import Effect, self_preference
    from autoeval.analysis.evaluators import JudgeReport, evaluate_judge
    from autoeval.analysis.labels import Labels, LabelSheet, draw_labels, read_labels
    from autoeval.analysis.perturbations import Probe, audit_plan, audit_table
    from autoeval.analysis.plots import (
        plot_length_against_win_rate,
        plot_p_by_n,
        plot_p_values,
        plot_price_against_agreement,
    )
    from autoeval.analysis.power import InstructionsNeeded, instructions_needed
    from autoeval.analysis.reliability import cohen_kappa, krippendorff_alpha
    from autoeval.analysis.results import Statistic
    from autoeval.analysis.subsampling import PValueByN, SubsetSeparation, p_value_by_n, subset_separation
    from autoeval.analysis.tendencies import (
        first_shown_preference,
        flip_rate,
        length_preference,
        list_preference,
        share_parsed,
    )

__all__ = [
    "Agreement",
    "AuditFinding",
    "AuditReport",
    "CorrectedWinRate",
    "Correlations",
    "Effect",
    "InstructionsNeeded",
    "JudgeReport",
    "LabelSheet",
    "Labels",
    "ModelComparisons",
    "PValueByN",
    "PairedTests",
    "Probe",
    "Statistic",
    "SubsetSeparation",
    "audit_plan",
    "audit_report",
    "audit_table",
    "bias",
    "cohen_kappa",
    "compare_models",
    "correct_with_human_labels",
    "correlations",
    "draw_labels",
    "evaluate_judge",
    "first_shown_preference",
    "flip_rate",
    "human_agreement",
    "instructions_needed",
    "krippendorff_alpha",
    "length_preference",
    "list_preference",
    "p_value_by_n",
    "paired_tests",
    "plot_length_against_win_rate",
    "plot_p_by_n",
    "plot_p_values",
    "plot_price_against_agreement",
    "read_labels",
    "self_preference",
    "share_parsed",
    "subset_separation",
    "variance",
]

_HOMES = {
    "agreement": ("Agreement", "bias", "human_agreement", "variance"),
    "audit": ("AuditFinding", "AuditReport", "audit_report"),
    "comparison": ("ModelComparisons", "PairedTests", "compare_models", "paired_tests"),
    "correction": ("CorrectedWinRate", "correct_with_human_labels"),
    "correlation": ("Correlations", "correlations"),
    "effects": ("Effect", "self_preference"),
    "evaluators": ("JudgeReport", "evaluate_judge"),
    "labels": ("LabelSheet", "Labels", "draw_labels", "read_labels"),
    "perturbations": ("Probe", "audit_plan", "audit_table"),
    "plots": (
        "plot_length_against_win_rate",
        "plot_p_by_n",
        "plot_p_values",
        "plot_price_against_agreement",
    ),
    "power": ("InstructionsNeeded", "instructions_needed"),
    "reliability": ("cohen_kappa", "krippendorff_alpha"),
    "results": ("Statistic",),
    "subsampling": ("PValueByN", "SubsetSeparation", "p_value_by_n", "subset_separation"),
    "tendencies": (
        "first_shown_preference",
        "flip_rate",
        "length_preference",
        "list_preference",
        "share_parsed",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
