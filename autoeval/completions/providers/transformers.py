"""A Hugging Face model in this process, through `transformers`."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autoeval.completions.providers.causal_models import LOADING, CausalModel, weights_of
from autoeval.completions.providers.parameters import adapt, refuse_unknown
from autoeval.completions.providers.torch_memory import (
    Room,
    best_device,
    free_memory,
    ran_out_of_memory,
    unused_memory,
)
from autoeval.completions.providers.torch_steps import Recorder, TopLogprobs, growing, one_token
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Request, TokenLogprobs

__all__ = ["TransformersProvider", "body", "weights_of"]

_KNOWN = frozenset(
    {
        *LOADING,
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
_MOST_TOKENS = 512


class TransformersProvider:
    """Answers with a causal language model. `model` is a name on the hub or a folder.

    Of OpenAI's parameters it takes `max_tokens`, `temperature`, `top_p`, `seed`, `stop`, `logprobs` and
    `top_logprobs`; besides, `top_k`, `repetition_penalty`, `batch_size` (most requests in one forward pass),
    `chat_template`, and for loading `device_map`, `dtype` and `revision`. Code of a model is never run.

    Without a `device_map` the model goes to the accelerator where there is one. Requests are batched by length, as many
    as a budget of tokens allows; where memory runs out, batches are halved from then on. A sampled reply depends on its
    batch, so it is repeated exactly only by a run with the same requests and the same memory; greedy ones
    (temperature 0) do not depend on it but for rounding.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:  # noqa: ARG002
        """Check that the library is there; the model is loaded with the first request."""
        import torch
        import transformers

        self._torch = torch
        self._library = transformers
        self._loaded: dict[tuple[Any, ...], CausalModel] = {}
        self._room = Room.of(best_device(torch))

    @property
    def batch_size(self) -> int:
        """How many requests to hand over at once: as many are lost where a run is killed."""
        return self._room.handed_over

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
        prompts = list(_tokenized(prompts))
        for prompt in prompts:
            if prompt.excess:
                outcomes[prompt.index] = Failure(FailureKind.INVALID_REQUEST, prompt.excess)
        for group in _groups(prompt for prompt in prompts if not prompt.excess):
            left = deque(group)
            while left:
                outcomes.update(self._answered(left))
        return [outcomes[index] for index in range(len(requests))]

    def close(self) -> None:
        """Free the models' memory."""
        self._loaded.clear()

    def _answered(self, left: "deque[_Prompt]") -> dict[int, Completion | Failure]:
        """Take a batch off what is left and answer it; where memory runs out, half of it."""
        asked = left[0].parameters.get("batch_size")
        size = self._room.size(
            [prompt.n_tokens for prompt in left],
            None if asked is None else int(asked),
            is_one_pass=_is_one_greedy_token(left[0]),
        )
        while True:
            batch = [left.popleft() for _ in range(size)]
            try:
                return dict(self._generate(batch))
            except (MemoryError, RuntimeError) as error:
                if not ran_out_of_memory(self._torch, error):
                    raise
                left.extendleft(reversed(batch))
            free_memory(self._torch)  # here, where nothing holds what the error's frames held
            if size == 1:
                prompt = left.popleft()
                told = f"{prompt.n_tokens} tokens of prompt and reply do not fit into memory"
                return {prompt.index: Failure(FailureKind.INVALID_REQUEST, told)}
            size = self._room.halve(size, left[0].n_tokens)

    def _prompt(self, index: int, request: Request) -> "_Prompt":
        """Put a request into the model's words."""
        loaded = self._load(request)
        parameters = adapt("transformers", request.model, request.parameters)
        refuse_unknown("transformers", parameters, _KNOWN)
        text = request.prompt if request.prompt is not None else _chat(loaded.tokenizer, request)
        return _Prompt(
            index, request, loaded, text, parameters, int(parameters.get("max_tokens", _MOST_TOKENS))
        )

    def _load(self, request: Request) -> CausalModel:
        loading = {name: request.parameters.get(name, default) for name, default in LOADING.items()}
        key = (request.model, *map(str, loading.values()))
        if key not in self._loaded:
            self._loaded[key] = loaded = CausalModel.load(self._torch, request.model, loading)
            self._room.fit(unused_memory(self._torch), loaded.kept_of_a_token)
        return self._loaded[key]

    def _generate(self, batch: "Sequence[_Prompt]") -> Iterator[tuple[int, Completion | Failure]]:
        torch, first = self._torch, batch[0]
        tokenizer, model = first.loaded.tokenizer, first.loaded.model
        inputs = tokenizer.pad({"input_ids": [prompt.tokens for prompt in batch]}, return_tensors="pt")
        inputs = inputs.to(model.device)
        if "seed" in first.parameters:
            torch.manual_seed(int(first.parameters["seed"]) + first.request.sample)
        started = time.perf_counter()
        with torch.inference_mode():
            if _is_one_greedy_token(first):
                new, logprobs = one_token(torch, model, inputs, _n_top(first))
            else:
                new, logprobs = self._decoded(first, inputs)
        seconds = (time.perf_counter() - started) / len(batch)
        for row, prompt in enumerate(batch):
            yield prompt.index, self._completion(prompt, new[row], row, logprobs, seconds)

    def _decoded(self, first: "_Prompt", inputs: Any) -> tuple[list[list[int]], TopLogprobs | None]:
        """Generate token by token; returns the new tokens of each row."""
        arguments = _arguments(first, first.loaded.tokenizer)
        recorder = None if (n_top := _n_top(first)) is None else Recorder(self._torch, n_top)
        # what is recorded is the model's own, before any penalty
        recording = [] if recorder is None else [recorder, *self._penalties(first, arguments)]
        with growing(self._torch) as leave_out:
            processors = self._library.LogitsProcessorList([leave_out, *recording])
            sequences = first.loaded.model.generate(
                **inputs, **arguments, logits_processor=processors
            ).sequences
        new = sequences[:, inputs["input_ids"].shape[1] :]
        return new.tolist(), None if recorder is None else recorder.finished(sequences)

    def _penalties(self, first: "_Prompt", arguments: dict[str, Any]) -> list[Any]:
        """Take the penalty on repetition out of the arguments, to come after what is recorded."""
        configured = first.loaded.model.generation_config.repetition_penalty
        penalty = arguments.get("repetition_penalty", configured)
        arguments["repetition_penalty"] = 1.0
        return [] if penalty in (None, 1.0) else [self._library.RepetitionPenaltyLogitsProcessor(penalty)]

    def _completion(
        self, prompt: "_Prompt", new: list[int], row: int, logprobs: TopLogprobs | None, seconds: float
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
            logprobs=_read(logprobs, row, kept, prompt.loaded.text_of),
            model=prompt.request.model,
            input_tokens=len(prompt.tokens),
            output_tokens=len(kept) + (length is not None),
            seconds=seconds,
        )


