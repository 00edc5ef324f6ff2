"""What a run says, before it asks, of models that are gone or go soon; and what to do instead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from autoeval.annotators.judges import Judge
from autoeval.annotators.plan import Plan
from autoeval.completions.ask import AskReport, Display
from autoeval.completions.cache import Cache
from autoeval.completions.ledger import Stop, StopReason
from autoeval.completions.lifetimes import Lifetime, lifetime, maker_at, table_date, today
from autoeval.completions.listing import listed_shutdown
from autoeval.completions.providers import LOCAL
from autoeval.errors import UsageError
from autoeval.prompting.asker import Asker
from autoeval.types import Endpoint

OUR_JUDGES = {"openai": "gpt6_ranking", "anthropic": "claude5_ranking", "google": "gemini3_ranking"}
"""The judge of ours that takes the place of one by a maker."""
_NOT_SERVED = LOCAL | {"builtin"}


@dataclass(frozen=True)
class Retirement:
    """What is known of the end of one model that is asked, on a day. `is_own` says that its maker itself is asked."""

    model: str
    lifetime: Lifetime
    is_own: bool
    is_judge: bool
    where: str
    day: date

    @property
    def forbids(self) -> bool:
        """Whether asking can only fail."""
        return self.is_own and self.lifetime.is_over(self.day)

    def note(self) -> str | None:
        """Say in one line what a user must know before asking; None where there is nothing."""
        known, end = self.lifetime, self.lifetime.shutdown
        if self.forbids:
            return f"warning: {self.ended()}, so that it cannot be asked any more."
        if known.is_over(self.day) and known.source == _SERVER:
            return f"warning: {self.ended()}."
        if known.is_over(self.day):
            return f"warning: {self.ended()}; {self.where} may still serve it."
        if end is None or not known.is_ending(self.day) or not (self.is_own or known.source == _SERVER):
            return None
        instead = f"; in its place {known.maker_name} names {known.replacement}" if known.replacement else ""
        return f"warning: {self.model} goes on {known.end} (in {(end - self.day).days} days, {self.source()}){instead}."

    def ended(self) -> str:
        """Say that the model is gone, since when and who says so."""
        who = known.maker_name if (known := self.lifetime).source != _SERVER else self.where
        return f"{who} shut {self.model} down on {known.end} ({self.source()})"

    def source(self) -> str:
        """Say where this is known from."""
        said = self.lifetime.source
        return said if said == _SERVER else f"{said}; table of {table_date()}"

    def instead(self) -> str:
        """Say what can be asked in its place, and how an old judge's scale is kept."""
        named, ours = self.lifetime.replacement, OUR_JUDGES.get(self.lifetime.maker, OUR_JUDGES["openai"])
        theirs = f"{self.lifetime.maker_name} names {named} in its place. " if named else ""
        if not self.is_judge:
            return f"{theirs}A server that still has it is named with --generator_base_url"
        return (
            f"{theirs}Of our judges, --annotators_config {ours} can be asked. What the old judge has said stays valid "
            "and is read from caches and files as ever; new models are placed on its scale by: alpaca_eval bridge "
            f"--board BOARD --annotators_config {ours}. A server that still has it is named with --judge_base_url"
        )


_SERVER = "as the server's list of models says"


def retirement(asked: Asker, day: date | None = None, *, asks_server: bool = False) -> Retirement | None:
    """Return what is known of a model's end, None where nothing is.

    Args:
        asked: the judge or generator.
        day: counted from then. Default: today.
        asks_server: look at the server's own list of models where the table has no date.
    """
    endpoint, model = asked.endpoint, asked.model
    if endpoint.provider in _NOT_SERVED:
        return None
    maker = maker_at(endpoint)
    known = lifetime(model, maker)
    where = endpoint.base_url or endpoint.provider
    if asks_server and _may_be_listed(endpoint, known):
        end = listed_shutdown(endpoint, model)
        if end is not None:
            known = Lifetime(maker or "", model, end, None, _SERVER)
    if known is None:
        return None
    return Retirement(model, known, maker is not None, isinstance(asked, Judge), where, day or today())


def _may_be_listed(endpoint: Endpoint, known: Lifetime | None) -> bool:
    """Whether the server's list may hold a date: by OpenAI's protocol, or of a maker's model behind a gateway.

    A server of one's own keeps a model as long as one likes; it gets no request but the ones that are wanted of it.
    """
    if known is None:
        return endpoint.provider == "openai"
    return known.shutdown is None


def say_lifetimes(all_asked: Iterable[Asker], display: Display) -> None:
    """Warn of models that are gone elsewhere, or go soon, before anything is asked."""
    found = [retirement(asked, asks_server=True) for asked in all_asked]
    for line in dict.fromkeys(note for one in found if one and (note := one.note())):
        display.announce(line)


def lifetime_notes(all_asked: Iterable[Asker]) -> tuple[str, ...]:
    """Return the lines of `say_lifetimes` as far as the table knows them, without asking any server."""
    found = [retirement(asked) for asked in all_asked]
    return tuple(dict.fromkeys(note for one in found if one and (note := one.note())))


def stop_of_gone(plans: Sequence[Plan], cache: Cache) -> AskReport | None:
    """Keep a run from asking a judge that is gone; what is cached of it is read all the same.

    Args:
        plans: of one annotator, at least one of whose replies is missing.
        cache: has the replies there are.

    Returns:
        What asking came to, where it is stopped before it begins; None where every judge can be asked.

    Raises:
        UsageError: nothing at all that a judge that is gone has said is in the cache.
    """
    found = {judge.name: retirement(judge) for judge in plans[0].annotator.judges}
    gone = {name: one for name, one in found.items() if one is not None and one.forbids}
    if not gone:
        return None
    keys = {
        question.key: question.judge.name
        for plan in plans
        for planned in plan
        for question in planned.questions
        if question.key
    }
    known = cache.known(list(keys))
    lacking = {name for key, name in keys.items() if key not in known} & gone.keys()
    if not lacking:
        return None
    name = min(lacking)
    message = f"{name} cannot be asked: {gone[name].ended()}. {gone[name].instead()}"
    if not known:
        raise UsageError(f"{message}.")
    return replace(
        AskReport.all_cached(len(keys)), n_cached=len(known), stop=Stop(StopReason.REFUSED, message)
    )


def refuse_gone(asked: Asker, name: str) -> None:
    """Refuse a judge or a model to evaluate that is gone, before anything is spent.

    Raises:
        UsageError: saying since when, and what can be asked instead.
    """
    found = retirement(asked)
    if found is not None and found.forbids:
        raise UsageError(f"{name} cannot be asked: {found.ended()}. {found.instead()}.")


def explained(report: AskReport, all_asked: Iterable[Asker]) -> AskReport:
    """Return a report whose stop says of a model that the server no longer has what is known of its end."""
    stop = report.stop
    if stop is None or stop.reason is not StopReason.REFUSED or "HTTP 404" not in stop.message:
        return report
    ended = next((one for asked in all_asked if (one := retirement(asked)) and one.lifetime.shutdown), None)
    more = (
        f"{ended.ended()}. {ended.instead()}."
        if ended and ended.lifetime.is_ending(ended.day)
        else "If the model was shut down, `alpaca_eval annotators` and `alpaca_eval models` list what can be asked."
    )
    return replace(report, stop=replace(stop, message=f"{stop.message}. {more}"))
