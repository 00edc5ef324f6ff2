"""Which of every two models is better, kept beside their board: the claims of each time it was asked."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from autoeval.annotators.judges import Annotator
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.leaderboards.boards import locked
from autoeval.runs.paying.deciding import ROUND
from autoeval.runs.paying.every_pair import DecidedPairs
from autoeval.runs.run_json import part

_METHOD = "betting at every look (Waudby-Smith and Ramdas 2024), all comparisons together by Holm (1979)"


def path_of_claims(board: Path) -> Path:
    """Return where the claims about a board's models are kept."""
    return board.with_name(f"{board.stem}.decided.json")


def keep_claims(
    board: Path, judged: Iterable[str], decided: DecidedPairs | None, annotator: Annotator, seed: int
) -> None:
    """Keep new claims beside a board, and drop those about models that were judged again.

    The claims of one run stand together, because their error is that of all of them.

    Args:
        board: the leaderboard.
        judged: the models that were judged now.
        decided: what is claimed of them; None where nothing is.
        annotator: the judge.
        seed: of the order in which instructions were judged.

    Raises:
        UsageError: the file cannot be read or written.
    """
    path, again = path_of_claims(board), set(judged)
    if decided is None and not path.exists():
        return
    with locked(board):
        before = _runs_in(path) if path.exists() else []
        kept = [one for one in before if again.isdisjoint(_decided(one, path).models)]
        if decided is not None:
            judge = {"name": annotator.name, "fingerprint": annotator.fingerprint}
            kept.append({"judge": judge, "seed": seed, **_facts(decided)})
        with result_file(path, "what is claimed of the board's models, ") as file:
            json.dump({"runs": kept}, file, ensure_ascii=False, indent=2)
            file.write("\n")


def check_claims(board: Path) -> None:
    """Refuse, before anyone is asked, claims beside a board to which no others can be added.

    Raises:
        UsageError: they cannot be read.
    """
    path = path_of_claims(board)
    if path.exists():
        read_claims(path)


def read_claims(path: Path) -> list[tuple[str, DecidedPairs]]:
    """Read the claims that are kept in a file: of each run the judge's name and what was decided.

    Raises:
        UsageError: it cannot be read, or holds none.
    """
    return [(str(part(one, "judge").get("name")), _decided(one, path)) for one in _runs_in(path)]


def _facts(decided: DecidedPairs) -> dict[str, Any]:
    return {
        "method": _METHOD,
        "family_wise_error": decided.error,
        "pairs_a_round": ROUND,
        "n_rounds": decided.n_rounds,
        "n_instructions": decided.n_instructions,
        "least_in_common": decided.least_in_common,
        "n_asked": dict(zip(decided.models, decided.n_asked, strict=True)),
        "populations": {
            population: {
                "name": decided.name_of(population),
                "decided": [
                    {
                        "better": decided.models[a if side == "above" else b],
                        "worse": decided.models[b if side == "above" else a],
                    }
                    for (a, b), side in sorted(sides.items())
                ],
                "open": [
                    [decided.models[a], decided.models[b]]
                    for a, b in combinations(range(len(decided.models)), 2)
                    if (a, b) not in sides
                ],
            }
            for population, sides in decided.sides.items()
        },
    }


def _decided(facts: Mapping[str, Any], path: Path) -> DecidedPairs:
    """Make of one run's facts again what they were written from."""
    try:
        models = tuple(map(str, facts["n_asked"]))
        place = {name: number for number, name in enumerate(models)}
        sides: dict[Any, dict[Any, Any]] = {}
        for population in ("these", "like_these"):
            found = sides[population] = {}
            for claim in facts["populations"][population]["decided"]:
                better, worse = place[claim["better"]], place[claim["worse"]]
                found[min(better, worse), max(better, worse)] = "above" if better < worse else "below"
        return DecidedPairs(
            models,
            int(facts["n_instructions"]),
            sides,
            tuple(map(int, facts["n_asked"].values())),
            int(facts["n_rounds"]),
            float(facts["family_wise_error"]),
            int(facts["least_in_common"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise _damaged(path) from None


def _runs_in(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        runs: Sequence[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["runs"]
        if isinstance(runs, list) and all(isinstance(one, dict) for one in runs):
            return runs
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise _damaged(path)


def _damaged(path: Path) -> UsageError:
    return UsageError(
        f"{path} does not hold what make_leaderboard --until_decided writes: remove it, and judge these models again "
        "with --is_overwrite_leaderboard (their replies are in the cache)."
    )
