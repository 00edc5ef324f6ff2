"""Whatever is wrong with files, fields, configs, templates, flags or keys: exit 2, one message, nothing asked."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from tests.cli.running import CommandLine, rows
from tests.servers import JudgeServer, always

JUDGE: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4.1",
    "messages": [{"role": "user", "content": "{{ instruction }} {{ first }} {{ second }}"}],
    "parser": {"kind": "ranking", "first": "a", "second": "b"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[JudgeServer]:
    with JudgeServer(always("a > b")) as running:
        yield running


@dataclass(frozen=True)
class Case:
    """Something wrong: files to write, flags that differ from a run that works, and what the message has to tell.

    A file named `judge.yaml` is used as the annotator, `board.csv` as the board.
    """

    name: str
    told: tuple[str, ...]
    files: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)


def judge(**changes: Any) -> dict[str, Any]:
    return {"judge.yaml": yaml.safe_dump({**JUDGE, **changes})}


def prompt(text: str) -> dict[str, Any]:
    return judge(messages=[{"role": "user", "content": text}])


def outputs(content: Any, name: str = "outputs.json") -> dict[str, Any]:
    return {"files": {name: content}, "flags": {"model_outputs": name}}


DIALECT = {
    "judge.yaml": yaml.safe_dump(
        {
            "mine": {
                "prompt_template": "{instruction} {output_1} {output_2}",
                "fn_completions": "opnai_completions",
                "completions_kwargs": {"model_name": "gpt-4.1"},
                "fn_completion_parser": "regex_parser",
                "completion_parser_kwargs": {"outputs_to_match": {1: "a", 2: "b"}},
            }
        }
    )
}

GAMED = "preference,index,std_delta_len,instruction_difficulty\n"

SPOILT = [
    # files and their encodings
    Case(
        "no file",
        ("--model_outputs", "'ouputs.json'", "Did you mean 'outputs.json'?"),
        flags={"model_outputs": "ouputs.json"},
    ),
    Case("no reference", ("--reference_outputs", "'none.json'"), flags={"reference_outputs": "none.json"}),
    Case("no match", ("no file matches '*.csv'",), flags={"model_outputs": "*.csv"}),
    Case("folder", ("is a folder",), flags={"model_outputs": "."}),
    Case("empty file", ("outputs.json", "empty"), **outputs("")),
    Case("no row", ("outputs.json", "no row"), **outputs("[]")),
    Case(
        "broken JSON",
        ("outputs.json", "line 1, column", "not valid JSON"),
        **outputs('[{"instruction": "x",'),
    ),
    Case("Latin-1", ("outputs.json", "0xe9", "UTF-8"), **outputs(b'[{"instruction": "caf\xe9"}]')),
    Case("UTF-16", ("outputs.json", "iconv"), **outputs("[]".encode("utf-16"))),
    Case("unknown format", ("outputs.txt", "cannot be read", ".jsonl"), **outputs("x", "outputs.txt")),
    Case(
        "cut gzip", ("outputs.json.gz", "gzip"), **outputs(gzip.compress(b"[]" * 99)[:-9], "outputs.json.gz")
    ),
    Case("not Parquet", ("outputs.parquet", "Parquet"), **outputs("x", "outputs.parquet")),
    Case(
        "ragged CSV",
        ("outputs.csv", "row 1 (line 2)", "3 fields"),
        **outputs("instruction,output\na,b,c\n", "outputs.csv"),
    ),
    # fields and rows
    Case(
        "misspelt field",
        ("row 1", "'output'", "Did you mean 'ouput'?"),
        **outputs([{"instruction": "x", "ouput": "y"}]),
    ),
    Case("null output", ("row 2", "`output` is null"), **outputs(rows(output=None))),
    Case("number as output", ("row 2", "`output` is a number (42)"), **outputs(rows(output=42))),
    Case("empty instruction", ("row 2", "`instruction` is empty"), **outputs(rows(instruction=" "))),
    Case(
        "two outputs",
        ("row 5", "row 2", "'Do thing 1.'"),
        **outputs([*rows(), {**rows()[1], "output": "other"}]),
    ),
    Case("two models", ("row 2", "'other'", "--name"), **outputs(rows(generator="other"))),
    Case("too few outputs", ("No output for 2 of its 4", "--is_allow_partial"), **outputs(rows(2))),
    Case("nothing pairs", ("Nothing pairs",), **outputs([{"instruction": "x", "output": "y"}])),
    Case(
        "nothing pairs, partly allowed",
        ("Nothing pairs",),
        files={"outputs.json": [{"instruction": "x", "output": "y"}]},
        flags={"is_allow_partial": True},
    ),
    # annotators
    Case(
        "no such annotator",
        ("'gpt4_rankin'", "Did you mean 'gpt4_ranking'?"),
        flags={"annotators_config": "gpt4_rankin"},
    ),
    Case("folder without config", ("has no config.yaml",), flags={"annotators_config": "."}),
    Case(
        "config is no YAML", ("judge.yaml", "not valid YAML", "line 1"), {"judge.yaml": "provider: [openai"}
    ),
    Case("config is a list", ("judge.yaml", "it holds a list"), {"judge.yaml": "[1]"}),
    Case("config is empty", ("judge.yaml", "it holds nothing"), {"judge.yaml": ""}),
    Case("config is not UTF-8", ("judge.yaml", "UTF-8"), {"judge.yaml": b"provider: caf\xe9"}),
    Case(
        "key given twice",
        ("judge.yaml", "line 2", "'model' is given twice"),
        {"judge.yaml": "model: a\nmodel: b"},
    ),
    Case(
        "YAML bomb",
        ("more than 100000 values",),
        {
            "judge.yaml": "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n"
                for old, new in ("ab", "bc", "cd", "de", "ef", "fg")
            )
        },
    ),
    Case("unknown field", ("'modle'", "Did you mean 'model'?"), judge(modle="x")),
    Case("no parser", ("'parser' is missing",), judge(parser=None)),
    Case("no such parser", ("'rankng'", "Did you mean 'ranking'?"), judge(parser={"kind": "rankng"})),
    Case(
        "same labels",
        ("must be different words",),
        judge(parser={"kind": "ranking", "first": "a", "second": "A"}),
    ),
    Case("no such provider", ("'opnai'", "Did you mean 'openai'?"), judge(provider="opnai")),
    Case(
        "no such embedded judge",
        ("'longst'", "Did you mean 'longest'?"),
        judge(provider="builtin", model="longst"),
    ),
    Case("no model", ("model is not set", "--judge_model"), judge(model="")),
    Case("empty jury", ("'annotators' is empty",), {"judge.yaml": "{combine: jury, annotators: {}}"}),
    Case("AlpacaEval's dialect, misspelt", ("judge.yaml", "Did you mean 'openai_completions'?"), DIALECT),
    # templates
    Case(
        "no such template",
        ("'prompt.jinja' cannot be read",),
        judge(messages=[{"role": "user", "template": "prompt.jinja"}]),
    ),
    Case(
        "template elsewhere",
        ("outside the config's folder",),
        judge(messages=[{"role": "user", "template": "/etc/passwd"}]),
    ),
    Case("template syntax", ("judge.yaml, line 2", "unexpected"), prompt("{{ first }}\n{{ second }")),
    Case("unknown variable", ("'frist'", "Did you mean 'first'?"), prompt("{{ frist }} {{ second }}")),
    Case("unknown filter", ("No filter named 'shout'",), prompt("{{ first|shout }} {{ second }}")),
    Case("an output not shown", ("never shows the output 'second'",), prompt("{{ first }}")),
    Case("an escape", ("unsafe",), prompt("{{ first.__class__ }} {{ second }}")),
    Case("endless", ("'range'",), prompt("{% for x in range(9) %}{{ first }}{% endfor %}{{ second }}")),
    # flags
    Case(
        "no such flag",
        ("evaluate has no flag '--modle_outputs'. Did you mean '--model_outputs'?",),
        flags={"modle_outputs": "x"},
    ),
    Case("a flag like none", ("no flag '--zzz'", "evaluate --help"), flags={"zzz": "x"}),
    Case("text as whole number", ("'--seed'", "'x' is not a whole number"), flags={"seed": "x"}),
    Case("fraction as whole number", ("'--max_instances'", "'1.5'"), flags={"max_instances": "1.5"}),
    Case("not a number", ("'--max_cost'", "'nan' is not a number"), flags={"max_cost": "nan"}),
    Case("nothing where a number is needed", ("'--seed'", "'None'"), flags={"seed": "None"}),
    Case("maybe", ("'--dry_run'", "neither True nor False"), flags={"dry_run": "maybe"}),
    Case("negative seed", ("--seed", "at least 0"), flags={"seed": -1}),
    Case("no instruction", ("--max_instances", "at least 1"), flags={"max_instances": 0}),
    Case(
        "more than can be",
        ("--max_instances", "at most 9223372036854775807"),
        flags={"max_instances": 10**19},
    ),
    Case("coverage in percent", ("--min_coverage", "from 0 to 1", "99"), flags={"min_coverage": 99}),
    Case("negative budget", ("--max_cost", "at least 0"), flags={"max_cost": -1}),
    Case("no request at a time", ("--max_concurrency", "at least 1"), flags={"max_concurrency": 0}),
    Case("no attempt", ("--max_attempts", "at least 1"), flags={"max_attempts": 0}),
    Case("negative delay", ("--retry_delay", "at least 0"), flags={"retry_delay": -1}),
    Case("no time", ("--request_timeout", "at least 0.001"), flags={"request_timeout": 0}),
    Case("no such preset", ("--preset", "Did you mean 'alpaca_eval_2'?"), flags={"preset": "alpaca_eval2"}),
    Case("no such order", ("--order", "Did you mean 'random'?"), flags={"order": "randm"}),
    Case("no such interval", ("--interval", "Did you mean 't_plus4'?"), flags={"interval": "t_plus"}),
    Case(
        "no such mode",
        ("leaderboard_mode", "Did you mean 'verified'?"),
        flags={"current_leaderboard_mode": "verifed"},
    ),
    Case("no such column", ("--sort_by", "Did you mean 'win_rate'?"), flags={"sort_by": "winrate"}),
    *(
        Case(
            f"a file of length control: {what}",
            ("--length_control_file", *told),
            {"df_gamed.csv": content} if content else {},
            {"length_control_file": "df_gamed.csv", "fn_metric": "get_length_controlled_winrate"},
        )
        for what, content, told in (
            ("none", "", ("No such file", "df_gamed.csv")),
            ("another", "a,b\n1,2\n", ("lacks preference, index",)),
            ("no text", b"\xff\xfe", ("utf-8",)),
            ("no numbers", f"{GAMED}x,0,1,1\n", ("'x'",)),
            ("of another set", f"{GAMED}1,0,1,1\n", ("none of the instructions is in df_gamed.csv",)),
            ("no instruction", f"{GAMED}1,,1,1\n", ("index nan", "805 instructions")),
            ("one before the first", f"{GAMED}1,-1,1,1\n", ("index -1",)),
        )
    ),
    Case("half a price", ("--judge_price", "[2, 8]"), flags={"judge_price": "[2]"}),
    Case("broken YAML", ("'--judge_price'", "not valid YAML"), flags={"judge_price": "[2"}),
    Case("too much noise", ("--p_label_flip", "from 0 to 0.5"), flags={"p_label_flip": 0.7}),
    Case(
        "budget without a price",
        ("--max_cost", "'who-knows'", "--judge_price"),
        flags={"max_cost": 1, "judge_model": "who-knows"},
    ),
    Case("no address", ("127.0.0.1:1", "http://"), flags={"judge_base_url": "127.0.0.1:1"}),
    Case(
        "a file as folder", ("--output_path", "outputs.json"), flags={"output_path": "outputs.json/results"}
    ),
    Case("a board that is none", ("board.csv", "no column 'win_rate'"), {"board.csv": "a,b\n1,2\n"}),
    Case("a board with holes", ("board.csv", "line 3"), {"board.csv": ",win_rate,n_total\na,1.0,3\nb,2.0\n"}),
    Case("a board of text", ("board.csv", "line 2", "'high'"), {"board.csv": ",win_rate\na,high\n"}),
    Case("a cache that is none", ("cache.sqlite", "--caching_path"), {"cache.sqlite": "hello" * 999}),
    # keys and variables
    Case("no key", ("OPENAI_API_KEY",), variables={"OPENAI_API_KEY": None}, flags={"judge_base_url": "None"}),
    Case("another key", ("MY_KEY",), flags={"judge_api_key_env": "MY_KEY"}),
    Case("broken key", ("OPENAI_API_KEY", "copied whole"), variables={"OPENAI_API_KEY": "sk-\nsecret"}),
    Case("preset by variable", ("IS_ALPACA_EVAL_2", "'maybe'"), variables={"IS_ALPACA_EVAL_2": "maybe"}),
]


def arguments(case: Case, server: JudgeServer) -> list[str]:
    flags: dict[str, Any] = {
        "model_outputs": "outputs.json",
        "reference_outputs": "reference.json",
        "annotators_config": "judge.yaml" if "judge.yaml" in case.files else "gpt4_ranking",
        "judge_base_url": server.base_url,
        "output_path": "results",
        "caching_path": "cache.sqlite",
        "precomputed_leaderboard": "board.csv" if "board.csv" in case.files else None,
        "retry_delay": 0,
        **case.flags,
    }
    return [f"--{name}={value}" for name, value in flags.items()]


@pytest.mark.parametrize("case", SPOILT, ids=[case.name for case in SPOILT])
def test_one_message_exit_2_and_nothing_asked(command: CommandLine, server: JudgeServer, case: Case) -> None:
    for name, content in case.files.items():
        command.write(name, content)
    for variable, value in case.variables.items():
        if value is None:
            command.patch.delenv(variable)
        else:
            command.patch.setenv(variable, value)
    asked, before = server.n_requests, command.files()
    outcome = command(*arguments(case, server))
    assert outcome.code == 2
    assert server.n_requests == asked
    assert outcome.out == ""
    *announced, message = re.split(r"^autoeval: ", outcome.err, flags=re.MULTILINE)
    assert "".join(announced) == "" or announced[0].startswith("judge ")  # the setting, before it went wrong
    for part in case.told:
        assert part in message
    assert not re.search(r"Traceback|File \"|<[a-z]+ object|sk-|\.\.$|\?\.$", message)
    assert len(message.splitlines()) <= 5
    assert command.files() == before


def test_what_these_cases_spoil_works(command: CommandLine, server: JudgeServer) -> None:
    command.write("judge.yaml", yaml.safe_dump(JUDGE))
    case = Case("nothing wrong", (), {"judge.yaml": ""})
    assert command(*arguments(case, server)).code == 0
    assert json.loads((command.folder / "results" / "annotations.json").read_text())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shwo"], "no command 'shwo'. Did you mean 'show'?"),
        (["evaluate-from-mdel"], "Did you mean 'evaluate_from_model'?"),
        (["--model_outputs"], "'--model_outputs' requires an argument"),
        (["--model_outputs", "a.json", "--model-outputs=b.json"], "make_leaderboard --all_model_outputs"),
        (["evaluate", "outputs.json", "--model_outputs", "outputs.json"], "--model_outputs is given twice"),
        (["compare", "results"], "compare: --run_b is missing"),
        (["compare", "a", "b", "1", "2", "c"], "unexpected argument 'c'"),
        (["show", "nowhere"], "nowhere"),
        (["-x"], "no flag '-x'"),
        (["evaluate", "outputs.json", "--nomax_cost"], "no flag '--nomax_cost'. Did you mean '--max_cost'?"),
    ],
)
def test_words_that_are_no_command(command: CommandLine, words: list[str], told: str) -> None:
    outcome = command(*words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("autoeval: ")
    assert told in outcome.err
