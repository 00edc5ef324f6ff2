"""What AlpacaEval's decoder for OpenAI's API would ask."""

from collections.abc import Collection, Mapping
from typing import Any

from autoeval.errors import UsageError
from autoeval.prompting.alpaca_eval.asked import RUN_OPTIONS, Asked, one_number, take_model, take_price
from autoeval.prompting.alpaca_eval.templates import Form
from autoeval.prompting.alpaca_eval.token_bias import token_bias
from autoeval.prompting.clients import CLIENTS_VARIABLE

_NOT_OPENAI = frozenset(
    {
        "do_sample",
        "is_chatml_prompt",
        "max_new_tokens",
        "max_output_tokens",
        "max_tokens_to_sample",
        "model_kwargs",
        "repetition_penalty",
        "top_k",
    }
)
"""Arguments of other decoders, for which the openai package raises a TypeError."""


def openai(kwargs: dict[str, Any], where: str) -> Asked:
    """Translate `openai_completions`; see `decoders.asked`."""
    model = take_model(kwargs, where)
    _refuse(kwargs, _NOT_OPENAI, "openai_completions", where)
    for option in (*RUN_OPTIONS, "batch_size"):
        kwargs.pop(option, None)
    needs_marks = kwargs.pop("requires_chatml", _is_chat_model(model))
    is_chat = kwargs.pop("is_chat", needs_marks)
    if needs_marks and not is_chat:
        raise UsageError(
            f"{where}: 'requires_chatml' is on and 'is_chat' off, but messages need a chat. Remove one."
        )
    is_stripped = kwargs.pop("is_strip", True)
    bias, unmet = token_bias(
        model,
        avoid=kwargs.pop("tokens_to_avoid", None) or (),
        favor=kwargs.pop("tokens_to_favor", None) or (),
        only_single=kwargs.pop("is_skip_multi_tokens_to_avoid", True),
        given=kwargs.pop("logit_bias", None) or {},
    )
    base_url, clients = _server(kwargs, where)
    parameters = {
        "max_tokens": one_number(kwargs.pop("max_tokens", 2048), "max_tokens", where),
        "top_p": kwargs.pop("top_p", 1.0),
        "temperature": kwargs.pop("temperature", 0.7),
        **({"logit_bias": bias} if bias else {}),
    }
    price = take_price(kwargs)
    sent = {name: value for name, value in parameters.items() if value is not None}
    extra = kwargs.pop("extra_body", None) or {}
    form: Form = "chat" if needs_marks else "user" if is_chat else "text"
    return Asked(
        "openai", model, {**kwargs, **sent, **extra}, form, is_stripped, base_url, price, clients, unmet
    )


def _server(kwargs: dict[str, Any], where: str) -> tuple[str | None, str | None]:
    """Return the address and the file of clients, of which at most one is set."""
    for name in ("openai_api_keys", "openai_organization_ids"):
        if kwargs.pop(name, None) is not None:
            raise UsageError(
                f"{where}: {name!r} does not belong in a config. Put keys into a client config file and name it "
                f"in the variable {CLIENTS_VARIABLE}."
            )
    client = dict(kwargs.pop("client_kwargs", None) or {})
    for option in ("timeout", "max_retries"):
        client.pop(option, None)
    base_url = client.pop("base_url", None) or kwargs.pop("openai_api_base", None)
    if client:
        raise UsageError(
            f"{where}: 'client_kwargs' may only hold 'base_url', not {', '.join(sorted(client))}. Describe the "
            f"client in a client config file and name it in the variable {CLIENTS_VARIABLE}."
        )
    path = kwargs.pop("client_config_path", None)
    return base_url, None if base_url else path


def _is_chat_model(model: str) -> bool:
    is_completion_model = (
        "instruct" in model or ("gpt-3" in model and "turbo" not in model) or model.startswith("text-")
    )
    return not is_completion_model


def _refuse(kwargs: Mapping[str, Any], names: Collection[str], decoder: str, where: str) -> None:
    wrong = sorted(name for name in kwargs if name in names)
    if wrong:
        raise UsageError(
            f"{where}: {decoder} takes no {', '.join(map(repr, wrong))} (alpaca_eval fails on it too). "
            "Remove it, or name another decoder."
        )
