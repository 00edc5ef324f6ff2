import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, norm, t

from autoeval.analysis import correct_with_human_labels, draw_labels, human_agreement, read_labels
from autoeval.annotators.builtin import offline
from autoeval.errors import UsageError
from tests.recorded import load_recorded, recorded_data


def pairs(preferences: list[float] | np.ndarray, start: int = 0) -> pd.DataFrame:
    rows = [
        {"instruction": f"i{i}", "output_1": f"one {i}", "output_2": f"two {i}", "preference": p}
        for i, p in enumerate(preferences, start)
    ]
    return pd.DataFrame(rows)


def comparison(seed: int, n: int = 400, n_labels: int = 80) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """A judge that favours output 2 too often, labels on a random part, and the human win rate."""
    rng = np.random.default_rng(seed)
    human = rng.choice([0, 0.5, 1], n, p=[0.4, 0.1, 0.5])
    judge = np.where(rng.random(n) < np.where(human == 1, 0.95, 0.4), 1, 0) * 0.8 + 0.1
    annotations = pairs(1 + judge)
    drawn = rng.choice(n, n_labels, replace=False)
    return annotations, annotations.iloc[drawn].assign(preference=1 + human[drawn]), 55.0


def test_prediction_powered_is_its_formula() -> None:
    """λ is a regression's slope, by scipy; V stands in the docstring."""
    annotations, labels, _ = comparison(0)
    found = correct_with_human_labels(annotations, labels)
    both = labels.merge(annotations, on=["instruction", "output_1", "output_2"])
    h, j, everything = both.preference_x - 1, both.preference_y - 1, annotations.preference - 1
    weight = linregress(j, h).slope
    assert 0.1 < weight < 1
    assert found.judge_weight == pytest.approx(weight)
    assert found.value == pytest.approx(100 * (weight * everything.mean() + (h - weight * j).mean()))
    assert found.judge == pytest.approx(100 * everything.mean())
    assert (found.n, found.n_labels, found.clipped) == (400, 80, False)
    variance = (h - weight * j).var() * 79 / 78 * (1 / 80 - 1 / 400) + h.var() / 400
    assert found.standard_error == pytest.approx(100 * variance**0.5)
    binary = h.var() / (h.mean() * (1 - h.mean()))
    assert 0.5 < binary < 1
    quantile = binary * norm.ppf(0.975) + (1 - binary) * t.ppf(0.975, 78)
    assert found.high - found.low == pytest.approx(200 * quantile * variance**0.5)
    center, share = (found.high + found.low) / 200, found.value / 100
    moved = (quantile**2 / 3 + 1 / 6) * (1 - 2 * share) * variance / (share * (1 - share))
    assert center == pytest.approx(share + moved)
    assert found.worth == pytest.approx(h.var() / variance)


@pytest.mark.parametrize("n_labels", [20, 200, *(pytest.param(n, marks=pytest.mark.slow) for n in (50, 100))])
def test_a_weak_judge_costs_nothing(n_labels: int) -> None:
    """PandaLM's people and the embedded judge: never wider than the labels alone, and it still covers."""
    rows = load_recorded(recorded_data() / "human" / "pandalm_crossannotations.json.gz")
    people = pd.DataFrame(rows)
    people["output_2"] += " "  # so that no pair is identical
    votes = (
        people.groupby(["instruction", "output_1", "output_2"], sort=False).preference.mean().reset_index()
    )
    judged = votes.assign(
        preference=[offline(*texts) for texts in votes[["instruction", "output_1", "output_2"]].to_numpy()]
    )
    rng, truth, held, ratios = np.random.default_rng(0), 100 * (votes.preference.mean() - 1), 0, []
    runs = 150
    for _ in range(runs):
        labels = votes.iloc[rng.choice(len(votes), n_labels, replace=False)]
        found = correct_with_human_labels(judged, labels)
        held += found.low <= truth <= found.high
        alone = 200 * t.ppf(0.975, n_labels - 1) * labels.preference.std() / n_labels**0.5
        ratios.append((found.high - found.low) / alone)
    assert np.mean(ratios) <= 1.02
    assert held / runs >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("win_rate", [0.08, 0.92])
