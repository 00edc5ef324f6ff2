"""A reward model in this process: a sequence-classification model with one output, through `transformers`."""

import time
from collections.abc import Sequence
from typing import Any

from autoeval.completions.providers.causal_models import weights_of
from autoeval.completions.providers.parameters import refuse_unknown
from autoeval.completions.providers.reward import in_digits
from autoeval.completions.providers.torch_memory import on_best_device
from autoeval.completions.providers.transformers import body
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request

__all__ = ["RewardModelProvider", "body", "weights_of"]

_KNOWN = frozenset({"chat_template", "device_map", "dtype", "revision"})
_BATCH = 8


class RewardModelProvider:
    """Scores chats with a classification model of one output. `model` is a name on the hub or a folder.

    The chat is put into words by the model's own template; a model without one gets the texts of a chat of two as a
    pair. It takes `chat_template`, `device_map` (without it, the model goes to the accelerator where there is one),
    `dtype` and `revision`. Code of a model is never run, and texts longer than the model reads are no reward but a
    failure.
    """

    batch_size = 4 * _BATCH
    """How many requests to hand over at once."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:  # noqa: ARG002
        """Check that the library is there; the model is loaded with the first request."""
        import torch
        import transformers

        self._torch = torch
        self._library = transformers
        self._loaded: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def complete_many(self, requests: Sequence[Request]) -> list[Completion | Failure]:
        """Score requests one after another, in their order: a reward must not depend on its company in a batch."""
        return [self._complete(request) for request in requests]

    def close(self) -> None:
        """Free the models' memory."""
        self._loaded.clear()

    def _complete(self, request: Request) -> Completion | Failure:
        started = time.perf_counter()
        try:
            refuse_unknown("reward_model", request.parameters, _KNOWN)
            tokenizer, model = self._load(request)
        except UsageError as error:
            return Failure(FailureKind.REFUSED, str(error))
        inputs = self._inputs(request, tokenizer).to(model.device)
        n_tokens = inputs["input_ids"].shape[1]
        room = getattr(model.config, "max_position_embeddings", None)
        if room is not None and n_tokens > room:
            return Failure(FailureKind.INVALID_REQUEST, f"{n_tokens} tokens exceed the model's {room}")
        with self._torch.inference_mode():
            rewards = model(**inputs).logits[0].float().tolist()
        if len(rewards) != 1:
            told = f"{request.model} has {len(rewards)} outputs; a reward model has one"
            return Failure(FailureKind.REFUSED, told)
        return Completion(
            text=in_digits(rewards[0]),
            finish_reason="stop",
            model=request.model,
            input_tokens=n_tokens,
            output_tokens=0,
            seconds=time.perf_counter() - started,
        )

    def _inputs(self, request: Request, tokenizer: Any) -> Any:
        if request.prompt is not None:
            return tokenizer(request.prompt, return_tensors="pt")
        template = request.parameters.get("chat_template") or tokenizer.chat_template
        if template:
            messages = [{"role": message.role, "content": message.content} for message in request.messages]
            text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
            return tokenizer(text, add_special_tokens=False, return_tensors="pt")
        return tokenizer(*(message.content for message in request.messages[-2:]), return_tensors="pt")

    def _load(self, request: Request) -> tuple[Any, Any]:
        revision = request.parameters.get("revision")
        loading = {
            "device_map": request.parameters.get("device_map"),
            "dtype": request.parameters.get("dtype", "auto"),
        }
        key = (request.model, revision, *map(str, loading.values()))
        if key not in self._loaded:
            try:
                tokenizer = self._library.AutoTokenizer.from_pretrained(
                    request.model, revision=revision, trust_remote_code=False
                )
                model: Any = self._library.AutoModelForSequenceClassification.from_pretrained(
                    request.model, revision=revision, **loading, trust_remote_code=False
                )
            except (OSError, ValueError, ImportError) as error:
                raise UsageError(f"transformers cannot load {request.model!r}: {error}") from error
            if loading["device_map"] is None:
                model = on_best_device(self._torch, model, request.model)
            self._loaded[key] = (tokenizer, model.eval())
        return self._loaded[key]
