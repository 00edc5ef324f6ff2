"""The audit as a user runs it: a judge behind HTTP, asked about changed pairs."""

import json
from pathlib import Path
from typing import Any

import pytest

import autoeval
from autoeval.errors import NothingJudgedError
from autoeval.journeys.audit import Audit
from benchmarks.audit import audited, clean
from tests.cli.running import CommandLine
from tests.servers import Answer, JudgeServer
from tests.servers.synthetic_judge import FAULTS, SyntheticJudge, rows

N = 24


def _audit(folder: Path, server: JudgeServer, **parameters: Any) -> Audit:
    defaults: dict[str, Any] = {
        "judge_base_url": server.base_url,
        "judge_model": "synthetic",
        "order": "random",
        "caching_path": folder / "cache.sqlite",
        "output_path": folder / "audit",
        "retry_delay": 0,
    }
    result: Audit = autoeval.audit(rows(N, 1), rows(N, 0), "openai_compatible", **{**defaults, **parameters})
    return result


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_and_nothing_else(fault: str) -> None:
    report = audited(SyntheticJudge(1, fault, share=0.6), 40).report
    assert {finding.check for finding in report.flagged} - {"drift beyond repeats"} == {fault}
    found = next(finding for finding in report.findings if finding.check == fault)
    assert found.value == pytest.approx(30, abs=15)
    assert "FLAGGED" in found.text


def test_a_clean_judge_passes_and_its_noise_is_estimated() -> None:
    report = audited(clean(3), 60).report
    assert not report.flagged
    repeat = next(finding for finding in report.findings if finding.check == "repeat")
    assert repeat.value == pytest.approx(42, abs=20), "two answers that err in 30% of cases differ in 42%"


@pytest.mark.slow
def test_faults_of_10_points_are_found_on_200_pairs() -> None:
    """Two of the judges of `benchmarks/audit.py`, which audits 60; `tests/analysis/test_audit.py` tries every fault."""
    for seed, fault in list(enumerate(FAULTS))[::4]:
        flagged = audited(SyntheticJudge(seed, fault)).report.flagged
        assert fault in {finding.check for finding in flagged}, fault


def test_every_question_is_a_request_and_repeats_have_their_own_reply(tmp_path: Path) -> None:
    with JudgeServer(SyntheticJudge()) as server:
        result = _audit(tmp_path, server)
        assert server.n_requests == 7 * N == len(result.table)
        texts = [json.dumps(body["messages"]) for body in server.bodies]
        assert len(texts) - len(set(texts)) == N, "the repeats"
        _audit(tmp_path, server)
        assert server.n_requests == 7 * N, "all of it is cached"


def test_anchors_are_asked_anew_each_time_and_the_stored_replies_stay(tmp_path: Path) -> None:
    judge = SyntheticJudge(fault="drift", share=1.0)
    with JudgeServer(judge) as server:
        with pytest.raises(autoeval.UsageError, match="without it first"):
            _audit(tmp_path, server, checks="swap,anchor")
        _audit(tmp_path, server, checks="swap")
        asked = server.n_requests
        steady = _audit(tmp_path, server, checks="swap,anchor")
        judge.has_drifted = True
        drifted = [_audit(tmp_path, server, checks=["swap", "anchor"]) for _ in range(2)]
        assert server.n_requests == asked + 3 * N
    values = [
        next(finding.value for finding in audit.report.findings if finding.check == "drift")
        for audit in (steady, *drifted)
    ]
    assert values[0] == 0
    assert values[1] == values[2] > 30
    assert [len(audit.asks) for audit in drifted] == [2, 2]


def test_what_is_written(tmp_path: Path) -> None:
    with JudgeServer(SyntheticJudge(fault="bold", share=1.0)) as server:
        result = _audit(tmp_path, server)
    assert result.path == tmp_path / "audit" / "audit.json"
    written = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert written["flagged"] == ["bold"]
    assert [finding["check"] for finding in written["findings"]][:3] == ["position", "flips", "filler"]
    assert written["annotator"]["judges"][0]["model"] == "synthetic"


