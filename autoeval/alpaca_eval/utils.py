"""Loading helpers that scripts take from alpaca_eval.utils."""

import glob
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autoeval.errors import UsageError
from autoeval.leaderboards.printed import alpaca_eval_table
from autoeval.leaderboards.table import MODES, Board
from autoeval.prompting.alpaca_eval.folders import CONFIG_NAME
from autoeval.prompting.yaml_files import read_yaml

if TYPE_CHECKING:
    import pandas as pd


def convert_to_dataframe(data: Any) -> "pd.DataFrame":
    """Return rows (a DataFrame, a Dataset, a list of dicts, columns by name) as a DataFrame of their own."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data.copy()
    if hasattr(data, "to_pandas"):
        frame: pd.DataFrame = data.to_pandas()
        return frame
    return pd.DataFrame(data)


def load_or_convert_to_dataframe(df: Any, **kwargs: Any) -> "pd.DataFrame":
    """Return any source of rows as a DataFrame.

    Args:
        df: a file (json, jsonl, csv, tsv), a glob, a list of these, rows, or a function that returns one of them.
        **kwargs: given to the function, or to pandas' reader.

    Raises:
        FileNotFoundError: there is no such file.
        UsageError: files of that kind are not read.
    """
    import pandas as pd

    source = df(**kwargs) if isinstance(df, Callable) else df  # type: ignore[arg-type]
    if isinstance(source, list | tuple) and source and all(isinstance(one, str | Path) for one in source):
        return pd.concat([load_or_convert_to_dataframe(one, **kwargs) for one in source])
    if not isinstance(source, str | Path):
        return convert_to_dataframe(source)
    if "*" in str(source):
        return load_or_convert_to_dataframe(sorted(glob.glob(str(source))), **kwargs)  # noqa: PTH207 - absolute ones too
    return _read(Path(source), kwargs)


def _read(path: Path, kwargs: Mapping[str, Any]) -> "pd.DataFrame":
    import pandas as pd

    if path.suffix in (".json", ".jsonl"):
        frame: pd.DataFrame = pd.read_json(path, lines=path.suffix == ".jsonl", **kwargs)
        return frame
    if path.suffix not in (".csv", ".tsv"):
        raise UsageError(f"{path}: give a file that ends in .json, .jsonl, .csv or .tsv.")
    table: pd.DataFrame = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", **kwargs)
    is_indexed = len(table.columns) > 0 and table.columns[0] == "Unnamed: 0"
    return table.set_index("Unnamed: 0").rename_axis(None) if is_indexed else table


def load_configs(configs: Any, relative_to: str | Path | None = None) -> dict[str, Any]:
    """Return a config of a judge or a model: the file, the `configs.yaml` of a folder, or the dictionary itself.

    Raises:
        UsageError: there is no such file, or it is no YAML.
    """
    if isinstance(configs, Mapping):
        return dict(configs)
    path = Path(relative_to or "") / configs
    return read_yaml(path / CONFIG_NAME if path.is_dir() else path)


def read_or_return(to_read: str | Path, relative_to: str | Path | None = None) -> str:
    """Return the text of a file, or the text itself where no file has that name."""
    path = Path(relative_to or "") / to_read
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return str(to_read)


def print_leaderboard(
    df_leaderboard: "pd.DataFrame",
    leaderboard_mode_or_models: str | Sequence[str] | None,
    cols_to_print: Sequence[str],
    current_name: str | None = None,
) -> None:
    """Print some rows and columns of a leaderboard.

    Args:
        df_leaderboard: its rows by name.
        leaderboard_mode_or_models: a mode, which takes the stricter ones with it; names; None for all rows, with
            their mode.
        cols_to_print: columns.
        current_name: a row that is printed in any case.
    """
    columns = list(dict.fromkeys(cols_to_print))
    rows: dict[str, dict[Any, Any]] = {
        str(name): row for name, row in df_leaderboard.to_dict(orient="index").items()
    }
    if isinstance(leaderboard_mode_or_models, str):
        if "mode" in df_leaderboard.columns:
            admitted = {None, *MODES[: MODES.index(leaderboard_mode_or_models) + 1]}
            rows = {
                name: row
                for name, row in rows.items()
                if row["mode"] in admitted or row["mode"] != row["mode"] or name == current_name
            }
    elif leaderboard_mode_or_models is not None:
        wanted = {*leaderboard_mode_or_models, current_name}
        rows = {name: row for name, row in rows.items() if name in wanted}
    elif "mode" in df_leaderboard.columns:
        columns.append("mode")
    print(alpaca_eval_table(Board(rows), columns))  # noqa: T201
