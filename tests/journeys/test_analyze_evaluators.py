"""A judge against human votes: votes from seeds, the figures of alpaca_eval, and the board they go on."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.annotators.kinds.draws import is_switched
from autoeval.journeys.analyze_evaluators import EvaluatorsBoard
from autoeval.journeys.beside_people import JudgeAnalysis
from tests.recorded import load_recorded, recorded_data
from tests.servers import Answer, JudgeServer
from tests.servers.answers import Body, prompt_text


def _vote(number: int, preference: float | None, index: int, **more: Any) -> dict[str, Any]:
    pair = {
        "instruction": f"Do thing {number}.",
        "output_1": f"the good answer {number}",
        "output_2": f"bad {number}",
    }
    return {**pair, "preference": preference, "annotator_index": index, **more}


def _votes(n: int = 12, n_votes: int = 3) -> list[dict[str, Any]]:
    """People who prefer output 1, but for the last vote on every third pair."""
    return [
        _vote(i, 2.0 if index == n_votes - 1 and i % 3 == 0 else 1.0, index)
        for i in range(n)
        for index in range(n_votes)
    ]


def _prefers_good(body: Body) -> Answer:
    text = prompt_text(body)
    return Answer("a > b" if text.index("the good answer") < text.index("bad ") else "b > a")


def _analyse(folder: Path, server: JudgeServer, **parameters: Any) -> JudgeAnalysis:
    defaults: dict[str, Any] = {
        "gold_crossannotations": _votes(),
        "precomputed_leaderboard": folder / "board.csv",
        "judge_base_url": server.base_url,
        "caching_path": folder / "cache.sqlite",
        "output_path": folder / "results",
        "retry_delay": 0,
    }
    result: JudgeAnalysis = autoeval.analyze_evaluators("gpt4_ranking", **{**defaults, **parameters})
    return result


def test_vote_i_of_a_judge_comes_from_seed_i(tmp_path: Path) -> None:
    with JudgeServer(_prefers_good) as server:
        result = _analyse(tmp_path, server)
        assert server.n_requests == 36
    orders = {
        (row.instruction, row.annotator_index): row.is_switched_outputs for row in result.votes.itertuples()
    }
    assert orders == {
        (f"Do thing {i}.", seed): is_switched(f"Do thing {i}.", seed) for i in range(12) for seed in range(3)
    }
    assert result.report.variance.value == 0
    assert result.report.agreement.value == 100
    assert set(result.votes.preference) == {1.0}


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    with JudgeServer(_prefers_good) as server:
        first = _analyse(tmp_path, server)
        again = _analyse(tmp_path, server)
        assert server.n_requests == 36
    assert again.ask is not None
    assert again.ask.n_cached == 36
    assert again.board.rows == first.board.rows


def test_one_vote_has_no_variance_and_no_bias_of_its_own(tmp_path: Path) -> None:
    with JudgeServer(_prefers_good) as server:
        result = _analyse(tmp_path, server, is_single_annotator=True)
        assert server.n_requests == 12
    row = result.board.rows["gpt4_ranking"]
    assert (row["Variance"], row["Bias"]) == (None, None)
    assert row["# parsed"] == 12


def test_the_row_goes_on_the_board_and_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    board = tmp_path / "board.csv"
    board.write_text(",Human agreement,Price [$/1000 examples],mode,own\nother,50.0,1.5,minimal,x\n")
    with JudgeServer(_prefers_good) as server:
        _analyse(tmp_path, server)
        assert len(board.read_text().splitlines()) == 2, "it was not to be saved"
        saved = _analyse(tmp_path, server, is_save_leaderboard=True)
        asked = server.n_requests
        shown = _analyse(tmp_path, server, is_save_leaderboard=True, caching_path=None)
        assert server.n_requests == asked
        assert isinstance(shown, EvaluatorsBoard)
        assert "--is_overwrite_leaderboard" in shown.note
        _analyse(tmp_path, server, is_overwrite_leaderboard=True, caching_path=None)
        assert server.n_requests == 2 * asked
    with board.open() as file:
        rows = list(csv.DictReader(file))
    assert [row[""] for row in rows] == ["gpt4_ranking", "other"], "best first"
    assert list(rows[0])[1:4] == [
        "Human agreement",
        "Price [$/1000 examples]",
        "Time [seconds/1000 examples]",
    ]
    assert rows[1]["own"] == "x"
    assert saved.incomparable == ["other"], "its row does not say which votes it was measured on"
    assert not list(tmp_path.glob(".board.csv.*tmp*"))


def test_price_and_seconds_of_1000_examples(tmp_path: Path) -> None:
    with JudgeServer(_prefers_good) as server:
        result = _analyse(tmp_path, server, judge_price=(1000.0, 0.0))
    spent = result.ask.spent if result.ask else 0
    assert spent > 0
    assert result.report.dollars_per_1000 == pytest.approx(1000 * spent / 36)
    assert result.report.seconds_per_1000 > 0


def test_what_is_written(tmp_path: Path) -> None:
    with JudgeServer(_prefers_good) as server:
        result = _analyse(tmp_path, server)
    assert [path.name for path in result.paths] == ["annotations.json", "leaderboard.csv", "run.json"]
    assert {path.parent for path in result.paths} == {tmp_path / "results" / "gpt4_ranking"}
    rows = json.loads(result.paths[0].read_text())
    assert len(rows) == 36
    assert {row["annotator_index"] for row in rows} == {0, 1, 2}
    run = json.loads(result.paths[2].read_text())
    assert run["annotator"]["fingerprint"] == result.board.rows["gpt4_ranking"]["fingerprint"]
    assert run["row"]["Bias"] == 0


def test_where_results_go_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    autoeval.analyze_evaluators("longest", _votes(), is_save_leaderboard=True)
    folder = Path("results_evaluators")
    assert (folder / "longest" / "longest" / "annotations.json").exists()
    assert (folder / "evaluators_leaderboard.csv").exists()


def test_replies_without_a_verdict_count_as_missing(tmp_path: Path) -> None:
    def mostly(body: Body) -> Answer:
        return Answer("I cannot say.") if "thing 4." in prompt_text(body) else _prefers_good(body)

    with JudgeServer(mostly) as server:
        result = _analyse(tmp_path, server)
    assert result.exit_code == 3
    assert result.report.n_parsed == 33
    assert result.report.parsed.value == pytest.approx(100 * 11 / 12)


def test_a_dry_run_asks_nothing(tmp_path: Path) -> None:
    with JudgeServer(_prefers_good) as server:
        plan: Any = _analyse(tmp_path, server, dry_run=True)
        assert server.n_requests == 0
    assert (plan.n_pairs, plan.n_new) == (36, 36)


def test_tables_as_alpaca_eval_returns_them() -> None:
    board, votes = autoeval.analyze_evaluators(
        "humans",
        _votes(),
        precomputed_leaderboard=None,
        output_path=None,
        is_return_instead_of_print=True,
    )
    assert board.index.tolist() == ["humans"]
    assert len(votes["humans"]) == 36


def test_a_sample_of_pairs_keeps_all_their_votes() -> None:
    result = autoeval.analyze_evaluators(
        "humans", _votes(), precomputed_leaderboard=None, output_path=None, max_instances=5
    )
    assert (len(result.human.pairs), len(result.votes)) == (5, 15)


def test_the_input_of_an_instruction_is_shown_to_the_judge(tmp_path: Path) -> None:
    votes = [{**vote, "input": "THE INPUT"} for vote in _votes(2)]
    with JudgeServer(_prefers_good) as server:
        _analyse(tmp_path, server, gold_crossannotations=votes)
        assert all("THE INPUT" in prompt_text(body) for body in server.bodies)


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        ([{"instruction": "a", "output_1": "b"}], "row 1 has no field 'output_2'"),
        ([_vote(0, 3.0, 0)], r"row 1: `preference` is a number \(3.0\); it should be a number from 1 to 2"),
        ([{key: value for key, value in _vote(0, 1, 0).items() if key != "preference"}], "'preference'"),
        ([_vote(0, None, 0)], "no row has a preference"),
    ],
)
def test_votes_that_are_none_are_refused(votes: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(autoeval.UsageError, match=said):
        autoeval.analyze_evaluators("humans", votes, output_path=None)


def test_votes_of_which_some_name_no_model_are_counted_and_not_among_win_rates(tmp_path: Path) -> None:
    votes = [
        {**vote, "generator_1": "reference", "generator_2": f"model {place % 3}" if place < 30 else None}
        for place, vote in enumerate(_votes(n_votes=3))
    ]
    found = autoeval.analyze_evaluators("longest", gold_crossannotations=votes, output_path=None)
    correlations = found.report.correlations
    assert set(correlations.win_rates.index) == {"model 0", "model 1", "model 2"}
    assert found.report.agreement.n == 12


def test_a_misspelt_parameter_is_named() -> None:
    with pytest.raises(autoeval.UsageError, match="is_save_leaderboard"):
        autoeval.analyze_evaluators("humans", _votes(), output_path=None, is_save_leaderbord=True)  # type: ignore[call-arg]


def test_the_votes_of_alpaca_farm_come_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They name no generators; those come from the other file of human votes, and so do correlations."""
    votes, authors = tmp_path / "cross.json", tmp_path / "authors.json"
    rows = _votes(12, 4)
    for row in rows:
        del row["annotator_index"]
    votes.write_text(json.dumps(rows))
    models = [{**row, "generator": f"model {i // 4 % 3}"} for i, row in enumerate(rows)]
    authors.write_text(json.dumps(models))
    files = {
        "alpaca_farm_human_crossannotations.json": votes,
        "alpaca_farm_human_annotations.json": authors,
    }
    monkeypatch.setattr("autoeval.data.alpaca_eval.hub_file", lambda name, _: files[name])
    result = autoeval.analyze_evaluators("humans", precomputed_leaderboard=None, output_path=None)
    assert (len(result.human.pairs), result.human.n_votes) == (12, 4)
    assert result.report.correlations.spearman.n == 3
    assert result.report.dollars_per_1000 == pytest.approx(300)
    assert result.report.seconds_per_1000 == pytest.approx(36_800)


