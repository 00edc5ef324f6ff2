"""Log probabilities of a model's steps, without keeping the logits of every token of the vocabulary."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

TopLogprobs = list[list[tuple[float, list[int], list[float]]]]
"""Of each row, of each new token: its log probability, and the likeliest tokens with theirs."""


def one_token(
    torch: Any, model: Any, inputs: Any, n_top: int | None
) -> tuple[list[list[int]], TopLogprobs | None]:
    """Return each row's likeliest next token, by one pass that computes the logits of the last place alone.

    Args:
        torch: the library.
        model: a causal language model.
        inputs: `input_ids` and `attention_mask`, padded on the left.
        n_top: how many alternatives are wanted; None for no log probabilities.
    """
    mask = inputs["attention_mask"]
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    logits = model(**inputs, position_ids=places, logits_to_keep=1, use_cache=False).logits[:, -1]
    tokens = logits.argmax(dim=-1, keepdim=True)
    if n_top is None:
        return tokens.tolist(), None
    recorder = Recorder(torch, n_top)
    recorder(inputs["input_ids"], logits)
    return tokens.tolist(), recorder.finished(tokens)


@contextmanager
def growing(torch: Any) -> Iterator[Callable[[Any, Any], Any]]:
    """Give a logits processor that changes nothing, but leaves cuDNN's attention out once the prompts are read.

    It is the fastest over prompts. While replies grow it plans each new length, which takes longer than the step.
    """
    was_enabled = torch.backends.cuda.cudnn_sdp_enabled()

    def leave_out(input_ids: Any, scores: Any) -> Any:  # noqa: ARG001
        torch.backends.cuda.enable_cudnn_sdp(False)
        return scores

    try:
        yield leave_out
    finally:
        torch.backends.cuda.enable_cudnn_sdp(was_enabled)


class Recorder:
    """A logits processor that changes nothing. Of each step it keeps what is wanted, of the last one everything."""

    def __init__(self, torch: Any, n_top: int) -> None:
        """Begin with no step."""
        self._torch = torch
        self._n_top = n_top
        self._last: Any = None
        self._chosen: list[Any] = []
        self._tops: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Note a step's logits; the token that was chosen in the one before is the last of `input_ids`."""
        self._note_choice(input_ids[:, -1:])
        self._last = self._torch.log_softmax(scores.float(), dim=-1)
        self._tops.append(self._last.topk(min(self._n_top, self._last.shape[-1])))
        return scores

    def finished(self, sequences: Any) -> TopLogprobs:
        """Return what was kept; `sequences` end with the last token that was chosen."""
        self._note_choice(sequences[:, -1:])
        chosen = self._torch.cat(self._chosen, dim=1).tolist()
        tops = [(top.indices.tolist(), top.values.tolist()) for top in self._tops]
        return [
            [(row[step], tokens[number], values[number]) for step, (tokens, values) in enumerate(tops)]
            for number, row in enumerate(chosen)
        ]

    def _note_choice(self, tokens: Any) -> None:
        if self._last is not None:
            self._chosen.append(self._last.gather(1, tokens.to(self._last.device)))
            self._last = None
