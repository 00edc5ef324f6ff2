"""A Hugging Face model in this process, through `transformers`."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.completions.providers.parameters import adapt, refuse_unknown
from autoeval.completions.providers.weights import fingerprint
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request, TokenLogprobs

_LOADING = {"device_map": None, "dtype": "auto", "revision": None}
_KNOWN = frozenset(
    {
        *_LOADING,
        "batch_size",
        "chat_template",
        "logprobs",
        "max_tokens",
        "repetition_penalty",
        "seed",
        "stop",
        "temperature",
        "top_k",
        "top_logprobs",
        "top_p",
    }
)
_MODEL_FILES = frozenset({".bin", ".jinja", ".json", ".model", ".safetensors", ".txt"})
_BATCH = 8
_MOST_TOKENS = 512


class TransformersProvider:
    """Answers with a causal language model. `model` is a name on the hub or a folder.

    Of OpenAI's parameters it takes `max_tokens`, `temperature`, `top_p`, `seed`, `stop`, `logprobs` and
    `top_logprobs`; besides, `top_k`, `repetition_penalty`, `batch_size` (requests in one forward pass),
    `chat_template`, and for loading `device_map`, `dtype` and `revision`. Code of a model is never run.

    Requests are batched by length. A sampled reply depends on its batch, so it is repeated exactly only by a run
    with the same requests; greedy ones (temperature 0) do not depend on it but for rounding.
    """

    batch_size = 4 * _BATCH
    """How many requests to hand over at once: as many are lost where a run is killed."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:  # noqa: ARG002
        """Check that the library is there; the model is loaded with the first request."""
        import torch
        import transformers

        self._torch = torch
        self._library = transformers
        self._loaded: dict[tuple[Any, ...], _Loaded] = {}

    def complete_many(self, requests: Sequence[Request]) -> list[Completion | Failure]:
        """Answer requests in batches of similar length; the result is in their order."""
        outcomes: dict[int, Completion | Failure] = {}
        prompts: list[_Prompt] = []
        for index, request in enumerate(requests):
            try:
                prompts.append(self._prompt(index, request))
            except UsageError as error:
                outcomes[index] = Failure(FailureKind.REFUSED, str(error))
            except _InvalidError as error:
                outcomes[index] = Failure(FailureKind.INVALID_REQUEST, str(error))
        for batch in _batches(prompts):
            outcomes.update(self._generate(batch))
        return [outcomes[index] for index in range(len(requests))]

    def close(self) -> None:
        """Free the models' memory."""
        self._loaded.clear()

    def _load(self, request: Request) -> "_Loaded":
        loading = {name: request.parameters.get(name, default) for name, default in _LOADING.items()}
        key = (request.model, *map(str, loading.values()))
        if key not in self._loaded:
            revision = loading["revision"]
            try:
                tokenizer = self._library.AutoTokenizer.from_pretrained(
                    request.model, revision=revision, padding_side="left", trust_remote_code=False
                )
                model: Any = self._library.AutoModelForCausalLM.from_pretrained(
                    request.model, **loading, trust_remote_code=False
                )
            except (OSError, ValueError, ImportError) as error:
                raise UsageError(f"transformers cannot load {request.model!r}: {error}") from error
            if tokenizer.pad_token is None:
                tokenizer.pad_token = tokenizer.eos_token
            self._loaded[key] = _Loaded(tokenizer, model.eval())
        return self._loaded[key]

    def _prompt(self, index: int, request: Request) -> "_Prompt":
        loaded = self._load(request)
        parameters = adapt("transformers", request.model, request.parameters)
        refuse_unknown("transformers", parameters, _KNOWN)
        text = request.prompt if request.prompt is not None else _chat(loaded.tokenizer, request)
        tokens = loaded.tokenizer(text, add_special_tokens=request.prompt is not None)["input_ids"]
        most = int(parameters.get("max_tokens", _MOST_TOKENS))
        room = getattr(loaded.model.config, "max_position_embeddings", None)
        if room is not None and len(tokens) + most > room:
            raise _InvalidError(f"{len(tokens)} prompt tokens and {most} new ones exceed the model's {room}")
        return _Prompt(index, request, loaded, tokens, parameters, most)

    def _generate(self, batch: "Sequence[_Prompt]") -> Iterator[tuple[int, Completion | Failure]]:
        torch, first = self._torch, batch[0]
        tokenizer, model = first.loaded.tokenizer, first.loaded.model
        inputs = tokenizer.pad({"input_ids": [prompt.tokens for prompt in batch]}, return_tensors="pt")
        inputs = inputs.to(model.device)
        if "seed" in first.parameters:
            torch.manual_seed(int(first.parameters["seed"]) + first.request.sample)
        started = time.perf_counter()
        with torch.inference_mode():
            result = model.generate(**inputs, **_arguments(first, tokenizer))
        seconds = (time.perf_counter() - started) / len(batch)
        width = inputs["input_ids"].shape[1]
        for row, prompt in enumerate(batch):
            new = result.sequences[row, width:].tolist()
            yield prompt.index, self._completion(prompt, new, row, result.logits, seconds)

    def _completion(
        self, prompt: "_Prompt", new: list[int], row: int, logits: Any, seconds: float
    ) -> Completion:
        tokenizer, ends = prompt.loaded.tokenizer, prompt.loaded.ends
        length = next((place for place, token in enumerate(new) if token in ends), None)
        kept = new if length is None else new[:length]
        text = tokenizer.decode(kept, skip_special_tokens=True)
        text, was_stopped = _cut(text, _stops(prompt.parameters))
        is_finished = length is not None or was_stopped
        return Completion(
            text=text,
            finish_reason="stop" if is_finished else "length",
            logprobs=self._logprobs(prompt, kept, row, logits),
            model=prompt.request.model,
            input_tokens=len(prompt.tokens),
            output_tokens=len(kept) + (length is not None),
            seconds=seconds,
        )

    def _logprobs(
        self, prompt: "_Prompt", kept: list[int], row: int, logits: Any
    ) -> tuple[TokenLogprobs, ...]:
        if logits is None:
            return ()
        decode = prompt.loaded.tokenizer.decode
        n_top = int(prompt.parameters.get("top_logprobs", 0))
        found = []
        for token, step in zip(kept, logits, strict=False):
            logprobs = self._torch.log_softmax(step[row].float(), dim=-1)
            top = logprobs.topk(min(n_top, len(logprobs)))
            alternatives = tuple(
                (decode([other]), value)
                for other, value in zip(top.indices.tolist(), top.values.tolist(), strict=True)
            )
            found.append(TokenLogprobs(decode([token]), float(logprobs[token]), alternatives))
        return tuple(found)


