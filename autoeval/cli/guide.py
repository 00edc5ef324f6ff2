"""Finding one's way: the commands by what somebody is about to do, and what to type."""

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, Sequence[str]] = {
    "Evaluate models": (
        "evaluate",
        "evaluate_from_model",
        "evolve",
        "make_leaderboard",
        "check",
        "refusal",
        "best_of_n",
    ),
    "Look at results": ("view", "show", "compare", "analyze_models", "rank", "percent_of", "site", "export"),
    "Trust them": ("gate", "label", "analyze_evaluators", "audit", "anchor", "anchors", "bridge", "learn"),
    "Judges and models": ("annotators", "models", "new", "validate", "serve"),
    "What was paid for": ("batches", "cache", "import_annotations", "import_results"),
}
"""Each command stands under the first thing that somebody would look for it with."""

EXAMPLES: Mapping[str, Sequence[str]] = {
    "evaluate": (
        "--model_outputs outputs.json --annotators_config gpt6_ranking --dry_run",
        "--model_outputs outputs.json --reference_outputs baseline.json --annotators_config gpt6_ranking",
    ),
    "evaluate_from_model": (
        "evaluate_from_model gpt-6-luna --annotators_config claude5_ranking --max_instances 50",
    ),
    "evolve": (
        "evolve instructions.json --model_configs gpt-6-luna --annotators_config evolve_eliminator --dry_run",
        "evolve instructions.json --model_configs gpt-6-luna --rounds 4 --not_in training.jsonl --output_path set.json",
    ),
    "make_leaderboard": (
        "make_leaderboard board.csv --all_model_outputs outputs/*.json --annotators_config gpt6_ranking --max_cost 5",
        "make_leaderboard --eval_set mt_bench --all_model_outputs 'model_answer/*.jsonl'",
    ),
    "check": ("check gsm8k --model_outputs answers.json",),
    "refusal": ("refusal prompts_and_outputs.csv",),
    "best_of_n": ("best_of_n --model_outputs 'samples/*.json' --scores scores.jsonl",),
    "gate": ("gate results/new/gpt6_ranking results/old/gpt6_ranking --rules gate.yaml",),
    "view": ("view results",),
    "show": ("show results/mine/gpt6_ranking",),
    "compare": ("compare results/mine/gpt6_ranking results/other/gpt6_ranking",),
    "analyze_models": ("analyze_models results/mine/gpt6_ranking results/other/gpt6_ranking",),
    "rank": ("rank battles.csv",),
    "percent_of": (
        "percent_of reviews.jsonl",
        "percent_of --model_outputs outputs.json --reference_outputs chatgpt.json --max_cost 2",
    ),
    "site": ("site pages --runs results", "site pages --leaderboards boards"),
    "export": (
        "export results/mine/gpt6_ranking results/other/gpt6_ranking --to latex",
        "export results/mine/gpt6_ranking --to wandb",
    ),
    "label": (
        "label results/mine/gpt6_ranking --n 60",
        "label results/mine/gpt6_ranking --labels results/mine/gpt6_ranking/labels.csv",
    ),
    "analyze_evaluators": ("analyze_evaluators gpt6_ranking --max_instances 100 --dry_run",),
    "audit": ("audit outputs.json --annotators_config gpt6_ranking --dry_run",),
    "anchor": (
        "anchor outputs.json reference_outputs.json --annotators_config gpt6_ranking",
        "anchor --annotators_config gpt6_ranking",
    ),
    "anchors": ("anchors --output_path dates.csv",),
    "bridge": (
        "bridge old.csv --anchor_outputs anchors --model_outputs mine.json --annotators_config gpt6_ranking --dry_run",
    ),
    "learn": ("learn 'results/*/gpt6_ranking/annotations.json' --annotators_config gpt6_ranking",),
    "annotators": ("annotators", "annotators --try --max_cost 0.01"),
    "models": ("models",),
    "new": (
        "new annotator my_judge",
        "new annotator my_judge --provider openai_compatible --base_url http://localhost:8000/v1 --model my-model",
    ),
    "validate": ("validate gpt6_ranking",),
    "serve": ("serve smollm2-135m",),
    "batches": ("batches",),
    "cache": ("cache info", "cache merge --caching_path 'parts/*.sqlite' --into whole.sqlite"),
    "import_results": ("import_results lm_eval/results.json --leaderboard_path board.csv",),
    "import_annotations": ("import_annotations annotations.json --annotators_config gpt4_ranking",),
}
"""Command lines that the help of a command shows, without the program's name."""
