"""What users and other tools rely on, computed as plain data: rows, cache keys, draws, boards, records of a run.

`golden.json` beside this file holds what it was, `replies.sqlite` a cache as it was written then.
`python -m tests.contracts.frozen` writes both anew, which is a change of contract: CHANGELOG has to name it.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import autoeval
from autoeval.annotators.kinds.draws import is_switched
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.plan import Plan
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.data.pairing import load_pairs
from autoeval.journeys.import_annotations import import_file
from autoeval.runs.judging import judge_all
from autoeval.types import Case
from tests.alpaca_eval.configs import write_evaluators
from tests.recorded import load_recorded, recorded_data, recorded_models
from tests.servers import Answer, JudgeServer, prompt_text
from tests.servers.answers import Body
from tests.servers.forms import Ruling, in_form

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.json"
REPLIES = HERE / "replies.sqlite"
EXAMPLES = Path(autoeval.__file__).resolve().parents[1] / "examples"
OUTPUTS = {"example-model": EXAMPLES / "outputs.json", "example-model-b": EXAMPLES / "outputs_second.json"}
REFERENCE = EXAMPLES / "reference_outputs.json"

SHIPPED = ("offline", "longest", "gpt4_ranking", "gpt4_logprob", "gpt4_cot", "claude", "claude_cot")
OWN = ("both", "scored", "jury", "pool")
DIALECT = ("alpaca_eval_gpt4", "weighted_alpaca_eval_gpt4_turbo")
JUDGES = (*SHIPPED, *OWN, *DIALECT)
EVALUATORS_OF = {"alpaca_eval_1": "alpaca_eval_gpt4", "alpaca_eval_2": "weighted_alpaca_eval_gpt4_turbo"}

PORT = 47_831
"""The judges' server when the contracts were frozen; nothing listens there afterwards."""
SERVERS = {"OPENAI_BASE_URL": f"http://127.0.0.1:{PORT}/v1", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{PORT}"}

_LABELS = {"gpt-4-1106-preview": ("m", "M"), "gpt-4": ("model_1", "model_2")}
_MOVES = ("seconds", "versions", "cost_usd")
"""What run.json says of one run, version or price list only."""
_TEXTS = ("instruction", "output_1", "output_2", "raw_completion")


def config_of(judge: str, folder: Path) -> str | Path:
    """Return what names a judge; `folder` gets those of AlpacaEval's dialect."""
    if judge in OWN:
        return HERE / "judges" / judge
    if judge in DIALECT:
        return (folder if folder.exists() else write_evaluators(folder)) / judge
    return judge


def by_hash(body: Body) -> Answer:
    """Judge by a hash of the prompt, in the form that each judge here asks for."""
    text = prompt_text(body)
    digest = hashlib.sha256(text.encode()).digest()
    if body["model"] == "contract-scorer":
        return Answer(f"first: {digest[0] % 10} second: {digest[1] % 10}")
    labels = _LABELS.get(body["model"], ("a", "b"))
    frame = "rank" if body["model"] == "gpt-4" else "a > b"
    return in_form(body, frame, Ruling((1.0, 2.0)[digest[0] % 2]), labels)


def examples(judge: str, folder: Path, cache: Path) -> dict[str, Any]:
    """Evaluate both examples with a judge, and return what was written."""
    found: dict[str, Any] = {}
    for model, outputs in OUTPUTS.items():
        result = autoeval.evaluate(
            outputs,
            REFERENCE,
            config_of(judge, folder / "evaluators"),
            output_path=folder / "runs" / model,
            caching_path=cache,
            precomputed_leaderboard=None,
            retry_delay=0,
            no_report=True,
        )
        found[model] = {"requests": result.ask.n_asked, **written(result.folder)}
    return found


def written(folder: Path) -> dict[str, Any]:
    """Return what a run wrote, without what is of that run alone."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    del run["annotator"]["description"]  # it is for people, and says what is new
    return {
        "annotations": [
            _shortened(row) for row in json.loads((folder / "annotations.json").read_text("utf-8"))
        ],
        "leaderboard": (folder / "leaderboard.csv").read_text(encoding="utf-8"),
        "run": {name: value for name, value in run.items() if name not in _MOVES},
    }


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    """Replace texts by hashes, and prices, which follow the price list, by whether there is one."""
    short = {name: digest_of([str(row[name])]) if name in _TEXTS else row[name] for name in row}
    short["price_per_example"] = row["price_per_example"] is not None
    short["judgments"] = digest_of(
        json.dumps({**judgment, "price": judgment["price"] is not None})
        for judgment in row.get("judgments", ())
    )
    return short


def keys(judge: str, folder: Path) -> dict[str, Any]:
    """Return the cache keys of a judge's questions on the examples, and which are shown the other way round."""
    found: dict[str, Any] = {}
    annotator = load_annotator(config_of(judge, folder / "evaluators"))
    with load_pairs(OUTPUTS["example-model"], REFERENCE) as pairs:
        for seed in (0, 1):
            plan = Plan(annotator, pairs, seed)
            found[f"seed {seed}"] = {
                "fingerprint": annotator.fingerprint,
                "keys": digest_of(request_key(request).hex() for request in plan.requests()),
                "switched": "".join(
                    "1" if question.is_switched else "0" for planned in plan for question in planned.questions
                ),
            }
    return found


def draws() -> dict[str, str]:
    """Return the order in which the first twenty example instructions are shown, a digit each, for some seeds."""
    instructions = [row["instruction"] for row in json.loads(REFERENCE.read_text(encoding="utf-8"))[:20]]
    return {
        str(seed): "".join(str(int(is_switched(instruction, seed))) for instruction in instructions)
        for seed in (0, 1, 2, 42)
    }


def recorded(eval_set: str, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Judge each recorded model from an imported cache; yield its name with digests of keys and rows, and its row."""
    annotator = load_annotator(config_of(EVALUATORS_OF[eval_set], folder / "evaluators"))
    for model in recorded_models(eval_set):
        path = recorded_data() / eval_set / model / "annotations.json.gz"
        plan = Plan(annotator, _pairs(path), 0)
        with Cache(None) as cache:
            import_file(path, annotator, 0, cache)
            yield model, _judged(plan, cache, folder / "recorded" / model)


def _pairs(path: Path) -> list[Case]:
    names = ("instruction", "output_1", "output_2", "generator_1", "generator_2")
    distinct = dict.fromkeys(tuple(row[name] for name in names) for row in load_recorded(path))
    return [Case.pair(index, *texts) for index, texts in enumerate(distinct)]


def _judged(plan: Plan, cache: Cache, folder: Path) -> dict[str, Any]:
    from autoeval.completions.ask import AskOptions, Silent
    from autoeval.leaderboards.rows import numbers

    (judged,), report = judge_all([plan], cache, AskOptions(), Silent(), False, [folder])
    rows = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    return {
        "asked": report.n_asked,
        "keys": digest_of(request_key(request).hex() for request in plan.requests()),
        "rows": digest_of(json.dumps(row, ensure_ascii=False) for row in rows),
        "row": dict(numbers(judged.tally)),
    }


def digest_of(texts: Iterable[str]) -> str:
    """Return a hash of texts and their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:20]


def golden() -> Mapping[str, Any]:
    """Return what everything was when it was frozen."""
    frozen: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return frozen


def main() -> None:
    """Freeze what there is."""
    REPLIES.unlink(missing_ok=True)
    secrets = {"OPENAI_API_KEY": "sk-test", "ANTHROPIC_API_KEY": "sk-test"}
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, {**SERVERS, **secrets}):
        with JudgeServer(by_hash, port=PORT):
            for judge in JUDGES:
                examples(judge, Path(name) / "first", REPLIES)
        frozen = {
            "examples": {judge: examples(judge, Path(name) / "again", REPLIES) for judge in JUDGES},
            "keys": {judge: keys(judge, Path(name)) for judge in JUDGES},
            "draws": draws(),
            "recorded": {
                eval_set: dict(recorded(eval_set, Path(name) / eval_set)) for eval_set in EVALUATORS_OF
            },
        }
    with Cache(REPLIES) as cache:
        cache.query("PRAGMA journal_mode = DELETE")
    GOLDEN.write_text(json.dumps(frozen, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
