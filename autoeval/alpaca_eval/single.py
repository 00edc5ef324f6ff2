"""One judge that is called with a table of pairs, as alpaca_eval's SinglePairwiseAnnotator is."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from autoeval.alpaca_eval.constants import EVALUATORS_CONFIG_DIR
from autoeval.annotators.alpaca_eval import EvaluatorConfig, load_judges
from autoeval.annotators.judges import Annotator
from autoeval.annotators.plan import Plan
from autoeval.completions.cache import Cache
from autoeval.completions.keys import request_key
from autoeval.errors import UsageError
from autoeval.journeys.parameters.asking import Asking, AskingParameters, checked, prepare
from autoeval.prompting.alpaca_eval.folders import CONFIG_NAME
from autoeval.runs.judging import judge_all
from autoeval.types import Case, Completion

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("instruction", "output_1", "output_2")
Decoder = Callable[..., Mapping[str, Sequence[Any]]]
"""A function of prompts that returns their `completions`."""

_COLUMNS = (*KEYS, "preference", "failure", "raw_completion", "price_per_example", "time_per_example")


class SinglePairwiseAnnotator:
    """A judge with the prompt, the decoder and the parser of one's own.

    Args:
        prompt_template: the prompt, or its file below `base_dir`.
        fn_completions: the decoder's name; or a function that gets prompts and `completions_kwargs` and returns
            {"completions": a reply to each prompt}.
        completions_kwargs: the decoder's arguments.
        seed: decides the orders.
        base_dir: where prompts lie.
        completion_column: the column for the replies; None for none.
        **others: fields of a config (fn_completion_parser, completion_parser_kwargs, is_randomize_output_order, …),
            and how to ask (caching_path, judge_base_url, max_cost, …).

    Raises:
        UsageError: a field or a parameter is wrong.
    """

    def __init__(
        self,
        prompt_template: str | Path,
        fn_completions: str | Decoder | None = "openai_completions",
        completions_kwargs: Mapping[str, Any] | None = None,
        seed: int = 123,
        base_dir: str | Path = EVALUATORS_CONFIG_DIR,
        completion_column: str | None = "raw_completion",
        **others: Any,
    ) -> None:
        self.fn_completions, self.completions_kwargs = fn_completions, dict(completions_kwargs or {})
        self.seed, self.completion_column = seed, completion_column
        fields = {name: others.pop(name) for name in tuple(others) if name in EvaluatorConfig.model_fields}
        self._config = {"prompt_template": str(prompt_template), **fields}
        self._path = Path(base_dir) / "annotator" / CONFIG_NAME
        self._parameters = checked(cast("AskingParameters", others), SinglePairwiseAnnotator)
        self._annotator(None)

    def __call__(self, df_to_annotate: "pd.DataFrame") -> "pd.DataFrame":
        """Judge pairs, a row each with instruction, output_1 and output_2.

        Returns:
            The rows with a preference, and when and by which version it came.

        Raises:
            UsageError: there is no such decoder, or it lacks an argument.
        """
        return self._annotated(df_to_annotate)

    def _annotated(self, pairs: "pd.DataFrame") -> "pd.DataFrame":
        from autoeval.version import __version__

        own = self.fn_completions if callable(self.fn_completions) else None
        annotator = self._annotator(None if own else cast("str | None", self.fn_completions))
        asking = replace(prepare("longest", self._parameters), annotator=annotator)
        decoder = own and (lambda prompts: own(prompts, **self.completions_kwargs))
        found = judged(asking, self.seed, pairs, decoder)
        replies = {} if self.completion_column is None else {self.completion_column: found["raw_completion"]}
        found = found[[*KEYS, "preference"]].assign(
            **replies,
            preference_date=datetime.now().astimezone().isoformat(),
            preference_version=f"autoeval {__version__}",
        )
        return found[found["preference"].notna()].reset_index(drop=True)

    def _annotator(self, decoder: str | None) -> Annotator:
        entry = {**self._config, "fn_completions": decoder, "completions_kwargs": self.completions_kwargs}
        name = Path(self._config["prompt_template"]).stem
        return Annotator(name, tuple(load_judges({name: entry}, self._path)))


def judged(
    asking: Asking, seed: int, table: "pd.DataFrame", decoder: Decoder | None = None
) -> "pd.DataFrame":
    """Judge pairs, a row each with instruction, output_1 and output_2.

    Args:
        asking: the judge and how it is asked.
        seed: decides the orders.
        table: the pairs.
        decoder: answers in the judge's place.

    Returns:
        The pairs with `preference`, `failure`, `raw_completion`, `price_per_example` and `time_per_example`.

    Raises:
        UsageError: the decoder does not return a text for each prompt.
    """
    import pandas as pd

    texts = table[list(KEYS)].astype(str).itertuples(index=False)
    pairs = tuple(
        Case.pair(number, instruction, first, second, "output_1", "output_2")
        for number, (instruction, first, second) in enumerate(texts)
    )
    if not pairs:
        return pd.DataFrame(columns=_COLUMNS)
    with ExitStack() as stack:
        cache = stack.enter_context(Cache(None) if decoder else asking.open_cache())
        plan = Plan(asking.annotator, pairs, seed)
        if decoder:
            _answer(plan, decoder, cache)
        (found,), _ = judge_all([plan], cache, asking.options, asking.display, asking.is_reask_unparsed)
    return pd.DataFrame([{name: row[name] for name in _COLUMNS} for row in found.rows or ()])


def _answer(plan: Plan, decoder: Decoder, cache: Cache) -> None:
    """Put the decoder's replies where those of a provider would be."""
    asked = {request_key(request): request.prompt for request in plan.requests()}
    replies = decoder(list(asked.values()))["completions"] if asked else ()
    if len(replies) != len(asked) or not all(isinstance(reply, str) for reply in replies):
        raise UsageError(
            f"fn_completions must return 'completions' with a text for each of {len(asked)} prompts."
        )
    cache.put_many((key, Completion(reply)) for key, reply in zip(asked, replies, strict=True))