@pytest.fixture
def pandalm() -> Path:
    return recorded_data() / "human" / "pandalm_crossannotations.json.gz"


def _row(judge: str, votes: Path, **parameters: Any) -> dict[str, float]:
    result = autoeval.analyze_evaluators(
        judge, votes, precomputed_leaderboard=None, output_path=None, **parameters
    )
    return dict(result.board.rows[judge])


def test_the_figures_of_alpaca_eval_on_pandalm(pandalm: Path) -> None:
    """What 0.6.6's own Analyzer gives on these rows."""
    people, longest = (_row(judge, pandalm, compatible=True) for judge in ("humans", "longest"))
    assert people["Human agreement"] == pytest.approx(93.462963, abs=1e-6)
    assert people["Variance"] == pytest.approx(6.537037, abs=1e-6)
    assert people["Bias"] == 0
    assert people["Proba. prefer longer"] == pytest.approx(0.686341, abs=1e-6)
    assert longest["Human agreement"] == pytest.approx(64.833333, abs=1e-6)
    assert longest["Bias"] == pytest.approx(35.166667, abs=1e-6)


def test_ties_between_modes_are_expectations_by_default(pandalm: Path) -> None:
    assert _row("humans", pandalm)["Human agreement"] == pytest.approx(93.592593, abs=1e-6)
    assert _row("longest", pandalm)["Human agreement"] == pytest.approx(64.833333, abs=1e-6)