def test_a_judge_that_likes_its_own_outputs(tmp_path: Path) -> None:
    """It always prefers output 2, its own; people prefer either as often."""
    votes = [
        {"instruction": two["instruction"], "output_1": one["output"], "output_2": two["output"]}
        | {"preference": 1.0 + number % 2}
        for number, (one, two) in enumerate(zip(rows(N, 0), rows(N, 1), strict=True))
    ]
    with JudgeServer(SyntheticJudge(quality=1.0)) as server:
        result = _audit(tmp_path, server, self_generator="model", human_annotations=votes)
        with pytest.raises(autoeval.UsageError, match="need each other"):
            _audit(tmp_path, server, self_generator="model")
    assert [finding.check for finding in result.report.flagged] == ["self-preference"]
    assert result.report.flagged[0].value == 50


def test_an_embedded_judge_needs_no_server() -> None:
    result = autoeval.audit(rows(N, 1), rows(N, 0), "longest", output_path=None)
    assert "filler" in {finding.check for finding in result.report.flagged}
    assert result.path is None


def test_questions_without_an_answer_are_counted(tmp_path: Path) -> None:
    judge = SyntheticJudge()

    def mostly(body: Any) -> Answer:
        return Answer("hm") if "number 7?" in str(body) else judge(body)

    with JudgeServer(mostly) as server:
        result = _audit(tmp_path, server)
    assert (result.n_missing, result.exit_code) == (7, 3)


@pytest.mark.parametrize(
    ("answer", "flags", "code", "told"),
    [
        (Answer("hm"), ("--go_on",), 3, "168 unparsed"),
        (Answer("down", status=500), ("--max_attempts", "1", "--min_coverage", "0"), 3, "stopped: "),
        (Answer("flagged", status=400, code="content_filter"), ("--min_coverage", "0"), 3, "filtered"),
        (Answer("no", status=401, code="invalid_api_key"), (), 5, "stopped: "),
        (Answer("a > b"), ("--max_cost", "0"), 4, "168 not asked"),
    ],
)
def test_a_judge_that_never_answers_ends_as_in_evaluate_and_nothing_is_written(
    answer: Answer, flags: tuple[str, ...], code: int, told: str, command: CommandLine
) -> None:
    outputs, others = command.write("outputs.json", rows(N, 1)), command.write("others.json", rows(N, 0))
    before = command.files()
    with JudgeServer(lambda _: answer) as server:
        outcome = command(
            *("audit", "--model_outputs", outputs, "--reference_outputs", others, "--caching_path=None"),
            *("--annotators_config", "gpt4_ranking", "--judge_base_url", server.base_url, *flags),
        )
    said = " ".join(outcome.out.split())
    assert outcome.code == code
    assert f"not one of {7 * N} questions could be judged (" in said
    assert told in said
    assert "flagged: nothing" not in said
    assert command.files() == before


def test_in_python_a_judge_that_never_answers_is_an_error(tmp_path: Path) -> None:
    with (
        JudgeServer(lambda _: Answer("hm")) as server,
        pytest.raises(NothingJudgedError, match="not one of") as raised,
    ):
        _audit(tmp_path, server, go_on=True)
    assert isinstance(raised.value.result, Audit)
    assert (raised.value.exit_code, raised.value.result.n_missing) == (3, 7 * N)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"checks": "bald"}, "Did you mean 'bold'"),
        ({"model_outputs": None}, "--model_outputs is missing"),
        ({"order": "sideways"}, "--order"),
        ({"max_instances": 0}, "--max_instances must be"),
        ({"judge_modell": "x"}, "judge_model"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], said: str) -> None:
    given = {
        "model_outputs": rows(3, 1),
        "reference_outputs": rows(3, 0),
        "annotators_config": "longest",
        "output_path": None,
    }
    with pytest.raises(autoeval.UsageError, match=said):
        autoeval.audit(**{**given, **parameters})


def test_a_dry_run_counts_the_questions(tmp_path: Path) -> None:
    with JudgeServer(SyntheticJudge()) as server:
        plan: Any = _audit(tmp_path, server, dry_run=True)
        assert server.n_requests == 0
    assert plan.n_new == 7 * N
