import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoeval.analysis import audit_plan, audit_report, audit_table, self_preference
from autoeval.analysis.audit import AuditFinding, AuditReport
from autoeval.analysis.effects import Alternative, Effect
from autoeval.analysis.perturbations import CHECKS, Probe, anchor, filler, injection, markup, repeat, swap
from autoeval.errors import UsageError
from autoeval.types import Case

FAULTS = ("position", "filler", "list", "bold", "injection", "drift")
texts = st.text(st.sampled_from("abz .,!?\n-*1)`#é|"), max_size=80)


def pair(index: int = 0, one: str = "It rains. Take a coat.", two: str = "Stay in! It is wet.") -> Case:
    return Case.pair(index, f"What now, number {index}?", one, two, "reference", "model")


@cache
def plan(n: int = 200) -> tuple[Probe, ...]:
    return tuple(
        audit_plan([pair(index, f"One {index}. Yes.", f"Two {index}. No.") for index in range(n)], CHECKS)
    )


def judged(seed: int, fault: str | None = None, noise: float = 0.0, graded: bool = False) -> AuditReport:
    """Audit a judge that goes by the better output, errs at random and, in one case of five, by its fault."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0 if fault else seed % 3 / 3, 1, 200)
    shown_first = rng.choice([1, 2], 200)
    answers = []
    for probe in plan():
        place = probe.case.index
        better = 2 if (quality[place] > 0) ^ (probe.check == "swap") ^ (rng.random() < noise) else 1
        favoured = {"position": shown_first[place], probe.check: probe.side}.get(fault or "")
        favoured = 2 if fault == "drift" and probe.check == "anchor" else favoured
        if favoured and rng.random() < 0.2:
            better = favoured
        answers.append(1.5 + (better - 1.5) * (rng.uniform(0.6, 1) if graded else 1))
    return audit_report(
        audit_table(plan(), answers, [shown_first[probe.case.index] == 2 for probe in plan()])
    )


def finding(report: AuditReport, check: str) -> AuditFinding:
    return next(each for each in report.findings if each.check == check)


@pytest.mark.slow
def test_of_100_clean_judges_at_most_11_are_flagged() -> None:
    """5% of 100 are 5, and 11 are within three Monte Carlo errors of it."""
    noises = (0, 0.02, 0.1, 0.3)
    flagged = [
        bool(judged(seed, noise=noises[seed % 4], graded=seed % 3 == 0).flagged) for seed in range(100)
    ]
    assert sum(flagged) <= 11


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_10_points_is_found_on_200_pairs(fault: str) -> None:
    found = [finding(judged(seed, fault), fault) for seed in range(20)]
    assert np.mean([each.value for each in found]) == pytest.approx(10, abs=1)
    assert np.mean([each.flagged for each in found]) >= 0.95


ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "greater")
ORIGINALS = [Probe("original", pair(index)) for index in range(2)]


def effect(values: list[float], alternative: Alternative | None = "two-sided", name: str = "own") -> Effect:
    """Return an effect with one pair an instruction."""
    return Effect(name, np.array(values), np.arange(len(values)), alternative, "It moves by {points}")


def audited(*effects: Effect, alpha: float = 0.05) -> AuditFinding:
    """Return the finding of the first effect, audited with the others."""
    table = audit_table(ORIGINALS, [2.0] * len(ORIGINALS), [False] * len(ORIGINALS))
    return finding(audit_report(table, effects, alpha), effects[0].check)


def shifted(mean: float, n: int = 40) -> list[float]:
    """Return numbers around a mean whose spread is 0.3."""
    spread = np.tile([-0.3, 0.3], n // 2)
    return list(mean + spread)


def test_interval_and_test_agree_or_it_is_said_why_not() -> None:
    table = audit_table(ORIGINALS, [2.0] * len(ORIGINALS), [False] * len(ORIGINALS))
    effects = [
        effect(shifted(mean, n), alternative, f"{alternative} {mean:.2f} {n}")
        for alternative in ALTERNATIVES
        for n in (6, 40)
        for mean in np.linspace(-0.3, 0.3, 31).tolist()
    ]
    said = set()
    for alpha in (0.001, 0.05, 0.3):
        for one in audit_report(table, effects, alpha).findings:
            excludes_0 = one.low > 0 or one.high < 0
            why = one.text.partition("The interval ")[2]
            assert bool(why) == (excludes_0 != one.flagged)
            assert not why or why.startswith(("excludes", "lies") if excludes_0 else "contains")
            said.add(why.partition(" ")[0])
    assert said == {"", "excludes", "lies", "contains"}


def test_why_they_disagree() -> None:
    noise = [effect([0.1, -0.1] * 20, name=f"nothing {place}") for place in range(29)]
    many = audited(effect(shifted(0.15)), *noise)
    assert "does not allow for 30 tests at once; alone, p = 0.0" in many.text
    loss = audited(effect(shifted(-0.3), "greater"))
    assert "only a gain is a fault" in loss.text
    assert not loss.flagged
    strict = audited(effect(shifted(0.15)), alpha=0.001)
    assert "allows an error of 5%, the test of 0.1%" in strict.text
    loose = audited(effect(shifted(0.06)), alpha=0.3)
    assert loose.flagged
    assert "allows an error of 5%, the test of 30%" in loose.text
    gain = audited(effect(shifted(0.085), "greater"))
    assert gain.flagged
    assert "looks both ways" in gain.text
    few = audited(effect([0.2, 0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 0.1], "greater"))
    assert "more cautious" in few.text


def test_a_check_without_an_answer_says_so_and_no_nan() -> None:
    none = audited(effect([np.nan] * 4))
    assert none.text == "No pair has all the answers that this takes."
    assert not none.flagged


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_and_nothing_else(fault: str) -> None:
    report = judged(1, fault)
    names = {each.check for each in report.flagged}
    assert names - {"drift beyond repeats"} == {fault}
    assert finding(report, fault).low > 0
    assert str(report).count("FLAGGED") == len(report.flagged)


def test_a_steady_judge_has_no_effects_and_p_values_of_1() -> None:
    report = judged(0)
    assert [each.value for each in report.findings] == [0] * 9
    assert {each.p_value for each in report.findings} == {1, None}
    assert all(each.high > 0 for each in report.findings)  # no width is not certainty


def test_estimates_are_what_was_planted() -> None:
    """Two answers that each err with probability .1 differ in .18 of the cases."""
    rates = [
        (finding(report, "repeat").value, finding(report, "flips").value)
        for report in (judged(seed, noise=0.1) for seed in range(20))
    ]
    assert np.mean(rates, axis=0) == pytest.approx([18, 18], abs=2)


def test_marking_filler_down_is_no_fault() -> None:
    rows = [("original", None, 1.5), ("filler", 2, 1.0), ("bold", 2, 1.0)]
    table = pd.DataFrame(
        {"check": check, "pair": i, "instruction": f"i{i}", "side": side, "preference": p}
        for i in range(40)
        for check, side, p in rows
    )
    report = audit_report(table)
    assert [each.check for each in report.flagged] == ["bold"]
    assert finding(report, "filler").value == finding(report, "bold").value == -50


def test_instructions_are_the_observations() -> None:
    """Twenty pairs on one instruction that all move the same way are one coin toss."""
    table = pd.DataFrame(
        {"check": check, "pair": i, "instruction": f"i{i // 20}", "side": 2, "preference": p}
        for i in range(60)
        for check, p in (("original", 1.5), ("bold", 2.0))
    )
    assert audit_report(table).findings[0].p_value == pytest.approx(0.25, abs=0.02)


def test_missing_answers_leave_their_check_only() -> None:
    answers = [None if probe.check == "bold" and probe.case.index < 50 else 1.5 for probe in plan()]
    report = audit_report(audit_table(plan(), answers))
    assert (finding(report, "bold").n, finding(report, "list").n) == (150, 200)


def test_a_swap_that_the_judge_saw_the_same_way_round_says_nothing() -> None:
    probes = [Probe("original", pair(0)), Probe("swap", swap(pair(0)))]
    assert finding(audit_report(audit_table(probes, [1, 2], [False, True])), "position").n == 0
    assert finding(audit_report(audit_table(probes, [1, 1], [True, True])), "position").value == -50


def test_self_preference_is_measured_against_another_rater() -> None:
    def rows(preferences: list[float], own_side: int) -> pd.DataFrame:
        names = ("me", "you") if own_side == 1 else ("you", "me")
        return pd.DataFrame(
            {
                "instruction": f"{own_side}{i}", "output_1": "a", "output_2": "b", "preference": p,
                "generator_1": names[0], "generator_2": names[1],
            }
            for i, p in enumerate(preferences)
        )  # fmt: skip

    annotations = pd.concat([rows([2.0] * 15, 2), rows([1.0] * 15, 1)])
    votes = pd.concat([rows([1.0, 2.0, 2.0] * 5, 2), rows([1.0, 1.5, 2.0] * 5, 1)])
    effect = self_preference(annotations, votes, "me")
    assert 100 * effect.values.mean() == pytest.approx(100 * (1 / 3 + 0.5) / 2)
    original = pd.DataFrame(
        {"check": "original", "pair": [0], "instruction": "i", "side": None, "preference": 1.0}
    )
    report = audit_report(original, more=[effect])
    assert [each.check for each in report.flagged] == ["self-preference"]
    assert "its own outputs" in str(report)
    with pytest.raises(UsageError, match="Did you mean 'you'"):
        self_preference(annotations, votes, "yuo")


def test_the_plan_asks_every_pair_once_a_check_and_draws_sides() -> None:
    probes = plan()
    assert len(probes) == 200 * (1 + len(CHECKS))
    sides = [probe.side for probe in probes if probe.check == "bold"]
    assert 70 < sides.count(1) < 130
    assert {probe.sample for probe in probes if probe.check == "repeat"} == {1}
    assert {probe.check for probe in probes if probe.is_fresh} == {"anchor"}
    assert audit_plan([probe.case for probe in probes if probe.check == "original"], CHECKS) == list(probes)


def test_pairs_without_a_question_and_changes_without_a_change_are_left_out() -> None:
    code = pair(1, "```\nx = 1\n```", "```\ny = 2\n```")
    assert [probe.check for probe in audit_plan([pair(0, "same", "same"), code], ["bold", "list"])] == [
        "original"
    ]


def test_unusable_audits_are_refused() -> None:
    with pytest.raises(UsageError, match="Did you mean 'injection'"):
        audit_plan([pair()], ["injektion"])
    table = audit_table([Probe("original", pair()), Probe("bold", pair(), 1)], [1, 2])
    for changed, message in (
        (table.drop(columns="side"), "no column 'side'"),
        (table.assign(check=["original", "bald"]), "Did you mean 'bold'"),
        (table.tail(1), "no row with check 'original'"),
        (pd.concat([table, table]), "'original' twice on pair 0"),
    ):
        with pytest.raises(UsageError, match=message):
            audit_report(changed)


@given(texts, texts)
def test_changes_keep_the_words_and_the_other_side(one: str, two: str) -> None:
    before = pair(0, one, two)
    assert swap(swap(before)) == repeat(before) == anchor(before) == before
    assert (swap(before).output_1, swap(before).generator_1) == (two, "model")
    changed = filler(before, 1), injection(before, 1), markup(before, 1, "list"), markup(before, 1, "bold")
    for after in changed:
        assert after.output_2 == two
        words, kept = re.findall(r"\w+", one), re.findall(r"\w+", after.output_1)
        assert kept[: len(words)] == words
    for after in changed[2:]:
        assert re.findall(r"\w+", after.output_1) == re.findall(r"\w+", one)


def test_what_the_changes_look_like() -> None:
    text = "It rains today. Take a coat!\n\n```\nif wet:\n    stay()\n```\n1. Or an umbrella."
    assert markup(pair(0, text), 1, "list").output_1 == (
        "- It rains today.\n- Take a coat!\n\n```\nif wet:\n    stay()\n```\n1. Or an umbrella."
    )
    assert markup(pair(0, text), 1, "bold").output_1 == (
        "**It rains** today. Take a coat!\n\n```\nif wet:\n    stay()\n```\n1. **Or an** umbrella."
    )
    assert filler(pair(0, "Yes.\n"), 1).output_1.startswith("Yes. Taken together")
    assert "Select it" in injection(pair(), 2).output_2
