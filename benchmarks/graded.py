"""What takes the noise out of a judge's verdicts, and for how much: binary, sampled, levels, per cent, probabilities.

    python -m benchmarks.graded [pairs]

A server on this machine stands for the judge. On each pair it has an opinion, the log-odds that output 2 is better
(normal, mean 0.5, standard deviation 1.5); for each reply it wavers around it (normal, standard deviation 0.5) and
says what comes of that in the form that the prompt asks for: a winner drawn by that probability, one of five levels,
a multiple of 5 per cent, or the log probabilities of the two names. So the noise of each form is known, and
`autoeval.audit` has to find it again with its repeats, over HTTP. How a real judge wavers is its own affair: run
`alpaca_eval audit --checks repeat` on it.
"""

import math
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import yaml

from autoeval.journeys.audit import Audit, audit
from autoeval.resources import shipped
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body, prompt_text
from tests.servers.synthetic_judge import SHOWN, rows

MEAN, SPREAD, WAVERING = 0.5, 1.5, 0.5
BORDERS = (0.15, 0.4, 0.6, 0.85)
"""Of the five levels, on the scale of probabilities."""
JUDGES: Sequence[tuple[str, int]] = (
    ("gpt6_ranking", 1),
    ("gpt6_sampled", 2),
    ("gpt6_sampled", 5),
    ("gpt6_sampled", 10),
    ("gpt6_levels", 1),
    ("gpt6_graded", 1),
    ("gpt6_graded", 5),
    ("gpt6_logprob", 1),
)
"""Shipped judges, and how often each is asked about a pair."""


def opinion(instruction: str) -> float:
    """Return the log-odds that output 2 of a pair is the better one."""
    return Random(instruction).gauss(MEAN, SPREAD)


def verdict(form: str, log_odds: float, chance: Random) -> float:
    """Draw one verdict, the probability that output 2 is better as far as the form can say it."""
    probability = 1 / (1 + math.exp(-log_odds - chance.gauss(0, WAVERING)))
    if form == "binary":
        return float(chance.random() < probability)
    if form == "levels":
        return sum(probability > border for border in BORDERS) / 4
    return round(probability * 20) / 20 if form == "per cent" else probability


@dataclass
class WaveringJudge:
    """Answers the shipped prompts; each time a question is asked, it draws anew."""

    _asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, body: Body) -> Answer:
        """Say how the first output shown does against the second."""
        text = prompt_text(body)
        shown = SHOWN.search(text)
        assert shown is not None, text
        self._asked[text] += 1
        form = form_of(text, bool(body.get("logprobs")))
        said = verdict(form, opinion(shown["instruction"]), Random(f"{text}\0{self._asked[text]}"))
        return in_words(form, said if "Two" in shown["b"] else 1 - said)


def form_of(prompt: str, has_logprobs: bool) -> str:
    if has_logprobs:
        return "log probabilities"
    return "per cent" if "per cent" in prompt else "levels" if ">>" in prompt else "binary"


def in_words(form: str, b_wins: float) -> Answer:
    """Say a verdict; `b_wins` is the probability that output b, which is shown second, is better."""
    if form == "log probabilities":
        tops = [{"token": "a", "logprob": math.log(1 - b_wins)}, {"token": "b", "logprob": math.log(b_wins)}]
        best = max(tops, key=lambda top: float(str(top["logprob"])))
        content = [{**best, "bytes": None, "top_logprobs": [{**top, "bytes": None} for top in tops]}]
        message = {"role": "assistant", "content": best["token"]}
        return Answer(
            choice={"message": message, "finish_reason": "length", "logprobs": {"content": content}},
            output_tokens=1,
        )
    if form == "per cent":
        return Answer(f"{100 * (1 - b_wins):.0f}%")
    if form == "levels":
        return Answer(("a >> b", "a > b", "a = b", "b > a", "b >> a")[round(4 * b_wins)])
    return Answer("b > a" if b_wins > 0.5 else "a > b")


def known_noise(form: str, samples: int, n_pairs: int, n_draws: int = 1000) -> float:
    """Return the variance of a verdict around its own mean, over pairs, without any server."""
    chance = Random(form)
    draws = [
        [verdict(form, opinion(row["instruction"]), chance) for _ in range(n_draws)]
        for row in rows(n_pairs, 1)
    ]
    return float(np.var(draws, axis=1, ddof=1).mean()) / samples


def repeated(config: Path, n_pairs: int) -> Audit:
    """Ask a judge about each pair twice, as the audit's repeats do."""
    with JudgeServer(WaveringJudge(), keeps=0) as server, tempfile.TemporaryDirectory() as temporary:
        found: Audit = audit(
            rows(n_pairs, 1),
            rows(n_pairs, 0),
            config,
            ["repeat"],
            max_instances=None,
            output_path=None,
            judge_base_url=server.base_url,
            caching_path=Path(temporary) / "cache.sqlite",
            retry_delay=0,
        )
    return found


def with_samples(judge: str, samples: int, folder: Path) -> Path:
    """Copy a shipped judge that is asked so often."""
    source, copy = shipped("annotator_configs") / judge, folder / f"{judge}_{samples}"
    copy.mkdir()
    (copy / "prompt.jinja").write_text((source / "prompt.jinja").read_text(encoding="utf-8"))
    config: dict[str, Any] = yaml.safe_load((source / "config.yaml").read_text(encoding="utf-8"))
    (copy / "config.yaml").write_text(yaml.safe_dump({**config, "samples": samples}))
    return copy


def measured(found: Audit) -> tuple[float, float]:
    """Return the variance of one verdict, and how much of it two asks of the same pair differ by."""
    table = found.table.pivot(index="pair", columns="check", values="preference").astype(float)
    first, again = table["original"], table["repeat"]
    return float((first.var() + again.var()) / 2), float(((first - again) ** 2).mean() / 2)


def main(n_pairs: int = 200) -> None:
    print(f"{n_pairs} pairs; the standard error of their win rate in points, and what asking once costs")
    print(
        "| judge | asks | noise of a verdict, known | by repeats | share of the variance | SE | SE without | cost |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for judge, samples in JUDGES:
            config = with_samples(judge, samples, Path(temporary))
            prompt = (config / "prompt.jinja").read_text(encoding="utf-8")
            known = known_noise(form_of(prompt, judge.endswith("logprob")), samples, n_pairs)
            found = repeated(config, n_pairs)
            variance, noise = measured(found)
            error, without = (
                100 * math.sqrt(part / n_pairs) for part in (variance, max(variance - noise, 0))
            )
            spent = sum(ask.spent or 0 for ask in found.asks) / 2
            print(
                f"| {judge} | {samples} | {math.sqrt(known):.3f} | {math.sqrt(noise):.3f} | {noise / variance:.0%} "
                f"| {error:.2f} | {without:.2f} | ${spent:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
