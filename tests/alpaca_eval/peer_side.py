"""Runs inside the environment of alpaca_eval 0.6.6: `python peer_side.py COMMAND QUESTION.json ANSWER.json`.

Nothing here is imported by our tests.
"""

import inspect
import json
import math
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

_RECORDED: list[dict[str, Any]] = []


class _AskedError(Exception):
    """Ends a call once it is recorded."""


class _Recorder:
    """Takes the place of an SDK's client and notes what it is asked."""

    def __init__(self, **kwargs: Any) -> None:
        self._address = kwargs.get("base_url")
        self.chat = types.SimpleNamespace(completions=types.SimpleNamespace(create=self._chat))
        self.completions = types.SimpleNamespace(create=self._completion)
        self.messages = types.SimpleNamespace(create=self._message)

    def _chat(self, **kwargs: Any) -> None:
        from openai.resources.chat.completions import Completions

        self._note(Completions.create, kwargs)

    def _completion(self, **kwargs: Any) -> None:
        from openai.resources.completions import Completions

        self._note(Completions.create, kwargs)

    def _message(self, **kwargs: Any) -> None:
        self._note(None, kwargs)

    def _note(self, create: Any, kwargs: dict[str, Any]) -> None:
        if create is not None:
            inspect.signature(create).bind(None, **kwargs)
        _RECORDED.append({"address": self._address, "body": kwargs})
        raise _AskedError


def _stub_sdks(tokens: dict[str, dict[str, list[int]]]) -> None:
    """Put recorders in place of the SDKs, and known token numbers in place of tiktoken's download."""
    import openai
    import tiktoken
    from alpaca_eval import utils

    class Encoder:
        def __init__(self, model: str) -> None:
            self.encode = tokens[model].__getitem__

    tiktoken.encoding_for_model = Encoder
    setattr(openai, "OpenAI", _Recorder)  # noqa: B010 - a recorder is no client for type checkers
    anthropic = types.ModuleType("anthropic")
    anthropic.Anthropic = _Recorder  # type: ignore[attr-defined]
    for name in ("RateLimitError", "APITimeoutError", "APIError"):
        setattr(anthropic, name, type(name, (Exception,), {}))
    sys.modules["anthropic"] = anthropic
    utils.check_pkg_atleast_version = lambda *_: True


