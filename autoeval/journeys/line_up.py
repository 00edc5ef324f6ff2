"""What there is to judge with and to evaluate: each shipped config with its price, its order and its end."""

from dataclasses import dataclass, replace
from typing import Any

from autoeval.annotators import loading as judges
from autoeval.annotators.config import JudgeConfig
from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.plan import Plan
from autoeval.annotators.read import read
from autoeval.checks import check_number
from autoeval.completions import providers
from autoeval.completions.ask import AskOptions, Display, Silent, ask
from autoeval.completions.cache import Cache
from autoeval.completions.endpoints import make_endpoint
from autoeval.completions.lifetimes import table_date, today
from autoeval.completions.providers import LOCAL
from autoeval.completions.retries import Retries
from autoeval.errors import UsageError
from autoeval.generators import loading as generators
from autoeval.generators.config import GeneratorConfig
from autoeval.leaderboards.presets import PRESETS
from autoeval.prompting.asker import Asker
from autoeval.prompting.config import ModelConfig, Price
from autoeval.prompting.finding import find_config, shipped_configs
from autoeval.prompting.yaml_files import parse, read_yaml
from autoeval.runs.estimate import estimate, price_of
from autoeval.runs.retirement import retirement
from autoeval.types import Case, Request

_FORMS = {
    "ranking": "binary",
    "choice": "binary",
    "json": "in words",
    "logprobs": "logprobs",
    "probability": "per cent",
    "levels": "levels",
}
_OWN = LOCAL | {"builtin", "vllm_server", "ollama"}
_ANY = "(you name it)"
_EXAMPLE = Case.pair(0, "What is 2 + 2?", "4", "2 + 2 is 5.", "reference", "model")
_PATIENCE = 60.0
_MOST_BEYOND = 3.0
"""A reply that costs more than this many times what was said is said to."""


@dataclass(frozen=True)
class Trial:
    """What came of one tiny request. `cost` and `expected` are in US dollars, None where the price is unknown."""

    verdict: str
    is_right: bool
    cost: float | None = None
    expected: float | None = None


@dataclass(frozen=True)
class Entry:
    """One shipped config; `until` says how its model stands: a date, `no date` so far, `unknown` or `always`."""

    name: str
    provider: str
    model: str
    order: str
    says: str
    price: Price | None
    until: str
    default_of: tuple[str, ...] = ()
    trial: Trial | None = None


@dataclass(frozen=True)
class LineUp:
    """All shipped configs of a kind, `annotator` or `model`, on a day."""

    kind: str
    entries: tuple[Entry, ...]
    day: str
    table: str

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 3 where a judge that was tried did not answer as it should."""
        return 3 if any(entry.trial and not entry.trial.is_right for entry in self.entries) else 0


def annotators(
    *,
    try_: bool = False,
    dry_run: bool = False,
    max_cost: float | None = 0.05,
    display: Display | None = None,
) -> LineUp:
    """List the shipped judges, with price, order and until when each can be asked.

    Args:
        try_: Ask each judge for which there is a key one tiny question: does it answer, in its form, at its price?
        dry_run: With try: ask nobody, and say what each question would cost.
        max_cost: Stop trying before more than this many US dollars are spent in all. None: no limit.
        display: Shows the progress (Python only).

    Returns:
        A LineUp.

    Raises:
        UsageError: a value is wrong.
    """
    check_number("max_cost", max_cost, 0)
    entries, left = [], max_cost
    for name in judges.names():
        entry = _judge_entry(name)
        if try_ and entry.model != _ANY:
            trial, told = None, "not tried: nobody is asked"
            try:
                trial = tried(judges.load_annotator(name), left, dry_run)
            except UsageError as error:  # no key, or no package: it is not for this user
                told = f"not tried: {error}"
            if trial and trial.cost and left is not None:
                left = max(0.0, left - trial.cost)
            entry = replace(entry, trial=trial)
            (display or Silent()).announce(f"{name}: {trial.verdict if trial else told}")
        entries.append(entry)
    return LineUp("annotator", tuple(entries), str(today()), str(table_date()))


def models(*, display: Display | None = None) -> LineUp:  # noqa: ARG001 - every journey has one
    """List the shipped models to evaluate, with price and until when each can be asked.

    Args:
        display: Has no effect.

    Returns:
        A LineUp.
    """
    entries = tuple(_model_entry(name) for name in shipped_configs(generators.FOLDER))
    return LineUp("model", entries, str(today()), str(table_date()))


def _named(config: ModelConfig) -> Asker:
    """Return who a config asks. Nothing is loaded for it: a local model's weights are not looked for."""
    endpoint = make_endpoint(config.provider, config.model, config.base_url, config.api_key_env)
    return Asker(config.model, endpoint, config.model, {}, None, config.price)