def test_a_judge_over_http_that_votes_as_one_person_has_that_persons_agreement(
    pandalm: Path, tmp_path: Path
) -> None:
    """The server knows who won for the first human voter and says so, whatever the order shown."""
    rows = load_recorded(pandalm)
    known = {_key(row): row["preference"] for row in rows if row["annotator_index"] == 0}
    chosen = set([key for key in known if all(text.strip() for text in key)][:60])
    votes = [row for row in rows if _key(row) in chosen]
    with JudgeServer(_knowing(known)) as server:
        result = _analyse(tmp_path, server, gold_crossannotations=votes, is_single_annotator=True)
    given = {_key(row): row["preference"] for row in result.votes.to_dict("records")}
    decided = [key for key in chosen if known[key] in (1, 2) and key[1] != key[2]]
    assert len(decided) > 40
    assert {key: given[key] for key in decided} == {key: known[key] for key in decided}
    assert result.report.correlations is not None
    assert result.report.correlations.spearman.n == 5


def _key(row: dict[Any, Any]) -> tuple[str, str, str]:
    return row["instruction"], row["output_1"], row["output_2"]


def _knowing(known: dict[tuple[Any, Any, Any], float]) -> Callable[[Body], Answer]:
    def answer(body: Body) -> Answer:
        _, text = prompt_text(body).split("--- instruction ", 1)
        instruction, a, b = _three(text, nonce=text.split(" ", 1)[0])
        preference = known.get((instruction, a, b))
        if preference is None:
            preference = 3 - known[instruction, b, a]
        return Answer("a > b" if preference < 1.5 else "b > a" if preference > 1.5 else "no idea")

    return answer


def _three(text: str, nonce: str) -> tuple[str, str, str]:
    _, rest = text.split(f"{nonce} ---\n", 1)
    instruction, rest = rest.split(f"\n--- answer a {nonce} ---\n", 1)
    a, rest = rest.split(f"\n--- answer b {nonce} ---\n", 1)
    return instruction, a, rest.split(f"\n--- end {nonce} ---", 1)[0]
