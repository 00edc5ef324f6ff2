import re
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autoeval.annotators.builtin import BUILTIN, FINGERPRINTS, longest, offline
from autoeval.annotators.builtin.preferring import WEIGHTS, WEIGHTS_BY_HAND
from autoeval.annotators.builtin.text_features import Features, measure
from autoeval.annotators.kinds import PAIRWISE
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.resources import shipped
from benchmarks.fit_offline_judge import fit
from benchmarks.judge_data import GPT4_SOURCES, HUMAN_SOURCE, fitting_pairs, recorded_data
from benchmarks.measure_offline_judge import Agreement, agreement

Judge = Callable[[str, str, str], float]
any_text = st.text() | st.text(alphabet="ab ,.\n*`#-{}\x00\ud800é中ش🙂")
needs_recorded_data = pytest.mark.skipif(
    not recorded_data().is_dir(), reason="no recorded data (set AUTOEVAL_RECORDED_DATA)"
)

QUESTION = "Why do cats purr?"
ANSWER = (
    "Cats purr for several reasons. Most often a purr means that the animal feels safe, for instance while "
    "you stroke it.\n\nThey also purr when hurt or frightened: the vibration seems to calm them, and its low "
    "frequency may even help bones to heal."
)


@pytest.mark.parametrize("judge", [longest, offline])
@given(instruction=any_text, output_1=any_text, output_2=any_text)
def test_swapping_the_outputs_mirrors_the_preference_exactly(
    judge: Judge, instruction: str, output_1: str, output_2: str
) -> None:
    preference = judge(instruction, output_1, output_2)
    assert 1 <= preference <= 2
    assert preference == 3 - judge(instruction, output_2, output_1)


@pytest.mark.parametrize("judge", [longest, offline])
@given(instruction=any_text, output=any_text)
def test_identical_outputs_tie(judge: Judge, instruction: str, output: str) -> None:
    assert judge(instruction, output, output) == 1.5


@given(output=any_text.filter(lambda text: re.search(r"[a-zé中ش]", text)))
def test_an_empty_output_loses_to_words_of_the_same_script(output: str) -> None:
    instruction = output  # whatever its script is, it is the one asked for
    assert offline(instruction, "", output) > 1.5


@pytest.mark.parametrize(
    ("output_1", "output_2", "preference"), [("ab", "abc", 2), ("abc", "ab", 1), ("abc", "xyz", 1.5)]
)
def test_longest_counts_characters(output_1: str, output_2: str, preference: float) -> None:
    assert longest("", output_1, output_2) == preference


@pytest.mark.parametrize(
    "worse",
    [
        "",
        "I'm sorry, but as an AI language model I cannot answer that.",
        "Because.",
        "cats purr " * 100,
        QUESTION,
        ANSWER[:-60],
        ANSWER + "\n\n### Instruction:",
        "猫会因为很多原因发出呼噜声。最常见的是它们感到安全的时候。",
    ],
    ids=["empty", "refusal", "terse", "loop", "echo", "cut off", "runs on", "another script"],
)
def test_a_full_answer_beats_a_failed_one(worse: str) -> None:
    assert offline(QUESTION, worse, ANSWER) > 1.5


def test_repeating_an_answer_does_not_improve_it() -> None:
    assert offline(QUESTION, ANSWER, "\n\n".join([ANSWER] * 5)) < 1.5


def test_code_counts_where_code_is_asked_for() -> None:
    prose = "You can add the two numbers with the plus sign and give the sum back to whoever called."
    code = "```python\ndef add(a, b):\n    return a + b\n```"
    assert offline("Write a Python function that adds.", prose, code) > offline("How do I add?", prose, code)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "\x00" * 100_000,
        "\n" * 99_999 + "{",
        "a'" * 50_000,
        "مرحبا " * 20_000,
        "\ud800" * 1_000,
        "\u2003",
    ],
    ids=[
        "one word",
        "null bytes",
        "line breaks",
        "apostrophes",
        "right to left",
        "lone surrogates",
        "wide space",
    ],
)
def test_any_text_is_judged(text: str) -> None:
    for instruction in ("Write code.", text):
        assert 1 <= offline(instruction, text, ANSWER) <= 2


def test_each_feature_has_one_weight() -> None:
    names = Features.__dataclass_fields__.keys()
    assert sorted([*WEIGHTS, *WEIGHTS_BY_HAND]) == sorted(names)


def test_white_space_around_an_output_does_not_count() -> None:
    assert measure(QUESTION, f"\n\n {ANSWER}\n") == measure(QUESTION, ANSWER)


@needs_recorded_data
@pytest.mark.slow
def test_the_shipped_weights_are_the_fitted_ones() -> None:
    assert fit(fitting_pairs()) == pytest.approx(dict(WEIGHTS), abs=0.002)


@pytest.fixture(scope="module")
def measured() -> list[Agreement]:
    return [agreement(source) for source in (HUMAN_SOURCE, *GPT4_SOURCES)]


@needs_recorded_data
@pytest.mark.slow
def test_the_descriptions_state_the_measured_agreement(measured: list[Agreement]) -> None:
    both = [f"{share[0]:.1f}%" for row in measured for share in (row.offline, row.longest)]
    assert re.findall(r"[\d.]+%", _description("offline")) == both
    assert re.findall(r"[\d.]+%", _description("longest")) == both[1::2]


@needs_recorded_data
@pytest.mark.slow
def test_offline_agrees_more_often_than_longest_with_people_and_with_gpt4(measured: list[Agreement]) -> None:
    for row in measured:
        assert row.offline[0] > row.longest[0], row.source


def _description(name: str) -> str:
    config = yaml.safe_load((shipped("annotator_configs") / name / "config.yaml").read_text(encoding="utf-8"))
    assert config["provider"] == "builtin"
    assert config["model"] in BUILTIN
    return str(config["description"])


def test_a_board_can_tell_builtin_judges_by_their_fingerprints() -> None:
    of_pairs = [name for name, judge in BUILTIN.items() if judge.kind is PAIRWISE]
    assert {load_annotator(name, JudgeOverrides()).fingerprint for name in of_pairs} == FINGERPRINTS
