"""What a start of the command line sets for the whole process."""

import os

import pytest

from autoeval.cli import calculate_in_one_thread

_NUMBER = "OPENBLAS_NUM_THREADS"


@pytest.mark.skipif(not hasattr(os, "uname") or os.uname().machine != "x86_64", reason="set on x86-64 alone")
def test_numpy_has_one_thread_unless_the_user_wants_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_NUMBER, "7")
    calculate_in_one_thread()
    assert os.environ[_NUMBER] == "7"
    monkeypatch.delenv(_NUMBER)
    calculate_in_one_thread()
    assert os.environ[_NUMBER] == "1"