def render(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Render prompts for rows, and note the request that the first of them makes."""
    _stub_sdks(question["tokens"])
    import pandas as pd
    from alpaca_eval.annotators import PairwiseAnnotator, base

    find = base.get_fn_completions

    def find_or_none(name: str) -> Any:
        try:
            return find(name)
        except ImportError:
            return None

    base.get_fn_completions = find_or_none
    rows = pd.DataFrame(question["rows"])
    answers = []
    for path in question["configs"]:
        pool = PairwiseAnnotator(annotators_config=path, caching_path=None)
        for name, annotator in pool.annotators.items():
            whole = len(rows) // annotator.batch_size * annotator.batch_size
            prompts, _ = annotator._make_prompts(rows.iloc[:whole])
            request = _request(annotator.fn_completions, annotator.completions_kwargs, prompts)
            answers.append({"config": path, "annotator": name, "prompts": prompts, **request})
    return answers


def render_models(question: dict[str, Any]) -> dict[str, Any]:
    """Render the prompt of each model's config for rows, and note the request that the first of them makes."""
    _stub_sdks({})
    import pandas as pd
    from alpaca_eval import constants, decoders, utils

    rows, answers = pd.DataFrame(question["rows"]), {}
    for path in question["configs"]:
        ((name, config),) = utils.load_configs(path).items()
        try:
            template = utils.read_or_return(
                config["prompt_template"], relative_to=constants.MODELS_CONFIG_DIR
            )
            prompts, _ = utils.make_prompts(rows, template)
            answers[name] = {"prompts": prompts}
            function = decoders.get_fn_completions(config["fn_completions"])
        except Exception as error:
            answers.setdefault(name, {})["error"] = f"{type(error).__name__}: {error}"
            continue
        answers[name] |= _request(function, config["completions_kwargs"], prompts)
    return answers


def _request(function: Any, kwargs: dict[str, Any], prompts: list[str]) -> dict[str, Any]:
    _RECORDED.clear()
    if function is None:
        return {"error": "the decoder's package is not installed"}
    try:
        function(prompts=prompts[:1], **kwargs)
    except _AskedError:
        return _RECORDED[0]
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": "nothing was asked"}


def parse(question: list[dict[str, Any]]) -> list[Any]:
    """Parse replies as an annotator does: None is no verdict, `crash` one that ends its run."""
    from alpaca_eval import completion_parsers, utils

    verdicts = []
    for case in question:
        function = getattr(completion_parsers, case["function"])
        kwargs = {name: _with_numbers(value) for name, value in case["kwargs"].items()}
        try:
            values = list(function(case["completion"], **kwargs))
            values = values if len(values) == case["n_pairs"] else [None] * case["n_pairs"]
        except Exception:
            values = [None] * case["n_pairs"]
        verdicts.append([_verdict(value, utils.validate_alpacaeval_preference) for value in values])
    return verdicts


def _verdict(value: Any, is_valid: Any) -> Any:
    try:
        if value is None or math.isnan(value):
            return None
        return float(value) if is_valid(value) else "crash"
    except Exception:
        return "crash"


def _with_numbers(value: Any) -> Any:
    """JSON has no numbers as keys; configs have."""
    if not isinstance(value, dict):
        return value
    return {int(key) if key.isdigit() else key: _with_numbers(inner) for key, inner in value.items()}


def annotate(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a judge over pairs with an empty cache."""
    import pandas as pd
    from alpaca_eval.annotators import PairwiseAnnotator

    annotator = PairwiseAnnotator(annotators_config=question["config"], **question["kwargs"])
    annotated = annotator.annotate_head2head(
        outputs_1=pd.DataFrame(question["outputs_1"]), outputs_2=pd.DataFrame(question["outputs_2"])
    )
    return list(json.loads(pd.DataFrame(annotated).to_json(orient="records")))


def metrics(question: dict[str, Any]) -> dict[str, Any]:
    """Read our files with its readers and compute its win rate from them."""
    import pandas as pd
    from alpaca_eval import metrics as functions
    from alpaca_eval import utils

    rate = functions.get_winrate(pd.read_json(question["annotations"]))
    board = utils.load_or_convert_to_dataframe(question["leaderboard"])
    return {
        "win_rate": {name: float(value) for name, value in rate.items()},
        "columns": list(board.columns),
        "models": list(board.index),
    }


def length_controlled(question: dict[str, Any]) -> dict[str, Any]:
    """Compute the length-controlled win rate of annotations."""
    import alpaca_eval.metrics.glm_winrate as module
    import pandas as pd
    from alpaca_eval import metrics as functions

    module.hf_hub_download = lambda **_: question["gamed"]  # what it would fetch
    rows = pd.DataFrame(question["annotations"])
    found = functions.get_length_controlled_winrate(rows, save_weights_dir=None, **question["kwargs"])
    return {name: float(value) for name, value in found.items()}


def analyze(question: dict[str, Any]) -> dict[str, Any]:
    """Compare votes with human ones."""
    import pandas as pd
    from alpaca_eval.analyze import Analyzer

    human, votes, named = (pd.DataFrame(question[name]) for name in ("human", "votes", "named"))
    analyzer = Analyzer(human, named, n_annotators=4, scoring_rule=question["rule"])
    agreements = [analyzer.agreement_of_annotations(votes, **kwargs) for kwargs in question["agreements"]]
    return {
        "agreements": [dict(found.astype(float)) for found in agreements],
        "bias": float(analyzer.estimate_bias(votes)),
        "variance": float(analyzer.estimate_variance(votes)),
        "correlations": analyzer.estimate_correlations(votes),
        "tendencies": {**analyzer.get_length_biases(votes), **analyzer.get_list_biases(votes)},
    }


COMMANDS: dict[str, Callable[[Any], Any]] = {
    "render": render,
    "render_models": render_models,
    "parse": parse,
    "annotate": annotate,
    "metrics": metrics,
    "length_controlled": length_controlled,
    "analyze": analyze,
}

if __name__ == "__main__":
    command, asked, answered = sys.argv[1:]
    result = COMMANDS[command](json.loads(Path(asked).read_text(encoding="utf-8")))
    Path(answered).write_text(json.dumps(result), encoding="utf-8")
