"""How large batches are, and what happens where memory runs out: with a real model whose memory is said to be small."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.providers.torch_memory import Room
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request
from tests.completions.providers.tiny_model import make_tiny_model


def test_as_many_go_together_as_the_budget_of_tokens_holds_in_batches_of_even_sizes() -> None:
    room = Room(tokens=1_000, pass_tokens=400, requests=8, handed_over=32)
    assert room.size([100] * 50, None) == 8
    assert room.size([100] * 9, None) == 5  # not 8, and one more pass for the ninth
    assert room.size([300, 10, 10], None) == 3
    assert room.size([500, 10, 10], None) == 2
    assert room.size([5_000], None) == 1
    assert room.size([10] * 50, 20) == 17
    assert room.size([100] * 50, None, is_one_pass=True) == 4
    assert room.halve(8, 100) == 4
    assert room.size([100] * 50, None) == 4


def test_a_model_that_keeps_much_of_each_token_gets_smaller_batches() -> None:
    room = Room.of("cuda")
    room.fit(None, 100)
    room.fit(10**12, None)
    room.fit(10**12, 100)
    assert room.tokens == 262_144
    room.fit(10**9, 60_000)
    assert room.tokens == 10_000


class Small:
    """Lets a real model run out of memory above so many tokens in one pass."""

    def __init__(self, model: Any, most: int) -> None:
        self.passes: list[tuple[int, int]] = []
        forward = model.forward

        def bounded(*given: Any, **named: Any) -> Any:
            import torch

            shape = tuple(named["input_ids"].shape)
            if shape[0] * shape[1] > most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            self.passes.append(shape)
            return forward(*given, **named)

        bounded.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
        model.forward = bounded


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
class TestTinyModel:
    """One model for all of them."""

    @pytest.fixture(scope="class")
    def model(self, tmp_path_factory: pytest.TempPathFactory) -> str:
        pytest.importorskip("transformers", reason="the extra `transformers` is not installed")
        return make_tiny_model(Path(tmp_path_factory.mktemp("tiny")))

    @pytest.fixture
    def provider(self) -> Iterator[Any]:
        from autoeval.completions.providers.transformers import TransformersProvider

        made = TransformersProvider(Endpoint("transformers"), 10)
        yield made
        made.close()

    def _requests(self, model: str, n: int, **parameters: Any) -> list[Request]:
        given = {"temperature": 0, "max_tokens": 4, "logprobs": True, "top_logprobs": 2, **parameters}
        texts = ["x" * (3 + 5 * number % 17) for number in range(n)]
        return [
            Request(Endpoint("transformers"), model, (Message("user", text),), parameters=given)
            for text in texts
        ]

    def test_batches_are_halved_until_they_fit_and_say_the_same(self, model: str, provider: Any) -> None:
        requests = self._requests(model, 12)
        before = provider.complete_many(requests)
        (loaded,) = provider._loaded.values()
        small = Small(loaded.model, most=200)
        after = provider.complete_many(requests)
        assert [one.text for one in after] == [one.text for one in before]
        assert 1 < max(size for size, _ in small.passes) < 12
        n_passes = len(small.passes)
        provider.complete_many(requests)
        assert len(small.passes) == 2 * n_passes  # what was learned is kept

    def test_a_request_that_fits_nowhere_fails_alone(self, model: str, provider: Any) -> None:
        requests = [*self._requests(model, 3), *self._requests(model, 1)]
        requests[0] = Request(
            requests[0].endpoint, model, (Message("user", "y" * 150),), parameters=requests[0].parameters
        )
        provider.complete_many(requests[1:])
        (loaded,) = provider._loaded.values()
        Small(loaded.model, most=120)
        long, *others = provider.complete_many(requests)
        assert isinstance(long, Failure)
        assert long.kind is FailureKind.INVALID_REQUEST
        assert "memory" in long.message
        assert all(isinstance(one, Completion) for one in others)

    def test_one_token_by_one_pass_is_what_generating_says(self, model: str, provider: Any) -> None:
        one = provider.complete_many(self._requests(model, 9, max_tokens=1))
        many = provider.complete_many(self._requests(model, 9, max_tokens=2))
        for short, long in zip(one, many, strict=True):
            if not long.logprobs:
                continue
            assert short.logprobs[0].token == long.logprobs[0].token
            assert short.logprobs[0].logprob == pytest.approx(long.logprobs[0].logprob, abs=1e-4)
            assert [text for text, _ in short.logprobs[0].top] == [text for text, _ in long.logprobs[0].top]
