"""Building a bridge: the anchors are asked about, the link is fitted, and only then the models are asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from autoeval.analysis.linking import (
    FARTHEST,
    FEWEST_ANCHORS,
    Anchor,
    Link,
    Rate,
    fit_link,
    leave_one_out,
    refusal,
)
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.completions.ask import AskReport
from autoeval.completions.cache import Cache
from autoeval.data.pairing import Pairs
from autoeval.errors import UsageError
from autoeval.journeys.bridge_look import first_plans, hopeless_anchors, hopeless_model
from autoeval.journeys.bridge_plan import BridgePlan, offers
from autoeval.journeys.bridge_result import Bridge, Bridged
from autoeval.journeys.bridging import OldBoard, bridged_row
from autoeval.journeys.parameters.asking import Asking
from autoeval.metrics.columns import Cell
from autoeval.runs.estimate import estimate_all
from autoeval.runs.judging import judge_all


@dataclass
class _Asker:
    """Asks for win rates, one step after the other within one budget; `reports` say what each came to."""

    asking: Asking
    cache: Cache
    reports: list[AskReport] = field(default_factory=list)

    @property
    def has_stopped(self) -> bool:
        """Whether asking on would not bring anything."""
        return any(report.stop for report in self.reports)

    def rates(self, names: Sequence[str], plans: Sequence[Plan]) -> tuple[dict[str, Rate], dict[str, float]]:
        """Ask; returns the win rates of the models that could be judged, and the coverage of the others."""
        if not plans or self.has_stopped:
            return {}, {}
        options = self.asking.options
        spent = sum(report.spent for report in self.reports)
        left = None if options.max_cost is None else max(0.0, options.max_cost - spent)
        judged, report = judge_all(
            plans,
            self.cache,
            replace(options, max_cost=left),
            self.asking.display,
            self.asking.is_reask_unparsed,
            keeps_rows=False,
        )
        self.reports.append(report)
        rates, incomplete = {}, {}
        for name, one in zip(names, judged, strict=True):
            if one.tally.n_judged and one.tally.coverage >= self.asking.min_coverage:
                rate = one.tally.win_rate()
                rates[name] = Rate(rate.win_rate, rate.n_total, rate.standard_error)
            else:
                incomplete[name] = one.tally.coverage
        return rates, incomplete


@dataclass(frozen=True)
class Builder:
    """Plans a bridge to an old board, and builds it."""

    asking: Asking
    cache: Cache
    old: OldBoard
    seed: int

    def planned(
        self, anchors: Mapping[str, Pairs], models: Mapping[str, Pairs], n_available: int
    ) -> BridgePlan:
        """Say what is going to be asked and what else could be."""
        plans = self._plans(anchors)
        is_batch = self.asking.options.at_batch_price
        n_board = round(sum(self.old.rates[name].n for name in anchors) / len(anchors))
        return BridgePlan(
            judge=self.asking.annotator.name,
            board=self.old.judge,
            anchors=list(anchors),
            offers=offers(plans, n_available, n_board),
            dry_run=estimate_all([*plans, *self._plans(models)], self.cache, is_batch),
        )

    def build(self, pairs: Mapping[str, Pairs], models: Mapping[str, Pairs]) -> Bridge:
        """Ask about the anchors, fit, and ask about the models; of both, about some pairs first.

        Args:
            pairs: of each anchor.
            models: the pairs of each model that is to be placed.

        Raises:
            UsageError: the judges rank the anchors differently, or every model lies far outside their range.
        """
        asker = _Asker(self.asking, self.cache)
        new, incomplete = self._anchor_rates(asker, pairs)
        anchors = self._anchors(new)
        bridge = Bridge(
            judge=_named(self.asking.annotator),
            old=self.old,
            reference=next(iter(pairs.values())).generator_1,
            anchors=anchors,
            link=None,
            left_out=(),
            bridged=(),
            refused={},
            incomplete=incomplete,
            board=self.old.board,
            asks=tuple(asker.reports),
            path=None,
        )
        if len(anchors) < FEWEST_ANCHORS and (incomplete or asker.has_stopped):
            return bridge
        if reason := refusal(anchors):
            raise _refused(reason)
        bridge = replace(bridge, link=fit_link(anchors), left_out=leave_one_out(anchors))
        return self._with_models(bridge, asker, models) if models else bridge

    def _plans(self, pairs: Mapping[str, Pairs]) -> list[Plan]:
        """Plan what the new judge is asked about each model."""
        return [Plan(self.asking.annotator, each, self.seed) for each in pairs.values()]

    def _first_plans(self, pairs: Mapping[str, Pairs]) -> list[Plan]:
        return first_plans(self._plans(pairs), self.asking.options.is_batch)

    def _anchors(self, new: Mapping[str, Rate]) -> list[Anchor]:
        return [Anchor(name, self.old.rates[name], rate) for name, rate in new.items()]

    def _anchor_rates(
        self, asker: _Asker, pairs: Mapping[str, Pairs]
    ) -> tuple[dict[str, Rate], dict[str, float]]:
        """Ask about the anchors, unless their first pairs show that no bridge can come of them."""
        names, n_pairs = list(pairs), len(next(iter(pairs.values())))
        first, incomplete = asker.rates(names, self._first_plans(pairs))
        if first and not incomplete and (reason := hopeless_anchors(self._anchors(first), n_pairs)):
            raise _refused(reason)
        return asker.rates(names, self._plans(pairs))

    def _with_models(self, bridge: Bridge, asker: _Asker, models: Mapping[str, Pairs]) -> Bridge:
        assert bridge.link is not None
        hopeless = self._hopeless_models(bridge.link, asker, models)
        near = {name: pairs for name, pairs in models.items() if name not in hopeless}
        new, incomplete = asker.rates(list(near), self._plans(near))
        refused = {**hopeless, **_far(bridge.link, new)}
        if refused and len(refused) == len(hopeless) + len(new):
            told = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
            raise UsageError(f"no model can be placed. {told}. What was judged is in the cache.")
        bridged = [
            Bridged(name, rate, bridge.link.place(rate)) for name, rate in new.items() if name not in refused
        ]
        rows: dict[str, dict[str, Cell]] = {
            one.name: bridged_row(
                one.placement, one.new, models[one.name], self.asking.annotator, self.old, bridge.anchors
            )
            for one in bridged
        }
        return replace(
            bridge,
            bridged=bridged,
            refused=refused,
            incomplete={**bridge.incomplete, **incomplete},
            board=self.old.board.with_rows(rows).sorted_by("win_rate"),
            asks=tuple(asker.reports),
        )

    def _hopeless_models(self, link: Link, asker: _Asker, models: Mapping[str, Pairs]) -> dict[str, str]:
        """Ask about the first pairs of the models; returns those that would not be placed, with the reason."""
        first, _ = asker.rates(list(models), self._first_plans(models))
        reasons = {name: hopeless_model(link, rate, len(models[name])) for name, rate in first.items()}
        return {name: reason for name, reason in reasons.items() if reason}


def _far(link: Link, new: Mapping[str, Rate]) -> dict[str, str]:
    """Say why models cannot be placed that lie far outside the anchors' range."""
    return {
        name: f"by the new judge it wins {rate.win_rate:.1f}%, which lies {100 * share:.0f}% of the anchors' range "
        f"outside it (at most {100 * FARTHEST:.0f}%): take anchors nearer to it"
        for name, rate in new.items()
        if (share := link.beyond(rate)) > FARTHEST
    }


def _refused(reason: str) -> UsageError:
    return UsageError(f"{reason}. What was judged is in the cache; see docs/bridge.md.")


def _named(annotator: Annotator) -> str:
    return f"{annotator.name} ({', '.join([*annotator.models, annotator.fingerprint])})"
