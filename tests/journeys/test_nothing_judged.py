"""Runs in which not a single pair gets a verdict: no number, no row on a board, an error, and the reasons in files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import autoeval
from autoeval.errors import NothingJudgedError
from autoeval.journeys.board_run import Leaderboard
from autoeval.runs.result import Evaluation
from tests.cli.running import CommandLine
from tests.journeys.small import evaluate_small, write_outputs
from tests.servers import Answer, JudgeServer, always
from tests.servers.answers import Body

N = 6
BOARD = ",win_rate,standard_error,n_total,avg_length\nother,50.0,1.0,6,30\n"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "board.csv"
    path.write_text(BOARD)
    yield path
    assert path.read_text() == BOARD


@pytest.mark.parametrize("min_coverage", [0.0, 0.9])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer("Both are fine."), "unparsed"),
        (Answer(""), "unparsed"),
        (Answer("flagged", status=400, code="content_filter"), "filtered"),
    ],
)
def test_evaluate_raises_and_writes_the_reasons(
    answer: Answer, reason: str, min_coverage: float, board: Path, tmp_path: Path
) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    with JudgeServer(lambda _: answer) as server, pytest.raises(NothingJudgedError, match=reason) as raised:
        autoeval.evaluate(
            outputs,
            reference,
            "gpt4_ranking",
            judge_base_url=server.base_url,
            caching_path=None,
            output_path=tmp_path / "results",
            precomputed_leaderboard=board,
            min_coverage=min_coverage,
            is_overwrite_leaderboard=True,
        )
    result = raised.value.result
    assert isinstance(result, Evaluation)
    assert raised.value.exit_code == result.exit_code == 3
    assert list(result.board.rows) == ["other"]
    assert {path.name for path in result.paths} == {"annotations.json", "run.json"}
    rows = json.loads(result.paths[0].read_text())
    assert len(rows) == N
    assert all(row["preference"] is None and row["failure"].startswith(reason) for row in rows)
    assert json.loads(result.paths[1].read_text())["counts"]["failures"] == {reason: N}


def test_a_server_that_nobody_reaches_leaves_an_earlier_result_as_it_is(tmp_path: Path) -> None:
    with JudgeServer(always("a > b")) as server:
        first = evaluate_small(tmp_path, server, n=N, no_report=True)
    before = {path: path.read_text() for path in first.paths}
    again = evaluate_small(tmp_path, server, n=N, no_report=True, caching_path=None, max_attempts=1)
    assert (again.tally.n_judged, again.exit_code, again.paths) == (0, 3, [])
    assert {path: path.read_text() for path in first.paths} == before


def leaderboard(folder: Path, board: Path, server: JudgeServer) -> Leaderboard:
    outputs, reference = write_outputs(folder, N)
    rows = [{**row, "generator": name} for row in json.loads(outputs.read_text()) for name in ("one", "two")]
    made: Leaderboard = autoeval.make_leaderboard(
        board,
        "gpt4_ranking",
        [{**row, "output": f"{row['output']} of {row['generator']}"} for row in rows],
        reference,
        judge_base_url=server.base_url,
        caching_path=None,
        min_coverage=0,
        is_mixed_allowed=True,
        go_on=True,
    )
    return made


def test_a_board_without_any_verdict_is_an_error_and_stays_as_it_is(board: Path, tmp_path: Path) -> None:
    with (
        JudgeServer(always("Both.")) as server,
        pytest.raises(NothingJudgedError, match="unparsed") as raised,
    ):
        leaderboard(tmp_path, board, server)
    assert raised.value.exit_code == 3


def test_a_model_without_any_verdict_gets_no_row(tmp_path: Path) -> None:
    def answer(body: Body) -> Answer:
        return Answer("Both." if "of two" in str(body) else "a > b")

    with JudgeServer(answer) as server:
        made = leaderboard(tmp_path, tmp_path / "new.csv", server)
    assert (list(made.board.rows), dict(made.incomplete), made.exit_code) == (["one"], {"two": 0.0}, 3)


REFUSED = Answer("flagged", status=400, code="content_filter")


@pytest.mark.parametrize("answer", [REFUSED, Answer("down", status=500), Answer("Both.")])
@pytest.mark.parametrize("against", ["people", "labels"])
def test_a_judge_that_gives_no_vote_is_an_error_and_gets_no_row(
    answer: Answer, against: str, command: CommandLine
) -> None:
    pairs = [{"instruction": f"{i}?", "output_1": f"good {i}", "output_2": f"bad {i}"} for i in range(N)]
    votes = command.write("votes.json", [{**pair, "preference": 1} for pair in pairs])
    labels = command.write("labels.json", [{**pair, "label": 1} for pair in pairs])
    flags = {
        "people": ("--gold_crossannotations", votes, "--is_save_leaderboard"),
        "labels": ("--labelled", "csv", "--dataset", labels),
    }[against]
    before = command.files()
    with JudgeServer(lambda _: answer) as server:
        asked_how = ("--judge_base_url", server.base_url, "--max_attempts", "1", "--min_coverage", "0")
        outcome = command(
            *("analyze_evaluators", "gpt4_ranking", "--leaderboard_path", "board.csv", "--caching_path=None"),
            *(*flags, *asked_how),
        )
    assert outcome.code == 3
    assert outcome.out == ""
    assert f"not one of {N} {'votes' if against == 'people' else 'pairs'} could be judged (" in outcome.err
    assert "nan" not in outcome.err.casefold()
    assert command.files() == before


def test_percentages_and_refusals_of_nothing_are_errors_whatever_coverage_is_enough(
    command: CommandLine,
) -> None:
    outputs = command.write("outputs.json", [{"instruction": f"{i}?", "output": f"{i}."} for i in range(N)])
    others = command.write("others.json", [{"instruction": f"{i}?", "output": f"{i}!"} for i in range(N)])
    with JudgeServer(lambda _: REFUSED) as server:
        asked_how = ("--judge_base_url", server.base_url, "--caching_path=None", "--min_coverage", "0")
        named = ("--model_outputs", outputs, *asked_how)
        told = command("refusal", "--annotators_config", "refusal_judge", *named)
        shares = command(
            "percent_of", "--annotators_config", "percent_of_review", "--reference_outputs", others, *named
        )
    assert (told.code, shares.code) == (3, 3), (told.err, shares.err)


def test_half_a_character_in_the_name_is_replaced(tmp_path: Path) -> None:
    outputs, reference = write_outputs(tmp_path, N)
    result = autoeval.evaluate(
        outputs, reference, "longest", name="m\udc80x", output_path=tmp_path / "results"
    )
    assert result.name == "m?x"
