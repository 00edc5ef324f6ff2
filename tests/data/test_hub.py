"""The default eval set comes from the hub once, then from this machine; without either, one message says so."""

import json
from pathlib import Path

import pytest

from autoeval.data import alpaca_eval
from autoeval.errors import UsageError
from tests.data.local_hub import LocalHub, local_hub
from tests.processes import start_python

ROWS = [{"instruction": "question", "output": "answer", "generator": "text_davinci_003"}]
FILES = {
    "tatsu-lab/alpaca_eval/alpaca_eval.json": json.dumps(ROWS).encode(),
    "tatsu-lab/alpaca_eval/alpaca_eval_gpt4_baseline.json": json.dumps(ROWS * 2).encode(),
}
REFERENCE = """
import sys
from autoeval.data import alpaca_eval
from autoeval.errors import UsageError
try:
    print(alpaca_eval.reference({name!r}))
except UsageError as error:
    sys.exit(f"UsageError: {{error}}")
"""
NO_WAITING = """
import time
def sleep(seconds):
    raise SystemExit(f"would wait {seconds} seconds")
time.sleep = sleep
"""  # the hub's client waits between its attempts, for half a minute in all
NOWHERE = "http://127.0.0.1:9"  # nothing listens on the discard port


def python(script: str, home: Path, **environment: str) -> tuple[str, str]:
    """Run a script that waits for nothing.

    In a process of its own, because the hub's client reads its environment when it is imported.
    """
    run = start_python("-c", NO_WAITING + script, variables={"HF_HOME": str(home), **environment}).finish()
    return run.stdout.strip(), run.stderr.strip()


def fetch(home: Path, name: str = "text_davinci_003", **environment: str) -> tuple[str, str]:
    return python(REFERENCE.format(name=name), home, **environment)


def each_of(names: list[str], home: Path, before: str = "", **environment: str) -> list[str]:
    """Read datasets by their names and return the rows of each, or its error."""
    script = (
        f"{before}from autoeval.data.loading import read_rows\nfrom autoeval.errors import UsageError\n"
        f"for name in {names!r}:\n"
        "    try: print([dict(row.fields) for row in read_rows(name, '--model_outputs')])\n"
        "    except UsageError as error: print(error)"
    )
    return python(script, home, **environment)[0].splitlines()


def downloads(hub: LocalHub) -> int:
    return sum(request.startswith("GET /datasets") for request in hub.requests)


def test_a_reference_is_downloaded_once_and_then_needs_no_hub(tmp_path: Path) -> None:
    with local_hub(FILES) as hub:
        path, _ = fetch(tmp_path, HF_ENDPOINT=hub.endpoint)
        assert json.loads(Path(path).read_text()) == ROWS
        asked = list(hub.requests)
        assert downloads(hub) == 1
        assert fetch(tmp_path, HF_ENDPOINT=hub.endpoint)[0] == path
        assert hub.requests == asked
        other, _ = fetch(tmp_path, "gpt4_1106_preview", HF_ENDPOINT=hub.endpoint)
        assert len(json.loads(Path(other).read_text())) == 2
    assert fetch(tmp_path, HF_ENDPOINT=NOWHERE)[0] == path
    assert fetch(tmp_path, HF_HUB_OFFLINE="1")[0] == path


