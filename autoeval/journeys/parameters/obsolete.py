"""Parameters of alpaca_eval 0.6.6 that have no meaning here: accepted, with a line that says why."""

import sys
from collections.abc import Mapping
from typing import Any

from autoeval.errors import UsageError, nearest

REASONS: Mapping[str, str] = {
    "Annotator": "annotators are configs here, not classes",
    "annotation_kwargs": "it held arguments of an internal method",
    "annotation_type": "a preference is always a number from 1 to 2",
    "is_avoid_reannotations": "replies are always taken from the cache; use --caching_path None for a fresh one",
    "is_raise_if_missing_primary_keys": "missing fields are always errors",
    "is_reapply_parsing": "replies are always parsed anew",
    "is_store_missing_annotations": "a missing judgment is never stored, so it is always asked again",
    "other_input_keys_to_keep": "files have one set of columns",
    "other_output_keys_to_keep": "files have one set of columns",
    "input_keys": "pairs are made by instruction",
    "output_keys": "pairs are made by instruction",
    "fn_add_to_leaderboard": "models are added by evaluate",
    "analyzer_kwargs": "the analysis has parameters of its own",
}


def check_extra_parameters(given: Mapping[str, Any], known: list[str]) -> None:
    """Refuse unknown parameters, and say of each old one that it does nothing.

    Args:
        given: parameters that the function does not have.
        known: those that it has.

    Raises:
        UsageError: a parameter is neither known nor an old one.
    """
    for name in given:
        if name not in REASONS:
            raise UsageError(f"unknown parameter {name!r}. {nearest(name, [*known, *REASONS])}")
        print(f"autoeval: --{name} has no effect: {REASONS[name]}.", file=sys.stderr)  # noqa: T201
