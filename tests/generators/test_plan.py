"""What a model is asked for: each output once, samples told apart, outputs that exist left out."""

from autoeval.completions.keys import request_key
from autoeval.data.instructions import Instruction
from autoeval.generators.loading import load_generator
from autoeval.generators.plan import GenerationPlan

INSTRUCTIONS = [Instruction("Sing."), Instruction("Dance.", "steps")]


def _plan(
    n_samples: int = 1, kept: frozenset[tuple[str, int]] = frozenset(), **parameters: object
) -> GenerationPlan:
    config = {"provider": "openai", "model": "m", "parameters": parameters}
    return GenerationPlan(load_generator({"mine": config}), INSTRUCTIONS, n_samples, kept)


def test_samples_of_an_instruction_are_different_requests_in_order() -> None:
    plan = _plan(n_samples=3, temperature=1)
    wanted = list(plan)
    assert [(one.instruction.text, one.sample) for one in wanted] == list(plan.all_keys())
    assert [one.sample for one in wanted] == [0, 1, 2, 0, 1, 2]
    assert len({request_key(request) for request in plan.first_requests()}) == 6


def test_each_sample_has_a_seed_of_its_own() -> None:
    seeds = [request.parameters["seed"] for request in _plan(n_samples=3, seed=7).first_requests()]
    assert seeds == [7, 8, 9, 7, 8, 9]


def test_more_samples_ask_the_first_ones_as_before() -> None:
    few = [request_key(request) for request in _plan(n_samples=1, seed=0).first_requests()]
    many = [request_key(request) for request in _plan(n_samples=2, seed=0).first_requests()]
    assert many[0::2] == few


def test_outputs_that_exist_are_not_asked_for() -> None:
    plan = _plan(n_samples=2, kept=frozenset({("Sing.", 1), ("Dance.", 0)}))
    assert [one.key for one in plan] == [("Sing.", 0), ("Dance.", 1)]
    assert plan.n_outputs == 4
