"""The headings under which the help of a command lists its flags. What a flag means stands in the docstrings."""

from collections.abc import Mapping, Sequence

_FEWEST_FLAGS = 12
"""A command with fewer flags needs no headings."""
_OTHERS = "Options"

SECTIONS: Mapping[str, Sequence[str]] = {
    "What is compared": (
        "model_outputs",
        "all_model_outputs",
        "board",
        "anchor_outputs",
        "anchors",
        "n_anchors",
        "anchors_path",
        "reference_outputs",
        "evaluation_dataset",
        "instructions",
        "not_in",
        "ngram",
        "gold_crossannotations",
        "gold_annotations",
        "annotations",
        "name",
        "preset",
        "max_instances",
        "is_allow_partial",
        "is_strip_thinking",
        "n_votes",
        "labelled",
        "dataset",
        "recorded",
        "battles",
        "leave_out",
        "reviews",
        "questions",
        "reference",
        "eval_set",
        "judgments",
        "baseline",
        "answers",
        "style_metadata",
        "reference_answers",
    ),
    "Which model generates": (
        "model_configs",
        "reference_model_configs",
        "generator_model",
        "generator_base_url",
        "generator_api_key_env",
        "generator_parameters",
        "generator_price",
        "n_samples",
        "is_strip_output",
        "is_load_outputs",
        "chunksize",
    ),
    "Who judges, and how": (
        "annotators_config",
        "annotators_config_dir",
        "base_dir",
        "judge_model",
        "judge_base_url",
        "judge_api_key_env",
        "judge_price",
        "order",
        "seed",
        "p_label_flip",
        "is_reask_unparsed",
        "judge_prompts",
        "compare_scores",
    ),
    "Results": (
        "output_path",
        "no_report",
        "log_to",
        "human_annotations",
        "precomputed_leaderboard",
        "leaderboard_path",
        "differences_path",
        "leaderboard_mode",
        "leaderboard_mode_to_print",
        "current_leaderboard_mode",
        "is_overwrite_leaderboard",
        "is_cache_leaderboard",
        "is_save_leaderboard",
        "is_mixed_allowed",
        "check",
        "sort_by",
        "output_format",
        "is_return_instead_of_print",
    ),
    "Statistics": (
        "method",
        "interval",
        "cluster",
        "reweighted",
        "resamples",
        "elo_k",
        "by",
        "min_coverage",
        "fn_metric",
        "metric_kwargs",
        "length_control_file",
        "lc_standard_error",
        "is_recompute_metrics_only",
        "scoring_rule",
        "compatible",
        "style_control",
        "control_features",
        "is_single_annotator",
        "checks",
        "self_generator",
        "alpha",
    ),
    "Fewer judgments": (
        "n_paid",
        "precision",
        "until_decided",
        "predict_with",
    ),
    "Cost and speed": (
        "dry_run",
        "max_cost",
        "caching_path",
        "shard",
        "batch",
        "batch_files",
        "flex",
        "engine",
        "ray_address",
        "wait",
        "max_concurrency",
        "requests_per_minute",
        "tokens_per_minute",
        "request_timeout",
        "max_attempts",
        "retry_delay",
        "max_wait",
        "go_on",
    ),
}


def by_section(names: Sequence[str]) -> dict[str, list[str]]:
    """Sort flags under headings; those without one come last.

    Args:
        names: the flags of a command.

    Returns:
        The flags of each heading that has any, in the order of `SECTIONS`.
    """
    if len(names) < _FEWEST_FLAGS:
        return {_OTHERS: list(names)}
    sorted_names = {title: [name for name in known if name in names] for title, known in SECTIONS.items()}
    placed = {name for known in SECTIONS.values() for name in known}
    sorted_names[_OTHERS] = [name for name in names if name not in placed]
    return {title: found for title, found in sorted_names.items() if found}