class _InvalidError(Exception):
    """This one request cannot be answered."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A request as tokens; `index` is its place among the requests."""

    index: int
    request: Request
    loaded: CausalModel
    text: str
    parameters: dict[str, Any]
    most: int
    tokens: Sequence[int] = ()

    @property
    def n_tokens(self) -> int:
        """How many tokens prompt and reply have at most."""
        return len(self.tokens) + self.most

    @property
    def excess(self) -> str | None:
        """Why it cannot be asked, where it is longer than the model reads."""
        if self.loaded.longest is None or self.n_tokens <= self.loaded.longest:
            return None
        n_prompt = len(self.tokens)
        return f"{n_prompt} prompt tokens and {self.most} new ones exceed the model's {self.loaded.longest}"

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


def _tokenized(prompts: Iterable[_Prompt]) -> Iterator[_Prompt]:
    """Give prompts their tokens, many at a time: one by one, a tokenizer would hold an accelerator up."""
    together = defaultdict(list)
    for prompt in prompts:
        is_chat = prompt.request.prompt is None
        together[id(prompt.loaded), is_chat].append(prompt)
    for (_, is_chat), group in together.items():
        read = group[0].loaded.tokenizer([prompt.text for prompt in group], add_special_tokens=not is_chat)
        for prompt, tokens in zip(group, read["input_ids"], strict=True):
            yield replace(prompt, tokens=tokens)


def _groups(prompts: Iterable[_Prompt]) -> Iterator[Sequence[_Prompt]]:
    """Put prompts together that may share a batch, longest first, so that little is padding."""
    groups = defaultdict(list)
    for prompt in prompts:
        groups[prompt.company].append(prompt)
    for group in groups.values():
        yield sorted(group, key=lambda prompt: len(prompt.tokens), reverse=True)


def _n_top(prompt: _Prompt) -> int | None:
    """Return how many alternatives of each token are wanted; None where no log probabilities are."""
    return int(prompt.parameters.get("top_logprobs", 0)) if prompt.parameters.get("logprobs") else None


def _is_one_greedy_token(prompt: _Prompt) -> bool:
    """Whether one pass of the model is the whole reply, as a judge's whose verdict is one token."""
    parameters = prompt.parameters
    return (
        prompt.most == 1
        and float(parameters.get("temperature", 1.0)) == 0
        and "repetition_penalty" not in parameters
        and prompt.loaded.is_plain
    )


def _read(
    logprobs: TopLogprobs | None, row: int, kept: Sequence[int], text_of: Callable[[int], str]
) -> tuple[TokenLogprobs, ...]:
    if logprobs is None:
        return ()
    return tuple(
        TokenLogprobs(text_of(token), chosen, tuple(zip(map(text_of, others), values, strict=True)))
        for token, (chosen, others, values) in zip(kept, logprobs[row], strict=False)
    )


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
