"""Running alpaca-eval 0.6.6 in its own environment, on the same pairs, prompt and server as ours."""

import os
import shutil
from pathlib import Path

from benchmarks.processes import Command

_CONFIG = """\
same_prompt:
  prompt_template: "{template}"
  fn_completions: "openai_completions"
  completions_kwargs: {{model_name: "gpt-4", max_tokens: 20, temperature: 0}}
  fn_completion_parser: "regex_parser"
  completion_parser_kwargs: {{outputs_to_match: {{1: "^a", 2: "^b"}}}}
  batch_size: 1
"""
_PROMPT = """\
<|im_start|>system
{system}
<|im_end|>
<|im_start|>user
{user}
<|im_end|>"""
_HOLES = {"{{ nonce }}": "0123456789", "{{ instruction }}": "{instruction}"}
_HOLES |= {"{{ first }}": "{output_1}", "{{ second }}": "{output_2}"}


def peer_python() -> Path:
    """Return the Python that has alpaca-eval 0.6.6: AUTOEVAL_PEER_PYTHON.

    Raises:
        SystemExit: it is not set.
    """
    path = os.environ.get("AUTOEVAL_PEER_PYTHON")
    if not path:
        raise SystemExit(
            "AUTOEVAL_PEER_PYTHON is not set. Make an environment with "
            "`pip install alpaca-eval==0.6.6 'setuptools<81'` and name its Python there."
        )
    return Path(path)


def write_config(folder: Path) -> Path:
    """Write the judge `gpt4_ranking` in alpaca-eval's dialect: the same words, the same limit."""
    import yaml

    from autoeval.resources import shipped

    source = shipped("annotator_configs") / "gpt4_ranking"
    system = yaml.safe_load((source / "config.yaml").read_text())["messages"][0]["content"]
    user = (source / "prompt.jinja").read_text().strip()
    for ours, theirs in _HOLES.items():
        user = user.replace(ours, theirs)
    config = folder / "same_prompt"
    config.mkdir(parents=True, exist_ok=True)
    (config / "prompt.txt").write_text(_PROMPT.format(system=system, user=user))
    (config / "configs.yaml").write_text(_CONFIG.format(template=config / "prompt.txt"))
    return config


def command(*arguments: str) -> Command:
    """Return a command line of alpaca-eval."""
    return Command((str(peer_python().parent / "alpaca_eval"), *arguments), {"IS_ALPACA_EVAL_2": "False"})


def evaluate(
    folder: Path, outputs: Path, reference: Path, url: str, in_flight: int, is_cached: bool = False
) -> Command:
    """Return the command that judges pairs; with `is_cached` what an earlier run stored is kept."""
    config, results = write_config(folder), folder / f"results_{in_flight}"

    def forget() -> None:
        if not is_cached:
            shutil.rmtree(results, ignore_errors=True)
            for path in config.glob("annotations*.json"):
                path.unlink()

    arguments = [
        *("--model_outputs", str(outputs), "--reference_outputs", str(reference)),
        *("--annotators_config", str(config), "--output_path", str(results)),
        *("--precomputed_leaderboard", "None", "--is_cache_leaderboard", "False"),
    ]
    environment = {
        "IS_ALPACA_EVAL_2": "False",
        "OPENAI_BASE_URL": url,
        "OPENAI_API_BASE": url,
        "OPENAI_API_KEY": "none",
        "OPENAI_MAX_CONCURRENCY": str(in_flight),
    }
    program = str(peer_python().parent / "alpaca_eval")
    return Command((program, *arguments), environment, forget)
