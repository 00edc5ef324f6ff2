"""What AlpacaEval's decoders (`fn_completions`) would ask, in our words: provider, model, parameters, prompt form.

Each function takes a config's `completions_kwargs` and says what the decoder of that name sends, its own defaults
included, or why nothing here can send it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.templates import Form
from autoeval.prompting.alpaca_eval.token_bias import token_bias
from autoeval.prompting.clients import CLIENTS_VARIABLE
from autoeval.prompting.config import Price


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
        sent = {name: value for name, value in self.parameters.items() if name not in _LOADING}
        return replace(
            self, provider="openai_compatible", base_url=base_url, parameters=sent, clients=None, unmet=""
        )


def asked(decoder: str | None, kwargs: Mapping[str, Any], where: str) -> Asked:
    """Translate a decoder with its arguments.

    Args:
        decoder: the config's `fn_completions`.
        kwargs: the config's `completions_kwargs`.
        where: the config as errors name it.

    Raises:
        UsageError: there is no such decoder, or it does not take such arguments.
    """
    if decoder in (None, "", "null"):
        why = "the config names no decoder ('fn_completions'): its outputs were made elsewhere"
        return Asked("none", _model(kwargs, where, default=""), dict(kwargs), unmet=why)
    if decoder not in _DECODERS:
        raise UsageError(
            f"{where}: there is no decoder 'fn_completions: {decoder}'. {nearest(str(decoder), _DECODERS)}"
        )
    return _DECODERS[decoder](dict(kwargs), where)


_RUN_OPTIONS = frozenset({"num_procs", "n_retries", "sleep_time"})
"""How a run goes rather than what is asked: flags of the command line here."""

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


def _openai(kwargs: dict[str, Any], where: str) -> Asked:
    model = _model(kwargs, where)
    _refuse(kwargs, _NOT_OPENAI, "openai_completions", where)
    for option in (*_RUN_OPTIONS, "batch_size"):
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
    base_url, clients = _openai_server(kwargs, where)
    parameters = {
        "max_tokens": _one_number(kwargs.pop("max_tokens", 2048), "max_tokens", where),
        "top_p": kwargs.pop("top_p", 1.0),
        "temperature": kwargs.pop("temperature", 0.7),
        **({"logit_bias": bias} if bias else {}),
    }
    price = _price(kwargs)
    sent = {name: value for name, value in parameters.items() if value is not None}
    extra = kwargs.pop("extra_body", None) or {}
    form: Form = "chat" if needs_marks else "user" if is_chat else "text"
    return Asked(
        "openai", model, {**kwargs, **sent, **extra}, form, is_stripped, base_url, price, clients, unmet
    )


def _openai_server(kwargs: dict[str, Any], where: str) -> tuple[str | None, str | None]:
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


def _anthropic(kwargs: dict[str, Any], where: str) -> Asked:
    model = _model(kwargs, where, default="claude-v1")
    function = kwargs.pop("client_function_name", "messages")
    needs_marks = kwargs.pop("requires_chatml", True)
    for option in (*_RUN_OPTIONS, "anthropic_api_keys"):
        kwargs.pop(option, None)
    price = _price(kwargs)
    limit = _one_number(kwargs.pop("max_tokens_to_sample", 2048), "max_tokens_to_sample", where)
    parameters = {**kwargs, "max_tokens": limit, "temperature": kwargs.pop("temperature", 0.7)}
    if function == "completions":
        why = "Anthropic has shut down its text completions, and the models that they served"
        return Asked("anthropic_text", model, parameters, price=price, unmet=why)
    if function != "messages":
        raise UsageError(f"{where}: 'client_function_name' is 'messages' or 'completions', not {function!r}.")
    return Asked("anthropic", model, parameters, "chat" if needs_marks else "user", price=price)


def _bedrock(kwargs: dict[str, Any], where: str) -> Asked:
    model = _model(kwargs, where, default="anthropic.claude-v1")
    limit = _one_number(kwargs.pop("max_tokens_to_sample", 2048), "max_tokens_to_sample", where)
    for option in (*_RUN_OPTIONS, "region"):
        kwargs.pop(option, None)
    parameters = {**kwargs, "max_tokens_to_sample": limit, "temperature": kwargs.pop("temperature", 0.7)}
    why = "Bedrock no longer serves Anthropic's text completions; write a config with 'provider: bedrock'"
    return Asked("bedrock_text", model, parameters, unmet=why)


def _google(kwargs: dict[str, Any], where: str) -> Asked:
    model = _model(kwargs, where, default="gemini-pro")
    for option in (*_RUN_OPTIONS, "google_api_keys", "max_tries"):
        kwargs.pop(option, None)
    limit = _one_number(kwargs.pop("max_output_tokens", 2048), "max_output_tokens", where)
    _rename(kwargs, {"candidate_count": "n", "stop_sequences": "stop"})
    parameters = {**kwargs, "max_tokens": limit, "temperature": kwargs.pop("temperature", 0.7)}
    return Asked("gemini", model, parameters, "user")


_LOADING = frozenset(
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

_SPEED_ONLY = frozenset({"batch_size", "cache_dir", "is_fast_tokenizer"})


def _vllm(kwargs: dict[str, Any], where: str) -> Asked:
    model = _model(kwargs, where)
    is_chat = kwargs.pop("is_chatml_prompt", False)
    return Asked("vllm", model, _of_local_model(kwargs), "chat" if is_chat else "text")


def _huggingface_local(kwargs: dict[str, Any], where: str) -> Asked:
    model = _model(kwargs, where)
    parameters = _of_local_model(kwargs)
    if not parameters.pop("do_sample", False):
        parameters = {**parameters, "temperature": 0}
        parameters.pop("top_p", None)
    return Asked("transformers", model, parameters)


def _of_local_model(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return sampling and loading parameters; what only makes a run faster is left out."""
    loading = dict(kwargs.pop("model_kwargs", None) or {})
    _rename(kwargs, {"max_new_tokens": "max_tokens"})
    _rename(loading, {"torch_dtype": "dtype"})
    return {
        **{name: value for name, value in loading.items() if name in _LOADING},
        **{name: value for name, value in kwargs.items() if name not in _SPEED_ONLY},
    }