def test_models_that_nearly_always_win_or_lose_are_covered_as_narrowly(win_rate: float) -> None:
    """Student's interval misses such a rate more often than it says: it lies too far out."""
    rng, n, runs = np.random.default_rng(0), 50, 200
    held, widths, alone = 0, [], []
    for _ in range(runs):
        human = np.where(rng.random(400) < win_rate, 2.0, 1.0)
        judge = np.where(rng.random(400) < 0.8, human, 3 - human)
        found = correct_with_human_labels(pairs(judge), pairs(human[:n]))
        held += found.low <= 100 * win_rate <= found.high
        widths.append(found.high - found.low)
        alone.append(200 * t.ppf(0.975, n - 1) * human[:n].std(ddof=1) / n**0.5)
    assert held / runs >= 0.93
    assert np.mean(widths) <= 1.02 * np.mean(alone)


def test_a_judge_that_says_the_opposite_is_not_followed() -> None:
    rng = np.random.default_rng(0)
    human = rng.choice([1.0, 2.0], 100)
    found = correct_with_human_labels(pairs(3 - human), pairs(human[:30]))
    assert found.judge_weight == 0
    assert found.value == found.human
    assert found.worth == pytest.approx(30)


def test_labels_that_are_all_equal_do_not_make_it_certain() -> None:
    judge = np.random.default_rng(0).uniform(1, 2, 100)
    found = correct_with_human_labels(pairs(judge), pairs([2.0] * 20))
    assert found.value == 100
    assert 70 < found.low < 95


def test_prediction_powered_covers_what_people_would_say_and_the_judge_alone_does_not() -> None:
    covered = 0
    for seed in range(100):
        annotations, labels, truth = comparison(seed)
        found = correct_with_human_labels(annotations, labels, seed=seed)
        covered += found.low <= truth <= found.high
    assert covered >= 88
    assert correct_with_human_labels(*comparison(0)[:2]).judge > 60


def test_rogan_gladen_recovers_the_rate_from_a_judge_whose_errors_are_known() -> None:
    """Where every pair is labelled, μ₁ and μ₂ are exact and so is the rate, ties left out."""
    annotations, labels, _ = comparison(1, n_labels=400)
    decided = labels[labels.preference != 1.5]
    kept = annotations.loc[decided.index]
    found = correct_with_human_labels(kept, decided, "rogan_gladen")
    assert found.value == pytest.approx(100 * (decided.preference - 1).mean())


def test_rogan_gladen_is_refused_for_a_judge_without_skill() -> None:
    rng = np.random.default_rng(0)
    annotations = pairs(rng.choice([1.0, 2.0], 300))
    labels = annotations.head(60).assign(preference=rng.choice([1.0, 2.0], 60))
    with pytest.raises(UsageError, match="includes 0"):
        correct_with_human_labels(annotations, labels, "rogan_gladen")
    with pytest.raises(UsageError, match="includes 0"):
        correct_with_human_labels(annotations, labels.assign(preference=2), "rogan_gladen")
    assert correct_with_human_labels(annotations, labels).n_labels == 60


def test_clipping_is_shown() -> None:
    """Where people always follow the judge on the labelled pairs but it wins more elsewhere."""
    annotations = pairs([2.0] * 170 + [1.2] * 15 + [1.8] * 15)
    found = correct_with_human_labels(
        annotations, annotations.tail(30).assign(preference=[1.0] * 15 + [2.0] * 15), "rogan_gladen"
    )
    assert found.clipped
    assert found.unclipped > 100
    assert found.value == found.high == 100


