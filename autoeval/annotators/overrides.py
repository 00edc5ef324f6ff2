"""What the command line says about a judge in place of its config."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from autoeval.annotators.config import Order
from autoeval.annotators.judges import Judge
from autoeval.annotators.kinds import COMPARED, REVIEWED, SINGLE
from autoeval.errors import UsageError
from autoeval.prompting.config import Price

SIGMOID = "sigmoid"


@dataclass(frozen=True)
class JudgeOverrides:
    """What the command line says about the judge in place of its config; None leaves the config's word.

    `prompts` is FastChat's judge_prompts.jsonl or Arena-Hard's judge config, used to the letter. `compare` makes a
    judge of single outputs one of pairs; see the field of that name in a config.
    """

    base_url: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    order: str | None = None
    price: tuple[float, float] | None = None
    p_label_flip: float | None = None
    prompts: Any = None
    compare: float | str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be: it comes straight from the command line."""
        if self.price is not None and not _is_price(self.price):
            raise UsageError(
                f"--judge_price must be two numbers, US dollars per million input and output tokens, such as [2, 8], "
                f"not {self.price!r}."
            )
        if self.compare is not None and _margin(self.compare) is None:
            raise UsageError(
                f"--compare_scores must be a number of 0 or more, or sigmoid, not {self.compare!r}."
            )
        if self.p_label_flip is not None and not 0 <= self.p_label_flip <= 0.5:
            raise UsageError(f"--p_label_flip must be a number from 0 to 0.5, not {self.p_label_flip!r}.")

    def applied_to(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a judge's config with these values put in."""
        price = {"input": self.price[0], "output": self.price[1]} if self.price else None
        values = {
            "base_url": self.base_url,
            "model": self.model,
            "api_key_env": self.api_key_env,
            "order": self.order,
            "price": price,
        }
        changed = {**data, **{field: value for field, value in values.items() if value is not None}}
        if self.compare is None:
            return changed
        if data.get("kind") == REVIEWED.name:
            return {**changed, "compare": _margin(self.compare)}
        if data.get("kind") not in (SINGLE.name, COMPARED.name):
            raise UsageError(
                "--compare_scores is for a judge of single outputs that has a model, such as rubric; this one compares "
                "outputs itself, or asks nobody."
            )
        return {**changed, "kind": COMPARED.name, "compare": _margin(self.compare)}

    def applied_to_judge(self, judge: Judge) -> Judge:
        """Return a judge of AlpacaEval's dialect with order and price put in."""
        order = cast("Order", self.order) if self.order else judge.order
        price = Price(input=self.price[0], output=self.price[1]) if self.price else judge.price
        return replace(judge, order=order, price=price)

    def applied_to_group(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a group's config with these values put into each of its judges."""
        judges = data.get("annotators")
        if not isinstance(judges, Mapping):
            return dict(data)
        changed = {
            name: self.applied_to(judge) if isinstance(judge, Mapping) else judge
            for name, judge in judges.items()
        }
        return {**data, "annotators": changed}


def _margin(value: float | str) -> float | str | None:
    """Return by how much a score must be higher to win, or `sigmoid`; None for what is neither."""
    if value == SIGMOID:
        return value
    try:
        margin = float(value)
    except ValueError:
        return None
    return margin if 0 <= margin < math.inf and not isinstance(value, bool) else None


def _is_price(price: Any) -> bool:
    return (
        isinstance(price, list | tuple)
        and len(price) == 2
        and all(isinstance(dollars, int | float) and 0 <= dollars < math.inf for dollars in price)
    )
