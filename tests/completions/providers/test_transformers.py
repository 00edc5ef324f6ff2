"""A real transformers model, tiny and random: batches, logprobs, limits, and what is refused."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoeval.completions.providers import LocalProvider, body, create, weights_of
from autoeval.errors import UsageError
from autoeval.types import Completion, Endpoint, Failure, FailureKind, Message, Request
from tests.completions.providers.tiny_model import make_tiny_model

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
ENDPOINT = Endpoint("transformers")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("transformers", reason="the extra `transformers` is not installed")
    pytest.importorskip("torch", reason="the extra `transformers` is not installed")
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def provider() -> Iterator[LocalProvider]:
    provider = create(ENDPOINT, 10)
    assert isinstance(provider, LocalProvider)
    yield provider
    provider.close()


def chat(model: str, text: str, **parameters: Any) -> Request:
    given = {"temperature": 0, "max_tokens": 8, **parameters}
    return Request(ENDPOINT, model, (Message("user", text),), parameters=given)


def answers(provider: LocalProvider, *requests: Request) -> list[Completion]:
    outcomes = provider.complete_many(requests)
    assert all(isinstance(outcome, Completion) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Completion)]


def failure(provider: LocalProvider, request: Request) -> Failure:
    (outcome,) = provider.complete_many([request])
    assert isinstance(outcome, Failure), outcome
    return outcome


def test_a_batch_says_what_its_requests_say_alone(model: str, provider: LocalProvider) -> None:
    texts = ["".join(chr(97 + (7 * i + k * k) % 26) for k in range(1 + 7 * i % 97)) for i in range(21)]
    requests = [chat(model, text, logprobs=True, top_logprobs=3) for text in texts]
    together = answers(provider, *requests)
    alone = [answers(provider, request)[0] for request in requests]
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert len({reply.text for reply in together}) > 5, "the prompts matter"
    for a, b in zip(together, alone, strict=True):
        assert a.input_tokens == b.input_tokens
        assert [t.logprob for t in a.logprobs] == pytest.approx([t.logprob for t in b.logprobs], abs=1e-4)


def test_logprobs_are_the_models_own(model: str, provider: LocalProvider) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (reply,) = answers(provider, chat(model, "what", max_tokens=1, logprobs=True, top_logprobs=100))
    (token,) = reply.logprobs
    assert math.isclose(sum(math.exp(logprob) for _, logprob in token.top), 1.0, rel_tol=1e-5)
    tokenizer = AutoTokenizer.from_pretrained(model)
    inputs = tokenizer("user: what|assistant:", return_tensors="pt")
    with torch.inference_mode():
        logits = AutoModelForCausalLM.from_pretrained(model)(**inputs).logits[0, -1]
    best = int(logits.argmax())
    assert token.token == tokenizer.decode([best])
    assert token.logprob == pytest.approx(float(logits.log_softmax(-1)[best]), abs=1e-5)


def test_seeds_and_samples(model: str, provider: LocalProvider) -> None:
    def sampled(seed: int, sample: int = 0) -> str:
        request = Request(
            ENDPOINT,
            model,
            (Message("user", "w1"),),
            parameters={"temperature": 2, "seed": seed, "max_tokens": 20},
            sample=sample,
        )
        return answers(provider, request)[0].text

    assert sampled(1) == sampled(1)
    assert len({sampled(1), sampled(1, sample=1), sampled(7)}) == 3


def test_length_stop_and_plain_prompt(model: str, provider: LocalProvider) -> None:
    (long,) = answers(provider, chat(model, "one two three", max_tokens=8))
    assert long.finish_reason == "length"
    assert long.output_tokens == 8
    stop = long.text[3]
    (cut,) = answers(provider, chat(model, "one two three", max_tokens=8, stop=stop))
    assert cut.finish_reason == "stop"
    assert cut.text == long.text[: long.text.index(stop)]
    (plain,) = answers(provider, Request(ENDPOINT, model, prompt="ab", parameters={"max_tokens": 3}))
    assert plain.input_tokens == 2


def test_a_prompt_that_is_too_long_fails_alone(model: str, provider: LocalProvider) -> None:
    outcomes = provider.complete_many([chat(model, "a" * 300), chat(model, "w1")])
    assert isinstance(outcomes[0], Failure)
    assert outcomes[0].kind is FailureKind.INVALID_REQUEST
    assert isinstance(outcomes[1], Completion)


def test_no_chat_template(provider: LocalProvider, tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path, has_template=False)
    found = failure(provider, chat(model, "w1"))
    assert found.kind is FailureKind.INVALID_REQUEST
    assert "chat_template" in found.message
    template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    (reply,) = answers(provider, chat(model, "ab", chat_template=template))
    assert reply.input_tokens == 2


def test_what_is_not_there_or_not_known_is_refused(
    model: str, provider: LocalProvider, tmp_path: Path
) -> None:
    found = failure(provider, chat(str(tmp_path), "w1"))
    assert found.kind is FailureKind.REFUSED
    found = failure(provider, chat(model, "w1", temprature=0))
    assert found.kind is FailureKind.REFUSED
    assert "Did you mean 'temperature'" in found.message


def test_code_that_comes_with_a_model_is_not_run(provider: LocalProvider, tmp_path: Path) -> None:
    model = tmp_path / "model"
    make_tiny_model(model)
    config = json.loads((model / "config.json").read_text())
    config |= {"model_type": "strange", "auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}}
    (model / "config.json").write_text(json.dumps(config))
    (model / "own.py").write_text(f"open({str(tmp_path / 'was here')!r}, 'w')\n")
    found = failure(provider, chat(str(model), "w1"))
    assert found.kind is FailureKind.REFUSED
    assert not (tmp_path / "was here").exists()


def test_weights_and_body(model: str, tmp_path: Path) -> None:
    other = make_tiny_model(tmp_path, has_template=False)
    assert weights_of("transformers", model) != weights_of("transformers", other)
    assert weights_of("transformers", model) == weights_of("transformers", model)
    assert body(chat(model, "w1", max_completion_tokens=3, max_tokens=None)) == {
        "model": model,
        "messages": [{"role": "user", "content": "w1"}],
        "temperature": 0,
        "max_tokens": 3,
    }


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="cannot find"):
        weights_of("transformers", "nobody/no-such-model")


def test_heads_that_share_keys_are_not_left_to_the_library_while_a_reply_grows(
    model: str, provider: LocalProvider
) -> None:
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    attend: Any = ALL_ATTENTION_FUNCTIONS
    usual = attend["sdpa"]
    n_queries: set[int] = set()

    def copying(module: Any, query: Any, *arguments: Any, **how: Any) -> Any:
        n_queries.add(query.shape[2])  # before 5.23 the library copies keys for every head here
        return usual(module, query, *arguments, **how)

    attend["sdpa"] = copying
    try:
        answers(provider, chat(model, "a"), chat(model, "a longer one"))  # so that the first has padding
        assert n_queries == {len("user: a longer one|assistant:")}, "the prompts, and no token after them"
        assert attend["sdpa"] is copying
    finally:
        attend["sdpa"] = usual
