"""Small plans: judges with a short prompt, and pairs to ask them about."""

from collections.abc import Sequence
from typing import Any

from autoeval.annotators.judges import Annotator, Judge
from autoeval.annotators.loading import find_config, names
from autoeval.annotators.plan import Plan
from autoeval.prompting.prompt import Prompt
from autoeval.prompting.templates import BraceTemplate, JinjaTemplate, Template
from autoeval.prompting.yaml_files import read_yaml
from autoeval.types import Case, Endpoint
from tests.annotators.parsing import parser

SHIPPED = {name: read_yaml(find_config(name)) for name in names()}
REMOTE = [name for name, config in SHIPPED.items() if config["provider"] not in ("builtin", "gguf")]
"""The shipped annotators that are asked over HTTP."""
OF_PAIRS = [name for name in REMOTE if not {"kind", "columns"} & set(SHIPPED[name])]
"""Those of them that are shown an instruction and two outputs, and no column of an eval set besides."""
NAMES = frozenset({"instruction", "first", "second", "nonce"})


def a_pair(index: int, output_1: str = "", output_2: str = "") -> Case:
    """Return a pair whose texts say which they are."""
    return Case.pair(
        index=index,
        instruction=f"question {index}",
        output_1=output_1 or f"reference {index}",
        output_2=output_2 or f"model {index}",
        generator_1="reference",
        generator_2="model",
    )


def pairs(n: int) -> list[Case]:
    """Return so many pairs."""
    return [a_pair(index) for index in range(n)]


def a_judge(name: str = "judge", batch_size: int = 1, **fields: Any) -> Judge:
    """Return a judge whose prompt is a line a pair: `question|first|second`."""
    template: Template = JinjaTemplate("{{ instruction }}|{{ first }}|{{ second }}", NAMES, "prompt.jinja")
    if batch_size > 1:
        template = BraceTemplate("\n".join(["{instruction}|{first}|{second}"] * batch_size), NAMES)
    return Judge(
        name=name,
        endpoint=Endpoint("openai"),
        model=name,
        parameters={},
        prompt=Prompt((("user", None, template),)),
        parser=parser("ranking"),
        batch_size=batch_size,
        **fields,
    )


def a_plan(some_pairs: Sequence[Case], *judges: Judge, seed: int = 0, **fields: Any) -> Plan:
    """Return a plan of a jury (or, with `combine="pool"`, a pool) of judges."""
    return Plan(Annotator("test", judges, **fields), some_pairs, seed)


def prompts(plan: Plan) -> list[str]:
    """Return what a plan asks, in its order; repeated requests are listed as often as they come."""
    return [request.messages[0].content for request in plan.requests()]
