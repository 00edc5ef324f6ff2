"""Models in this process beside plain loops over the same model: generation, and judging by one token.

The model has random weights and is made on the spot: 1.1 billion of them where there is an accelerator, few on a
processor. `python -m benchmarks.run local_models` takes less than five minutes.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autoeval.completions.ask import AskOptions, Silent, ask
from autoeval.completions.cache import Cache
from autoeval.completions.providers.torch_memory import best_device
from autoeval.types import Endpoint, Message, Request
from benchmarks.results import Section
from tests.completions.providers.tiny_model import make_tiny_model

REPEATS = 2
LEAST = 0.85
_ENDPOINT = Endpoint("transformers")
_LETTERS = "abcdefghijklmnopqrstuvwxyz "


@dataclass(frozen=True)
class Size:
    """How much is measured: the model's sizes, how many are asked, and how many the plain loop takes at once."""

    model: dict[str, Any]
    vocabulary: int
    n_generated: int
    n_judged: int
    new_tokens: int
    longest_prompt: int
    batch: int


SMALL = Size(
    {"hidden_size": 128, "intermediate_size": 352, "max_position_embeddings": 512},
    vocabulary=4_000,
    n_generated=48,
    n_judged=96,
    new_tokens=24,
    longest_prompt=160,
    batch=16,
)
LARGE = Size(
    {
        "hidden_size": 2_048,
        "intermediate_size": 5_632,
        "num_hidden_layers": 22,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "max_position_embeddings": 4_096,
        "initializer_range": 0.05,
        "dtype": "bfloat16",
    },
    vocabulary=32_000,
    n_generated=512,
    n_judged=1_024,
    new_tokens=64,
    longest_prompt=1_200,
    batch=256,
)


def measure() -> Section:
    """Measure both, each in turn with its plain loop."""
    import torch
    import transformers

    device = best_device(torch)
    size = SMALL if device == "cpu" else LARGE
    with tempfile.TemporaryDirectory() as folder:
        model = make_tiny_model(Path(folder), vocabulary=size.vocabulary, **size.model)
        plain = PlainLoop(model, device, size)
        rows, reached = [], []
        for name, n_asked, parameters, loop in (
            ("generation", size.n_generated, {"max_tokens": size.new_tokens}, plain.generate),
            (
                "judging",
                size.n_judged,
                {"max_tokens": 1, "logprobs": True, "top_logprobs": 5},
                plain.judge,
            ),
        ):
            requests = [
                Request(
                    _ENDPOINT, model, (Message("user", text),), parameters={"temperature": 0, **parameters}
                )
                for text in _prompts(n_asked, size.longest_prompt)
            ]
            began = time.perf_counter()
            loop(requests)
            at_first = time.perf_counter() - began
            ours, theirs = in_turn(partial(_ask, requests), partial(loop, requests))
            share = theirs / ours
            seconds = (f"{taken:.2f}" for taken in (ours, theirs, at_first))
            rows.append((name, f"{n_asked:,}", *seconds, f"{100 * share:.0f}%"))
            reached.append(
                (f"{name} at least {100 * LEAST:.0f}% of the plain loop: {100 * share:.0f}%", share >= LEAST)
            )
    return Section(
        "models in this process beside plain loops",
        ("", "requests", "seconds, autoeval", "seconds, plain loop", "at first", "speed of the plain loop's"),
        rows,
        reached=reached,
        device=torch.cuda.get_device_name() if device == "cuda" else "a processor",
        notes=[
            f"A Llama of {plain.n_weights / 1e6:,.1f} million random weights. The plain loop sorts the prompts by "
            f"length, takes {size.batch} at a time, and keeps nothing; autoeval looks up, batches, asks, reads log "
            "probabilities and stores in its figure. Loading the model is in neither. *At first*: the loop's first "
            f"round, before the device has met texts of these lengths. With torch {torch.__version__} and transformers "
            f"{transformers.__version__}.",
            *(
                ["On a processor the ratio swings, and why is not known: none to rely on."]
                if device == "cpu"
                else []
            ),
        ],
    )


@dataclass
class PlainLoop:
    """What anybody would write who wants the same from the same model."""

    model_name: str
    device: str
    size: Size

    def __post_init__(self) -> None:
        """Load the model."""
        import transformers

        library: Any = transformers
        self._tokenizer = library.AutoTokenizer.from_pretrained(self.model_name, padding_side="left")
        loaded = library.AutoModelForCausalLM.from_pretrained(self.model_name, dtype="auto")
        self._model = loaded.to(self.device).eval()
        self.n_weights = sum(part.numel() for part in self._model.parameters())

    def generate(self, requests: Sequence[Request]) -> None:
        """Generate as many tokens for each."""
        import torch

        for inputs in self._inputs(requests):
            with torch.inference_mode():
                made = self._model.generate(
                    **inputs, max_new_tokens=self.size.new_tokens, do_sample=False, pad_token_id=0
                )
            self._tokenizer.batch_decode(made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    def judge(self, requests: Sequence[Request]) -> None:
        """Read the log probabilities of the five likeliest first tokens."""
        import torch

        for inputs in self._inputs(requests):
            places = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
            with torch.inference_mode():
                logits = self._model(**inputs, position_ids=places, logits_to_keep=1, use_cache=False).logits
                torch.log_softmax(logits[:, -1].float(), dim=-1).topk(5).values.tolist()

    def _inputs(self, requests: Sequence[Request]) -> Iterator[Any]:
        texts = [
            self._tokenizer.apply_chat_template(
                [{"role": "user", "content": request.messages[0].content}],
                add_generation_prompt=True,
                tokenize=False,
            )
            for request in requests
        ]
        texts.sort(key=len, reverse=True)
        for start in range(0, len(texts), self.size.batch):
            batch = texts[start : start + self.size.batch]
            yield self._tokenizer(
                batch,
                padding=True,
                return_tensors="pt",
                add_special_tokens=False,
                return_token_type_ids=False,
            ).to(self.device)


def in_turn(first: Callable[[], float | None], second: Callable[[], float | None]) -> tuple[float, float]:
    """Return the median seconds of two that are measured in turn; one that returns a number has measured itself."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(REPEATS + 1):
        for what, found in zip((first, second), seconds, strict=True):
            began = time.perf_counter()
            taken = what()
            if number:  # the first round warms up
                found.append(time.perf_counter() - began if taken is None else taken)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def _ask(requests: Sequence[Request]) -> float:
    """Ask as a run does; returns the seconds beyond those of a run that asks for one token."""
    first = Request(_ENDPOINT, requests[0].model, (Message("user", "first"),), parameters={"max_tokens": 1})
    seconds = []
    for asked in ([first], requests):
        began = time.perf_counter()
        with Cache(None) as cache:
            report = ask(asked, cache, AskOptions(), lambda _: None, Silent())
        seconds.append(time.perf_counter() - began)
        assert report.n_asked == len(asked), report.failures
    return seconds[1] - seconds[0]


def _prompts(n: int, longest: int) -> list[str]:
    """Return texts of all lengths, none of which begins like another."""
    return [
        "".join(
            _LETTERS[(7 * number + place * place) % len(_LETTERS)]
            for place in range(8 + 37 * number % longest)
        )
        for number in range(n)
    ]
