"""A question as a config of AlpacaEval's asks it, and what its arguments (`completions_kwargs`) have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autoeval.errors import UsageError
from autoeval.prompting.alpaca_eval.templates import Form
from autoeval.prompting.config import Price

RUN_OPTIONS = frozenset({"num_procs", "n_retries", "sleep_time"})
"""How a run goes rather than what is asked: flags of the command line here."""

LOADING = frozenset(
    {
        "adapters_name",
        "device_map",
        "dtype",
        "gpu_memory_utilization",
        "max_model_len",
        "quantization",
        "revision",
        "tensor_parallel_size",
    }
)
"""How a local model is loaded, which a server has done already."""


@dataclass(frozen=True)
class Asked:
    """Who is asked and how.

    `is_stripped` takes the space around a plain prompt away. `clients` is a file of several clients. `unmet` says
    why the model cannot be asked here, where that is so.
    """

    provider: str
    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    form: Form = "text"
    is_stripped: bool = False
    base_url: str | None = None
    price: Price | None = None
    clients: str | None = None
    unmet: str = ""

    def at_server(self, base_url: str) -> "Asked":
        """Return the same question to a server of the user's that speaks OpenAI's protocol."""
        if self.provider in ("openai", "anthropic") and not self.unmet:
            return replace(self, base_url=base_url, clients=None)
        sent = {name: value for name, value in self.parameters.items() if name not in LOADING}
        return replace(
            self, provider="openai_compatible", base_url=base_url, parameters=sent, clients=None, unmet=""
        )


def take_model(kwargs: dict[str, Any], where: str, default: str | None = None) -> str:
    """Take the model's name out of the arguments.

    Raises:
        UsageError: there is none, and no default.
    """
    name = kwargs.pop("model_name", default)
    if not isinstance(name, str):
        raise UsageError(f"{where}: 'model_name' is missing from 'completions_kwargs'. Name the model.")
    return name


def take_price(kwargs: dict[str, Any]) -> Price | None:
    """Take the price that a config gives per token out of the arguments, the same for input and output."""
    per_token = kwargs.pop("price_per_token", None)
    return None if per_token is None else Price(input=float(per_token) * 1e6, output=float(per_token) * 1e6)


def one_number(value: Any, name: str, where: str) -> int | None:
    """Return a limit on tokens, which AlpacaEval also takes as a list, a number a prompt.

    Raises:
        UsageError: it is no whole number.
    """
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise UsageError(f"{where}: {name!r} must be one number for all prompts, not {value!r}.")
    return value