def _huggingface_api(kwargs: dict[str, Any], where: str) -> Asked:
    why = (
        "Hugging Face's text generation API takes no plain prompts for chat models any more; write a config with "
        "'provider: huggingface', or serve the model yourself and give --judge_base_url"
    )
    return Asked("huggingface_text", _model(kwargs, where), kwargs, unmet=why)


def _cached(kwargs: dict[str, Any], where: str) -> Asked:
    """Every reply is cached here, so the decoder that is wrapped stands for itself."""
    kwargs.pop("cache_path", None)
    return asked(kwargs.pop("fn_completions", None), kwargs, where)


def _gone(provider: str, why: str) -> Callable[[dict[str, Any], str], Asked]:
    def translate(kwargs: dict[str, Any], where: str) -> Asked:
        for option in _RUN_OPTIONS:
            kwargs.pop(option, None)
        return Asked(provider, _model(kwargs, where, default=provider), kwargs, unmet=why)

    return translate


_DECODERS: Mapping[str, Callable[[dict[str, Any], str], Asked]] = {
    "anthropic_completions": _anthropic,
    "bedrock_anthropic_completions": _bedrock,
    "cache_completions": _cached,
    "cohere_completions": _gone("cohere", "Cohere has shut down the generate API that it used"),
    "google_completions": _google,
    "huggingface_api_completions": _huggingface_api,
    "huggingface_local_completions": _huggingface_local,
    "jina_chat_completions": _gone("jina", "JinaChat was shut down"),
    "openai_completions": _openai,
    "replicate_completions": _gone("replicate", "there is no provider for Replicate here"),
    "test_completions": _gone("test", "it gives one fixed reply, for AlpacaEval's own tests"),
    "vllm_local_completions": _vllm,
}


def _model(kwargs: Mapping[str, Any], where: str, default: str | None = None) -> str:
    """Take the model's name out of the arguments."""
    name = (
        kwargs.pop("model_name", default) if isinstance(kwargs, dict) else kwargs.get("model_name", default)
    )
    if not isinstance(name, str):
        raise UsageError(f"{where}: 'model_name' is missing from 'completions_kwargs'. Name the model.")
    return name


def _price(kwargs: dict[str, Any]) -> Price | None:
    """Return the price that a config gives per token, the same for input and output."""
    per_token = kwargs.pop("price_per_token", None)
    return None if per_token is None else Price(input=float(per_token) * 1e6, output=float(per_token) * 1e6)


def _one_number(value: Any, name: str, where: str) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise UsageError(f"{where}: {name!r} must be one number for all prompts, not {value!r}.")
    return value


def _refuse(kwargs: Mapping[str, Any], names: Collection[str], decoder: str, where: str) -> None:
    wrong = sorted(name for name in kwargs if name in names)
    if wrong:
        raise UsageError(
            f"{where}: {decoder} takes no {', '.join(map(repr, wrong))} (alpaca_eval fails on it too). "
            "Remove it, or name another decoder."
        )


def _rename(kwargs: dict[str, Any], names: Mapping[str, str]) -> None:
    for old, new in names.items():
        if old in kwargs:
            kwargs[new] = kwargs.pop(old)
