from tests.analysis.test_docs import run_examples
from tests.recorded import load_recorded, recorded_data


def test_statistics() -> None:
    import pandas as pd

    folder = recorded_data() / "alpaca_eval_2"
    models = ("claude-2.1", "Qwen-14B-Chat", "vicuna-13b-v1.5")
    tables = [pd.DataFrame(load_recorded(folder / name / "annotations.json.gz")) for name in models]
    run_examples("statistics.md", {"claude": tables[0], "board": pd.concat(tables, ignore_index=True)})
