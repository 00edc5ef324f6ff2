"""AlpacaEval's printed table is pandas', without pandas."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from autoeval.leaderboards.printed import alpaca_eval_table
from autoeval.leaderboards.table import Board

_WORDS = st.text("abž漢🙂 \t\n\r\\.-1{}%", min_size=1, max_size=9)
_NUMBERS = st.floats(allow_nan=False) | st.floats(-100, 100) | st.just(float("nan"))
_COUNTS = st.integers(-(2**60), 2**60)
_CELLS = {
    "win_rate": _NUMBERS | st.none(),
    "n_total": _COUNTS,
    "avg_length": _COUNTS | st.none() | _NUMBERS,
    "mode": _WORDS | st.none(),
}
_ROWS = st.fixed_dictionaries({}, optional=_CELLS)
_COLUMNS = [*_CELLS, "a column that nobody has"]


@given(
    st.dictionaries(_WORDS, _ROWS, max_size=5),
    st.lists(st.sampled_from(_COLUMNS), min_size=1, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_it_is_what_pandas_prints(
    rows: dict[str, dict[str, float | int | str | None]], columns: list[str]
) -> None:
    board = Board(rows)
    frame = board.to_pandas().reindex(columns=columns)
    for column in frame.columns:
        if column != "mode":
            frame[column] = pd.to_numeric(frame[column])
    assert alpaca_eval_table(board, columns) == frame.to_string(float_format="%.2f")