def test_clipping_is_shown_at_the_other_end_too() -> None:
    annotations = pairs([1.0] * 170 + [1.8] * 15 + [1.2] * 15)
    found = correct_with_human_labels(
        annotations, annotations.tail(30).assign(preference=[2.0] * 15 + [1.0] * 15), "rogan_gladen"
    )
    assert found.clipped
    assert found.unclipped < 0
    assert found.value == found.low == 0


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pairs([1, 2] * 4), "labels on 8 instructions are too few"),
        (pairs([1, 2] * 10, start=90), "10 of 20 labels .first: row 10. are for pairs that are not"),
    ],
)
def test_labels_that_cannot_correct_are_refused(labels: pd.DataFrame, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        correct_with_human_labels(pairs([1, 2] * 50), labels)
    with pytest.raises(UsageError, match="Did you mean 'rogan_gladen'"):
        correct_with_human_labels(pairs([1]), pairs([1]), "rogan-gladen")  # type: ignore[arg-type]


def fill(path: Path, answer: dict[str, str]) -> None:
    """Do as a person who knows which text is better: `answer` names it by its first word."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["instruction"] in answer:
            wanted = answer[row["instruction"]]
            row["better"] = "A" if row["output_a"].startswith(wanted) else " b "
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_labels_come_back_in_the_order_of_the_run(tmp_path: Path) -> None:
    annotations = pairs([1.2, 1.9] * 30).assign(generator_2="secret", annotator="judge")
    sheet = draw_labels(annotations, tmp_path / "labels.csv", 40)
    assert (sheet.n, sheet.n_pairs) == (40, 60)
    text = sheet.path.read_text(encoding="utf-8-sig")
    assert not any(word in text for word in ("secret", "judge", "1.2", "1.9"))
    shown = pd.read_csv(sheet.path)
    assert 10 < shown.output_a.str.startswith("one").sum() < 30
    better = {name: "one" if i % 3 else "two" for i, name in enumerate(shown.instruction[:35])}
    fill(sheet.path, better)
    found = read_labels(sheet.path, annotations)
    assert found.n_empty == 5
    assert dict(zip(found.table.instruction, found.table.preference, strict=True)) == {
        name: 1 if first == "one" else 2 for name, first in better.items()
    }
    assert correct_with_human_labels(annotations, found.table).n_labels == 35
    assert human_agreement(found.table, annotations).n == 35


def test_a_larger_sample_holds_the_smaller_one_and_the_draw_follows_the_seed(tmp_path: Path) -> None:
    annotations = pairs([1, 2] * 50)
    draws = {
        (n, seed): set(
            pd.read_csv(draw_labels(annotations, tmp_path / f"{n}{seed}.csv", n, seed).path).instruction
        )
        for n, seed in ((10, 0), (20, 0), (20, 1))
    }
    assert draws[10, 0] < draws[20, 0]
    assert draws[20, 0] != draws[20, 1]


def test_texts_survive_spreadsheets(tmp_path: Path) -> None:
    """Formula-like cells are quoted; a file saved with semicolons in another encoding is still read."""
    annotations = pairs([1.0]).assign(output_1="=1+1", output_2='- café\n"quoted"; done')
    path = draw_labels(annotations, tmp_path / "labels.csv", 1).path
    row = pd.read_csv(path).iloc[0]
    assert {row.output_a, row.output_b} == {"'=1+1", '\'- café\n"quoted"; done'}
    pd.DataFrame([row]).assign(better="tie").to_csv(path, sep=";", index=False, encoding="cp1252")
    assert read_labels(path, annotations).table.preference.tolist() == [1.5]


def test_identical_outputs_and_missing_judgments_need_no_person(tmp_path: Path) -> None:
    annotations = pairs([1.5, float("nan")]).assign(output_1="same", output_2=["same", "other"])
    sheet = draw_labels(annotations, tmp_path / "labels.csv", 1)
    assert read_labels(sheet.path, annotations).table.preference.tolist() == [1.5]
    with pytest.raises(UsageError, match="cannot draw 2 pairs to label: 1 were judged"):
        draw_labels(annotations, tmp_path / "more.csv", 2)


def test_mistakes_in_the_file_are_named(tmp_path: Path) -> None:
    annotations = pairs([1, 2, 1])
    path = draw_labels(annotations, tmp_path / "labels.csv", 3).path
    with pytest.raises(UsageError, match="exists and may hold labels"):
        draw_labels(annotations, path, 2)
    with pytest.raises(UsageError, match="'better' is empty"):
        read_labels(path, annotations)
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)

    def refused(changed: pd.DataFrame, message: str) -> None:
        changed.to_csv(path, index=False)
        with pytest.raises(UsageError, match=message):
            read_labels(path, annotations)

    refused(sheet.assign(better=["a", "c", ""]), "row 3: better is 'c'; write a, b or tie")
    refused(sheet.assign(better="a", id=["0-0", *sheet.id[1:]]), "row 2: the id '0-0' is of no pair")
    refused(pd.concat([sheet.assign(better="a")] * 2), "row 5: .* stands twice")
    refused(sheet.drop(columns="better"), "no column 'better'")
    with pytest.raises(UsageError, match="no file of labels"):
        read_labels(tmp_path / "absent.csv", annotations)