@pytest.mark.parametrize(
    "environment", [{"HF_ENDPOINT": NOWHERE}, {"HF_HUB_OFFLINE": "1"}], ids=["no network", "offline"]
)
def test_nothing_cached_and_no_hub_is_one_clear_error_at_once(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    stdout, stderr = fetch(tmp_path, **environment)
    assert stdout == ""
    assert len(stderr.splitlines()) == 1
    for told in ("UsageError", "alpaca_eval.json", "tatsu-lab/alpaca_eval", "--reference_outputs PATH"):
        assert told in stderr


def test_a_file_that_the_hub_does_not_have(tmp_path: Path) -> None:
    with local_hub({}) as hub:
        _, stderr = fetch(tmp_path, HF_ENDPOINT=hub.endpoint)
    assert "UsageError" in stderr
    assert "alpaca_eval.json" in stderr
    assert "--reference_outputs PATH" in stderr


def test_a_forced_download_brings_what_has_changed(tmp_path: Path) -> None:
    with local_hub(FILES) as hub:
        fetch(tmp_path, HF_ENDPOINT=hub.endpoint)
        hub.files["tatsu-lab/alpaca_eval/alpaca_eval.json"] = b"[]"
        path, _ = fetch(tmp_path, HF_ENDPOINT=hub.endpoint, DATASETS_FORCE_DOWNLOAD="1")
        assert Path(path).read_text() == "[]"


def test_the_token_is_sent_and_never_shown(tmp_path: Path) -> None:
    with local_hub(FILES, token="hf_secret") as hub:
        _, stderr = fetch(tmp_path, HF_ENDPOINT=hub.endpoint, DATASETS_TOKEN="hf_wrong")
        assert "UsageError" in stderr
        assert "hf_wrong" not in stderr
        assert fetch(tmp_path, HF_ENDPOINT=hub.endpoint, DATASETS_TOKEN="hf_secret")[0].endswith(
            "alpaca_eval.json"
        )


def test_an_unknown_reference_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="Did you mean 'gpt4_1106_preview'"):
        alpaca_eval.reference("gpt4_1106")


def test_alpaca_evals_dataset_by_its_name_on_the_hub(tmp_path: Path) -> None:
    names = ["tatsu-lab/alpaca_eval:alpaca_eval_gpt4_baseline", "tatsu-lab/alpaca_eval"]
    with local_hub(FILES) as hub:
        assert each_of(names, tmp_path, HF_ENDPOINT=hub.endpoint) == [str(ROWS * 2), str(ROWS)]


def test_any_dataset_of_the_hub_by_its_name_and_then_from_the_cache(tmp_path: Path) -> None:
    lines = b'{"instruction": "q", "output": "a"}\n'
    one = str([{"instruction": "q", "output": "a"}])
    with local_hub({"me/mine/train.jsonl": lines * 2, "me/mine/test.jsonl": lines}) as hub:
        names = ["me/mine:test", "me/mine", "me/mine:tst", "me/other"]
        found = each_of(names, tmp_path, HF_ENDPOINT=hub.endpoint)
    assert found[0] == one
    assert (
        found[1] == "--model_outputs: me/mine has several parts: train, test. Name one, as 'me/mine:train'."
    )
    assert found[2] == "--model_outputs: me/mine has no part 'tst'. Did you mean 'test'?"
    assert found[3].startswith("--model_outputs: 'me/other' is neither a file here nor a dataset")
    assert each_of(["me/mine:test"], tmp_path, HF_HUB_OFFLINE="1") == [one]


def test_a_copy_of_before_and_a_file_with_nearly_that_name_are_remembered(tmp_path: Path) -> None:
    with local_hub({"me/mine/test.jsonl": b'{"instruction": "q", "output": "a"}\n'}) as hub:
        each_of(["me/mine"], tmp_path, HF_ENDPOINT=hub.endpoint)
    (tmp_path / "outputs.json").write_text("[]")
    near = f"{tmp_path.name}/outputs.jso"
    script = f"import os\nos.chdir({str(tmp_path.parent)!r})\n"
    kept, unknown = each_of(["me/mine", "me/other"], tmp_path, HF_ENDPOINT=NOWHERE)
    assert kept.endswith("HF_HUB_OFFLINE=1 takes the copy that is on this machine.")
    assert unknown.endswith("Check the name, or give a file.")
    (misspelt,) = each_of([near], tmp_path, before=script, HF_ENDPOINT=NOWHERE)
    assert misspelt.endswith(f"Did you mean '{tmp_path.name}/outputs.json'?")


def test_a_dataset_of_an_unreachable_hub_is_refused_at_once(tmp_path: Path) -> None:
    (message,) = each_of(["me/mine"], tmp_path, HF_ENDPOINT=NOWHERE)
    assert message.startswith("--model_outputs: 'me/mine' is neither")
