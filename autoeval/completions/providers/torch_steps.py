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
    """Generate within it, with the logits processor that it gives: it changes no logits, but how steps attend.

    Heads that share keys and values are looked at together (see `_sharing`). And cuDNN's attention, the fastest over
    prompts, is left out once they are read: while replies grow it plans each new length, which takes longer than the
    step.
    """
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    attend: Any = ALL_ATTENTION_FUNCTIONS
    was_enabled, usual = torch.backends.cuda.cudnn_sdp_enabled(), attend["sdpa"]

    def leave_out(input_ids: Any, scores: Any) -> Any:  # noqa: ARG001
        torch.backends.cuda.enable_cudnn_sdp(False)
        return scores

    attend["sdpa"] = _sharing(torch, usual)
    try:
        yield leave_out
    finally:
        attend["sdpa"] = usual
        torch.backends.cuda.enable_cudnn_sdp(was_enabled)


def _sharing(torch: Any, usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return an attention that takes a step's heads of one group as so many queries of the head that they share.

    transformers before 5.23 copies keys and values for every head at every step, where there is padding.
    """

    def attend(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **how: Any) -> Any:
        n_rows, n_heads, n_queries, _ = query.shape
        n_shared = key.shape[1]
        is_mask_shared = attention_mask is not None and attention_mask.shape[1] == 1
        if n_queries > 1 or n_heads == n_shared or not is_mask_shared or how.get("position_bias") is not None:
            return usual(module, query, key, value, attention_mask, **how)
        seen = torch.nn.functional.scaled_dot_product_attention(
            query.reshape(n_rows, n_shared, n_heads // n_shared, -1),
            key,
            value,
            attn_mask=attention_mask,
            scale=how.get("scaling"),
        )
        return seen.reshape(n_rows, 1, n_heads, -1), None

    return attend


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
