"""What AlpacaEval's decoders (`fn_completions`) would ask, in our words: provider, model, parameters, prompt form.

Each function takes a config's `completions_kwargs` and says what the decoder of that name sends, its own defaults
included, or why nothing here can send it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from autoeval.errors import UsageError, nearest
from autoeval.prompting.alpaca_eval.asked import (
    LOADING,
    RUN_OPTIONS,
    Asked,
    one_number,
    take_model,
    take_price,
)
from autoeval.prompting.alpaca_eval.openai_decoder import openai


def asked(decoder: str | None, kwargs: Mapping[str, Any], where: str) -> Asked:
    """Translate a decoder with its arguments.

    Args:
        decoder: the config's `fn_completions`.
        kwargs: the config's `completions_kwargs`.
        where: the config as errors name it.

    Raises:
        UsageError: there is no such decoder, or it does not take such arguments.
    """
    taken_apart = dict(kwargs)
    if decoder in (None, "", "null"):
        why = "the config names no decoder ('fn_completions'): its outputs were made elsewhere"
        return Asked("none", take_model(taken_apart, where, default=""), taken_apart, unmet=why)
    if decoder not in _DECODERS:
        raise UsageError(
            f"{where}: there is no decoder 'fn_completions: {decoder}'. {nearest(str(decoder), _DECODERS)}"
        )
    return _DECODERS[decoder](taken_apart, where)


def _anthropic(kwargs: dict[str, Any], where: str) -> Asked:
    model = take_model(kwargs, where, default="claude-v1")
    function = kwargs.pop("client_function_name", "messages")
    needs_marks = kwargs.pop("requires_chatml", True)
    for option in (*RUN_OPTIONS, "anthropic_api_keys"):
        kwargs.pop(option, None)
    price = take_price(kwargs)
    limit = one_number(kwargs.pop("max_tokens_to_sample", 2048), "max_tokens_to_sample", where)
    parameters = {**kwargs, "max_tokens": limit, "temperature": kwargs.pop("temperature", 0.7)}
    if function == "completions":
        why = "Anthropic has shut down its text completions, and the models that they served"
        return Asked("anthropic_text", model, parameters, price=price, unmet=why)
    if function != "messages":
        raise UsageError(f"{where}: 'client_function_name' is 'messages' or 'completions', not {function!r}.")
    return Asked("anthropic", model, parameters, "chat" if needs_marks else "user", price=price)


def _bedrock(kwargs: dict[str, Any], where: str) -> Asked:
    model = take_model(kwargs, where, default="anthropic.claude-v1")
    limit = one_number(kwargs.pop("max_tokens_to_sample", 2048), "max_tokens_to_sample", where)
    for option in (*RUN_OPTIONS, "region"):
        kwargs.pop(option, None)
    parameters = {**kwargs, "max_tokens_to_sample": limit, "temperature": kwargs.pop("temperature", 0.7)}
    why = "Bedrock no longer serves Anthropic's text completions; write a config with 'provider: bedrock'"
    return Asked("bedrock_text", model, parameters, unmet=why)


def _google(kwargs: dict[str, Any], where: str) -> Asked:
    model = take_model(kwargs, where, default="gemini-pro")
    for option in (*RUN_OPTIONS, "google_api_keys", "max_tries"):
        kwargs.pop(option, None)
    limit = one_number(kwargs.pop("max_output_tokens", 2048), "max_output_tokens", where)
    _rename(kwargs, {"candidate_count": "n", "stop_sequences": "stop"})
    parameters = {**kwargs, "max_tokens": limit, "temperature": kwargs.pop("temperature", 0.7)}
    return Asked("gemini", model, parameters, "user")


_SPEED_ONLY = frozenset({"batch_size", "cache_dir", "is_fast_tokenizer"})


def _vllm(kwargs: dict[str, Any], where: str) -> Asked:
    model = take_model(kwargs, where)
    is_chat = kwargs.pop("is_chatml_prompt", False)
    return Asked("vllm", model, _of_local_model(kwargs), "chat" if is_chat else "text")


def _huggingface_local(kwargs: dict[str, Any], where: str) -> Asked:
    model = take_model(kwargs, where)
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
        **{name: value for name, value in loading.items() if name in LOADING},
        **{name: value for name, value in kwargs.items() if name not in _SPEED_ONLY},
    }


def _huggingface_api(kwargs: dict[str, Any], where: str) -> Asked:
    why = (
        "Hugging Face's text generation API takes no plain prompts for chat models any more; write a config with "
        "'provider: huggingface', or serve the model yourself and give --judge_base_url"
    )
    return Asked("huggingface_text", take_model(kwargs, where), kwargs, unmet=why)


def _cached(kwargs: dict[str, Any], where: str) -> Asked:
    """Every reply is cached here, so the decoder that is wrapped stands for itself."""
    kwargs.pop("cache_path", None)
    return asked(kwargs.pop("fn_completions", None), kwargs, where)


def _gone(provider: str, why: str) -> Callable[[dict[str, Any], str], Asked]:
    def translate(kwargs: dict[str, Any], where: str) -> Asked:
        for option in RUN_OPTIONS:
            kwargs.pop(option, None)
        return Asked(provider, take_model(kwargs, where, default=provider), kwargs, unmet=why)

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
    "openai_completions": openai,
    "replicate_completions": _gone("replicate", "there is no provider for Replicate here"),
    "test_completions": _gone("test", "it gives one fixed reply, for AlpacaEval's own tests"),
    "vllm_local_completions": _vllm,
}


def _rename(kwargs: dict[str, Any], names: Mapping[str, str]) -> None:
    for old, new in names.items():
        if old in kwargs:
            kwargs[new] = kwargs.pop(old)