def _judge_entry(name: str) -> Entry:
    path = judges.find_config(name)
    config = parse(JudgeConfig, read_yaml(path), str(path))
    is_builtin, kind = config.provider == "builtin", getattr(config.parser, "kind", "")
    says = _FORMS.get(kind, kind or ("graded" if config.model == "offline" else "binary"))
    says += f" × {config.samples}" if config.samples > 1 else ""
    price = Price(input=0, output=0) if is_builtin else _price(config)
    default_of = tuple(preset.name for preset in PRESETS.values() if preset.annotator == name)
    order = "" if is_builtin or config.kind == "single" else config.order
    return Entry(name, config.provider, config.model or _ANY, order, says, price, _until(config), default_of)


def _model_entry(name: str) -> Entry:
    path = find_config(name, generators.FOLDER, "models")
    config = parse(GeneratorConfig, read_yaml(path), str(path))
    return Entry(name, config.provider, config.model or _ANY, "", "", _price(config), _until(config))


def _price(config: ModelConfig) -> Price | None:
    return price_of(_named(config)) if config.model else None


def _until(config: ModelConfig) -> str:
    if config.provider in _OWN or not config.model:
        return "always"  # whoever has the weights has the model
    found = retirement(_named(config))
    if found is None:
        return "unknown"
    end = found.lifetime.shutdown
    if end is None:
        return "no date"
    return f"gone {end}" if found.lifetime.is_over(found.day) else str(end)


def tried(annotator: Annotator, left: float | None, dry_run: bool = False) -> Trial | None:
    """Ask a judge one question, once; None where there is nobody to ask.

    Args:
        annotator: the judge.
        left: US dollars that may be spent; None: no limit.
        dry_run: ask nobody, and say what it would cost.

    Raises:
        UsageError: there is no key for it, or a package that it needs is not installed.
    """
    asked = [judge for judge in annotator.judges if not judge.is_builtin]
    if not asked:
        return None
    gone = next((one for judge in asked if (one := retirement(judge)) and one.forbids), None)
    if gone is not None:
        return Trial(gone.ended(), is_right=False)
    once = replace(
        annotator, judges=tuple(replace(judge, samples=1, order=_one_order(judge)) for judge in asked)
    )
    prices = {(judge.endpoint.provider, judge.model): price_of(judge) for judge in asked}

    def price(request: Request) -> Price | None:
        return prices[request.endpoint.provider, request.model]

    is_pairwise = annotator.kind.n_outputs == 2
    columns = {column: "…" for judge in asked for column in judge.columns}
    example = replace(_EXAMPLE, fields=columns) if columns else _EXAMPLE
    example = example if is_pairwise else replace(example, outputs=example.outputs[:1])
    plan = Plan(once, [example])
    for judge in asked:
        providers.create(judge.endpoint, _PATIENCE)
    options = AskOptions(timeout=_PATIENCE, max_cost=left, retries=Retries(1))
    with Cache(None) as cache:
        expected = estimate(plan, cache).cost
        if dry_run:
            price_told = "unknown" if expected is None else f"about ${expected:.6f}"
            return Trial(f"not asked; one question costs {price_told}", True, None, expected)
        report = ask(
            plan.requests(), cache, options, lambda r: prices[r.endpoint.provider, r.model], Silent()
        )
        (annotation,) = read(plan, annotator.name, cache, report.failures, price_of)
    cost = report.spent if report.is_price_known else None
    if annotation.value is None:
        why = report.stop.message if report.stop else annotation.failure
        return Trial(f"no verdict: {why}", False, cost, expected)
    if cost is not None and expected is not None and cost > _MOST_BEYOND * expected:
        return Trial(f"costs ${cost:.6f}, not about ${expected:.6f}", False, cost, expected)
    meaning = "of 1 (right) to 2 (wrong)" if is_pairwise else f"on a scale {annotator.scale}"
    return Trial(f"answers: {annotation.value:.2f} {meaning}", True, cost, expected)


def _one_order(judge: Judge) -> Any:
    return "fixed" if judge.order == "both" else judge.order
