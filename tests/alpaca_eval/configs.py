"""Judges in AlpacaEval's dialect, of our own writing, for tests without its package."""

from pathlib import Path

RANKING_PROMPT = """<|im_start|>system
You order two answers.
<|im_end|>
<|im_start|>user
Question: {instruction}

model_1:
{output_1}

model_2:
{output_2}

Rank model_1 and model_2 as a list of dictionaries.
<|im_end|>
"""

RANKING = """alpaca_eval_gpt4:
  prompt_template: "alpaca_eval_gpt4/prompt.txt"
  fn_completions: "openai_completions"
  completions_kwargs: {model_name: gpt-4, max_tokens: 100, temperature: 0}
  fn_completion_parser: "ranking_parser"
"""

WEIGHTED_PROMPT = """<|im_start|>user
Question: {instruction}

`m`:
{output_1}

`M`:
{output_2}

Name the better one, m or M.
<|im_end|>
"""

WEIGHTED = """weighted_alpaca_eval_gpt4_turbo:
  prompt_template: "weighted_alpaca_eval_gpt4_turbo/prompt.txt"
  completions_kwargs:
    {model_name: gpt-4-1106-preview, max_tokens: 1, temperature: 1, logprobs: true, top_logprobs: 5}
  fn_completion_parser: "logprob_parser"
  completion_parser_kwargs: {numerator_token: m, denominator_tokens: [m, M], is_binarize: false}
  completion_key: "completions_all"
"""


def write_evaluators(folder: Path) -> Path:
    """Write both judges below a folder, as `evaluators_configs` has them; returns the folder."""
    for config, prompt in ((RANKING, RANKING_PROMPT), (WEIGHTED, WEIGHTED_PROMPT)):
        place = folder / config.partition(":")[0]
        place.mkdir(parents=True)
        (place / "configs.yaml").write_text(config)
        (place / "prompt.txt").write_text(prompt)
    return folder
