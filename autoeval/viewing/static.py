"""The view as files for who cannot serve: one page, and its documents beside it as scripts that hold only data."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import combinations

from autoeval.pages.document import packed
from autoeval.runs.catalog import RunFacts
from autoeval.viewing.comparing import difference
from autoeval.viewing.documents import Documents, unit_of, with_html
from autoeval.viewing.page import static_page
from autoeval.viewing.store import Entry


def static_files(documents: Documents) -> Iterator[tuple[str, str]]:
    """Make the files of a view.

    Yields:
        Where each goes, below the view's folder, and what stands in it.
    """
    listed = documents.runs(waits=True)
    listed["root"] = ""
    yield "index.html", static_page()
    yield _file("runs", listed)
    heads: dict[str, list[Entry]] = {}
    readable = [one for one in documents.index.runs() if not one.problem]
    for facts in readable:
        run = documents.run(facts.id)
        heads[facts.id] = run["pairs"]
        yield _file(f"run-{facts.id}", run)
        where, _ = documents.place(facts.id)
        yield _file(f"pairs-{facts.id}", [with_html(entry) for entry in documents.store.all_entries(where)])
    yield _file("differences", {"differences": list(_differences(readable, heads))})


def _differences(runs: Iterable[RunFacts], heads: dict[str, list[Entry]]) -> Iterator[dict[str, object]]:
    """Compare each two runs of a board."""
    for one, other in combinations(runs, 2):
        if one.setting == other.setting:
            numbers = asdict(difference(heads[one.id], heads[other.id], unit_of(one)))
            known = {name: None if value != value else value for name, value in numbers.items()}
            yield {"a": one.id, "b": other.id, **known}


def _file(name: str, document: object) -> tuple[str, str]:
    return f"data/{name}.js", f"autoevalDocument({json.dumps(name)}, {json.dumps(packed(document))});\n"
