"""Who may ask the server of the view, and what it answers."""

from collections.abc import Iterator

import pytest

from tests.viewing.runs import write_run
from tests.viewing.serving import TOKEN, request, serving


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("runs")
    write_run(root / "run", "m", [f"output {i} **bold**" for i in range(12)], [2.0, 1.0] * 6)
    with serving(root) as served:
        yield served


@pytest.fixture(scope="module")
def run(address: str) -> str:
    while (found := request(address, "api/runs")[1])["unread"]:
        pass
    (one,) = found["runs"]
    return str(one["id"])


JSON = {"Content_Type": "application/json"}


def test_pages_and_documents_are_there(address: str, run: str) -> None:
    status, page = request(address)
    assert (status, "default-src" in page) == (200, True)
    assert request(address, f"api/runs/{run}")[1]["run"]["win_rate"] == 50
    status, pair = request(address, f"api/runs/{run}/pairs/3")
    assert (pair["model"], "<strong>" in pair["html"]["model"]) == ("output 2 **bold**", True)
    assert request(address, f"api/runs/{run}/search?text=OUTPUT+11")[1] == [12]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["", "api/runs"])
def test_what_comes_from_elsewhere_is_refused(address: str, headers: dict[str, str], path: str) -> None:
    assert request(address, path, **headers)[0] == 403


def test_without_the_secret_there_is_nothing(address: str, run: str) -> None:
    bare = address.replace(f"{TOKEN}/", "")
    for path in ("", "api/runs", f"api/runs/{run}", "x/api/runs", f"{TOKEN}x/api/runs"):
        assert request(bare, path)[0] == 404


def test_what_is_sent_must_be_json_of_our_own_page(address: str, run: str) -> None:
    tags = {"tags": ["good"]}
    assert request(address, f"api/runs/{run}/tags", "POST", tags)[0] == 400  # as a form of another page would
    assert request(address, f"api/runs/{run}/tags", "POST", tags, **JSON) == (200, ["good"])
    assert request(address, f"api/runs/{run}/tags", "POST", {"tags": "good"}, **JSON)[0] == 400
    assert request(address, f"api/runs/{run}/tags", "POST", {"tags": ["x" * 200_000]}, **JSON)[0] == 400
    assert request(address, f"api/runs/{run}/tags")[0] == 405


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("api/runs/ffff", 404),
        ("api/runs/{run}/pairs/0", 404),
        ("api/runs/{run}/pairs/99", 404),
        ("api/compare?run={run}", 400),
        ("api/labels/{run}?by=anna&n=0&seed=0", 400),
        ("api/labels/{run}?by=../x&n=3&seed=0", 400),
        ("api/labels/{run}?by=anna&n=many&seed=0", 400),
    ],
)
def test_what_is_not_there_is_said(address: str, run: str, path: str, status: int) -> None:
    got, said = request(address, path.format(run=run))
    assert (got, set(said)) == (status, {"error"})


def test_labels_are_given_and_taken_back(address: str, run: str) -> None:
    state = request(address, f"api/labels/{run}?by=Ben&n=5&seed=0")[1]
    sent = {"by": "Ben", "n": 5, "seed": 0}
    first = {**sent, "id": state["pair"]["id"], "better": "b"}
    labelled = request(address, f"api/labels/{run}", "POST", first, **JSON)[1]
    assert (labelled["done"], labelled["people"]) == (1, ["ben"])
    assert request(address, f"api/labels/{run}", "POST", {**sent, "undo": True}, **JSON)[1]["done"] == 0
    assert request(address, f"api/labels/{run}/results?by=ben&n=5&seed=0")[1]["judge"] is None