class _InvalidError(Exception):
    """This one request cannot be answered."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    tokenizer: Any
    model: Any

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply."""
        configured = self.model.generation_config.eos_token_id
        ends = configured if isinstance(configured, list) else [configured, self.tokenizer.eos_token_id]
        return frozenset(token for token in ends if token is not None)


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A request as tokens; `index` is its place among the requests."""

    index: int
    request: Request
    loaded: _Loaded
    tokens: list[int]
    parameters: dict[str, Any]
    most: int

    @property
    def company(self) -> tuple[Any, ...]:
        """What requests must share to go into one batch."""
        shown = sorted((name, str(value)) for name, value in self.parameters.items())
        sample = self.request.sample if "seed" in self.parameters else 0
        return (id(self.loaded.model), self.most, sample, *shown)


def body(request: Request) -> dict[str, Any]:
    """Return what the model is asked."""
    asked = adapt("transformers", request.model, request.parameters)
    if request.prompt is not None:
        return {"model": request.model, "prompt": request.prompt, **asked}
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return {"model": request.model, "messages": messages, **asked}


def weights_of(model: str) -> str:
    """Return the fingerprint of a folder's weights, or the hub's revision of a named model."""
    folder = Path(model)
    if folder.is_dir():
        return fingerprint(path for path in folder.iterdir() if path.suffix in _MODEL_FILES)
    from transformers.utils.hub import cached_file, extract_commit_hash

    try:
        config = cached_file(model, "config.json")
    except OSError as error:
        raise UsageError(f"transformers cannot find {model!r}: {error}") from error
    return str(extract_commit_hash(config, None))


def _batches(prompts: Sequence[_Prompt]) -> Iterator[Sequence[_Prompt]]:
    """Put prompts of similar length together, longest first, so that little is padding."""
    groups = defaultdict(list)
    for prompt in prompts:
        groups[prompt.company].append(prompt)
    for group in groups.values():
        group.sort(key=lambda prompt: len(prompt.tokens), reverse=True)
        size = int(group[0].parameters.get("batch_size", _BATCH))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _chat(tokenizer: Any, request: Request) -> str:
    template = request.parameters.get("chat_template") or tokenizer.chat_template
    if not template:
        raise _InvalidError(
            f"{request.model} has no chat template: give one with the parameter chat_template, or use 'prompt'"
        )
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    text = tokenizer.apply_chat_template(
        messages, chat_template=template, add_generation_prompt=True, tokenize=False
    )
    return str(text)


def _arguments(prompt: _Prompt, tokenizer: Any) -> dict[str, Any]:
    parameters = prompt.parameters
    temperature = float(parameters.get("temperature", 1.0))
    arguments = {
        "max_new_tokens": prompt.most,
        "pad_token_id": tokenizer.pad_token_id,
        "return_dict_in_generate": True,
        "output_logits": bool(parameters.get("logprobs")),
        "do_sample": temperature > 0,
    }
    if temperature > 0:
        arguments |= {"temperature": temperature, "top_k": int(parameters.get("top_k", 0))}
        arguments |= {"top_p": float(parameters.get("top_p", 1.0))}
    if "repetition_penalty" in parameters:
        arguments["repetition_penalty"] = float(parameters["repetition_penalty"])
    if stops := _stops(parameters):
        arguments |= {"stop_strings": stops, "tokenizer": tokenizer}
    return arguments


def _stops(parameters: dict[str, Any]) -> list[str]:
    stop = parameters.get("stop") or []
    return [stop] if isinstance(stop, str) else list(stop)


def _cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """End a text before the first stop sequence; says whether there was one."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)
