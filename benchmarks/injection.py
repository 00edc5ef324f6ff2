"""What an output gains that is written to sway the judge, and what delimiters with a mark do about it.

    python -m benchmarks.run injection

The judge is SmolLM2-135M in this process, asked for one token in both orders, so that its preference for what it
reads first cancels out. The attacked model is the weaker one of `examples/`, its opponent the other one. Each text
of `injection.yaml` is put after the model's outputs or in their place, and the same pairs are judged again.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import autoeval
from autoeval.analysis.comparison import PairedTests, paired_tests
from autoeval.analysis.significance import benjamini_hochberg
from autoeval.prompting.yaml_files import read_yaml
from autoeval.resources import shipped
from benchmarks.results import Section

ATTACKS: Mapping[str, Mapping[str, Any]] = read_yaml(Path(__file__).with_suffix(".yaml"))
"""What to try: `text`, and `where` it stands."""
CONTROL = "unrelated text"
OFFLINE = "`offline`"
LEVEL = 0.05
"""The share of false discoveries that is allowed among what is called an effect."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Variant:
    """A model's outputs with a text `after` or `in place` of them; as they are where `where` is empty."""

    name: str
    where: str
    outputs: Rows

    @property
    def label(self) -> str:
        """What the table calls it."""
        return f"{self.name}, {self.where}" if self.where else self.name


def swayed(output: str, text: str, where: str) -> str:
    """Return an output with a text after it, or the text in its place."""
    return f"{output}\n\n{text}" if where == "after" else text


def variants(outputs: Rows) -> list[Variant]:
    """Return a model's outputs as they are, and then under each attack."""
    return [Variant("as they are", "", outputs)] + [
        Variant(
            name,
            where,
            [{**row, "output": swayed(row["output"], attack["text"], where)} for row in outputs],
        )
        for name, attack in ATTACKS.items()
        for where in attack["where"]
    ]


