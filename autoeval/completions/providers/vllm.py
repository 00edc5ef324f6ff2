"""A Hugging Face model on this machine's GPU, through vLLM's offline engine.

For a vLLM server, use the provider `vllm_server`.
"""

import time
from collections.abc import Sequence
from typing import Any

from autoeval.completions.providers import causal_models
from autoeval.completions.providers.parameters import adapt, refuse_unknown
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request, TokenLogprobs

_LOADING = frozenset(
    {
        "dtype",
        "gpu_memory_utilization",
        "max_model_len",
        "quantization",
        "revision",
        "tensor_parallel_size",
    }
)
_SAMPLING = frozenset(
    {
        "frequency_penalty",
        "max_tokens",
        "min_p",
        "presence_penalty",
        "repetition_penalty",
        "seed",
        "stop",
        "temperature",
        "top_k",
        "top_p",
    }
)
_LOGPROBS = frozenset({"logprobs", "top_logprobs"})


class VllmProvider:
    """Answers with vLLM, which batches by itself.

    A config may set vLLM's sampling parameters, `logprobs`, `top_logprobs` and `chat_template`, and for loading
    `dtype`, `gpu_memory_utilization`, `max_model_len`, `quantization`, `revision` and `tensor_parallel_size`.
    """

    batch_size = 256
    """How many requests to hand over at once: enough to keep a GPU busy."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:  # noqa: ARG002
        """Check that vLLM is there; the model is loaded with the first request."""
        import vllm

        self._library = vllm
        self._engines: dict[tuple[Any, ...], Any] = {}

    def complete_many(self, requests: Sequence[Request]) -> list[Completion | Failure]:
        """Answer requests together, in their order; all of them have one model and one kind of prompt."""
        try:
            engine = self._engine(requests[0])
            return self._answer(engine, requests)
        except UsageError as error:
            return [Failure(FailureKind.REFUSED, str(error))] * len(requests)

    def close(self) -> None:
        """Free the models' memory."""
        self._engines.clear()

    def _engine(self, request: Request) -> Any:
        loading = {name: value for name, value in request.parameters.items() if name in _LOADING}
        key = (request.model, *sorted(loading.items()))
        if key not in self._engines:
            try:
                self._engines[key] = self._library.LLM(model=request.model, **loading)
            except (OSError, ValueError, RuntimeError) as error:
                raise UsageError(f"vLLM cannot load {request.model!r}: {error}") from error
        return self._engines[key]

    def _answer(self, engine: Any, requests: Sequence[Request]) -> list[Completion | Failure]:
        """Answer a batch; vLLM refuses all of it for one prompt that is too long, which is found by halving."""
        started = time.perf_counter()
        sampling = [self._library.SamplingParams(**sampling_of(request)) for request in requests]
        try:
            outputs = self._run(engine, requests, sampling)
        except ValueError as error:
            if len(requests) == 1:
                return [Failure(FailureKind.INVALID_REQUEST, str(error))]
            middle = len(requests) // 2
            return [*self._answer(engine, requests[:middle]), *self._answer(engine, requests[middle:])]
        seconds = (time.perf_counter() - started) / len(requests)
        return [
            _completion(request, output, seconds) for request, output in zip(requests, outputs, strict=True)
        ]

    def _run(self, engine: Any, requests: Sequence[Request], sampling: list[Any]) -> list[Any]:
        if requests[0].prompt is not None:
            prompts = [request.prompt for request in requests]
            return list(engine.generate(prompts, sampling, use_tqdm=False))
        chats = [body(request)["messages"] for request in requests]
        template = requests[0].parameters.get("chat_template")
        return list(engine.chat(chats, sampling, use_tqdm=False, chat_template=template))


def weights_of(model: str) -> str:
    """Return the fingerprint of a folder's weights, or the hub's revision of a named model."""
    return causal_models.weights_of(model, needs="vllm")


def sampling_of(request: Request) -> dict[str, Any]:
    """Return the arguments of vLLM's SamplingParams for a request.

    Raises:
        UsageError: a parameter is none of vLLM's.
    """
    asked = adapt("vllm", request.model, request.parameters)
    refuse_unknown("vllm", asked, _SAMPLING | _LOADING | _LOGPROBS | {"chat_template"})
    arguments = {name: value for name, value in asked.items() if name in _SAMPLING}
    return arguments | ({"logprobs": int(asked.get("top_logprobs", 1))} if asked.get("logprobs") else {})


def body(request: Request) -> dict[str, Any]:
    """Return what the engine is asked."""
    if request.prompt is not None:
        return {"model": request.model, "prompt": request.prompt, **sampling_of(request)}
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return {"model": request.model, "messages": messages, **sampling_of(request)}


def _completion(request: Request, output: Any, seconds: float) -> Completion:
    best = output.outputs[0]
    return Completion(
        text=best.text,
        finish_reason=best.finish_reason,
        logprobs=tuple(
            TokenLogprobs(
                step[token].decoded_token or "",
                float(step[token].logprob),
                tuple((other.decoded_token or "", float(other.logprob)) for other in step.values()),
            )
            for token, step in zip(best.token_ids, best.logprobs or (), strict=False)
        ),
        model=request.model,
        input_tokens=len(output.prompt_token_ids),
        output_tokens=len(best.token_ids),
        seconds=seconds,
    )
