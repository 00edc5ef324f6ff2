import doctest
import re
from pathlib import Path
from typing import Any

import pandas as pd

DOCS = Path(__file__).parents[2] / "docs"


def run_examples(page: str, tables: dict[str, Any]) -> None:
    """Run the examples of a page in order; what they print must be what the page says."""
    text = re.sub(r"^```.*$", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, tables, page, page, 0)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(examples, out=said.append)
    assert len(examples.examples) > 5
    assert not said, "".join(said)


def test_judging_the_judge(pandalm: pd.DataFrame, longest: pd.DataFrame) -> None:
    run_examples("judging-the-judge.md", {"votes": pandalm, "longest": longest})


def test_comparing_models(board: pd.DataFrame) -> None:
    run_examples("comparing-models.md", {"board": board})