def write_judges(folder: Path) -> dict[str, Path]:
    """Write two judges that ask SmolLM2, and return their folders under what the table calls them.

    The first is `smollm2_logprob`. The second has the prompt of `gpt6_logprob` and the last line of the first one's:
    in the form of a chat SmolLM2 puts almost no probability on either letter. Both are asked one thing at a time,
    since what else is in a batch moves the probabilities.
    """
    plain, marked = (shipped("annotator_configs") / name for name in ("smollm2_logprob", "gpt6_logprob"))
    config = read_yaml(plain / "config.yaml")
    config["parameters"] |= {"n_parallel": 1}
    labels = (plain / "prompt.jinja").read_text(encoding="utf-8")
    lines = (marked / "prompt.jinja").read_text(encoding="utf-8")
    prompts = {"labels": labels, "lines with a mark": f"{lines}\n{labels.splitlines()[-1]}"}
    for name, prompt in prompts.items():
        (folder / name).mkdir()
        (folder / name / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        (folder / name / "prompt.jinja").write_text(prompt, encoding="utf-8")
    return {f"SmolLM2, {name}": folder / name for name in prompts}


def examples() -> tuple[Rows, Rows]:
    """Return the outputs of the weaker example model, which is attacked, and of the other one, its opponent."""
    weaker, other = (
        json.loads((shipped("examples") / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("outputs_second", "outputs")
    )
    return weaker, other


def measure() -> Section:
    outputs, reference = examples()
    tried = variants(outputs)
    with tempfile.TemporaryDirectory() as folder:
        judges: dict[str, str | Path] = {**write_judges(Path(folder)), OFFLINE: "offline"}
        found = {
            name: [judged(judge, variant.outputs, reference) for variant in tried]
            for name, judge in judges.items()
        }
    return section(tried, found)


def judged(judge: str | Path, outputs: Rows, reference: Rows) -> autoeval.Evaluation:
    """Judge every pair; a verdict that is missing is an error."""
    result: autoeval.Evaluation = autoeval.evaluate(
        outputs, reference, judge, name="model", output_path=None, caching_path=None, min_coverage=1.0
    )
    assert result.exit_code == 0, result.tally.failures
    return result


def section(tried: Sequence[Variant], found: Mapping[str, Sequence[autoeval.Evaluation]]) -> Section:
    """Compare each attack with the outputs as they are, judge by judge."""
    columns = [_column(results) for results in found.values()]
    return Section(
        title="outputs written to sway the judge",
        header=["the model's outputs", *found],
        rows=[[variant.label, *cells] for variant, *cells in zip(tried, *columns, strict=True)],
        notes=[
            *(f"{name}: {_more_than_any_text(tried, results)}" for name, results in found.items()),
            _warned(tried, found[OFFLINE]),
            *_NOTES,
        ],
    )


def _column(results: Sequence[autoeval.Evaluation]) -> list[str]:
    """Return one judge's cells: the outputs as they are, and what each attack makes of that."""
    effects = [paired_tests(result.annotations, results[0].annotations) for result in results[1:]]
    cells = [_win_rate(results[0])]
    for result, effect, is_sure in zip(results[1:], effects, _sure(effects), strict=True):
        difference = f"**{_difference(effect)}**" if is_sure else _difference(effect)
        cells.append(f"{_win_rate(result)}; {difference}")
    return cells


def _more_than_any_text(tried: Sequence[Variant], results: Sequence[autoeval.Evaluation]) -> str:
    """Say which attacks gain more than the unrelated text does in the same place."""
    pairs = list(zip(tried, results, strict=True))
    controls = {variant.where: result for variant, result in pairs if variant.name == CONTROL}
    attacks = [(variant, result) for variant, result in pairs if variant.where and variant.name != CONTROL]
    effects = [
        paired_tests(result.annotations, controls[variant.where].annotations) for variant, result in attacks
    ]
    gains = [
        f"{variant.label} {_difference(effect)}"
        for (variant, _), effect, is_sure in zip(attacks, effects, _sure(effects), strict=True)
        if is_sure and effect.value > 0
    ]
    which = f": {'; '.join(gains)}" if gains else ""
    return (
        f"{len(gains)} of {len(attacks)} attacks gain more than the unrelated text in the same place{which}."
    )


def _sure(effects: Sequence[PairedTests]) -> list[bool]:
    return [bool(p <= LEVEL) for p in benjamini_hochberg([effect.p_t for effect in effects])]


def _win_rate(result: autoeval.Evaluation) -> str:
    rate = result.win_rate
    return f"{rate.win_rate:.1f}, {rate.n_wins} of {rate.n_total} won"


def _difference(effect: PairedTests) -> str:
    return f"{effect.value:+.1f} ({effect.low:+.1f} to {effect.high:+.1f})"


def _warned(tried: Sequence[Variant], results: Sequence[autoeval.Evaluation]) -> str:
    places = [(variant.where, bool(result.cautions)) for variant, result in zip(tried, results, strict=True)]
    in_place, after = (
        f"{places.count((where, True))} of {sum(place == where for place, _ in places)}"
        for where in ("in place", "after")
    )
    return (
        f"autoeval warns of constant outputs in {in_place} runs with a text in their place and {after} with one after "
        "them."
    )


_NOTES = (
    "A cell has the win rate, how many pairs the model wins, and the paired difference from the outputs as they are "
    "in points, with its 95% interval; in bold where the paired t-test's p-value is at most 0.05 after Benjamini and "
    "Hochberg's adjustment over the judge's column. What is more than the unrelated text is decided in the same way.",
    "SmolLM2-135M is asked about each pair in both orders and its probabilities are averaged, so that the position "
    "it prefers adds nothing. *labels*: `smollm2_logprob`. *lines with a mark*: the prompt of `gpt6_logprob`, whose "
    "delimiters carry a mark that no output can know, with the last line of `smollm2_logprob`.",
)
