"""Runs inside alpaca-eval's own environment: its length-controlled win rate with a local file of gamed rows.

Usage: python peer_length_control.py GAMED.csv MODELS.json, where MODELS maps a model's name to rows of
[preference, characters of the reference, characters of the output]. Prints a JSON object.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from alpaca_eval.metrics import glm_winrate


def main(gamed_path: str, models_path: str) -> None:
    glm_winrate.hf_hub_download = lambda **_: gamed_path
    results = {}
    for name, rows in json.loads(Path(models_path).read_text()).items():
        annotations = pd.DataFrame(
            [
                {
                    "preference": preference,
                    "output_1": "x" * reference,
                    "output_2": "x" * output,
                    "generator_1": "reference",
                    "generator_2": name,
                    "annotator": "judge",
                }
                for preference, reference, output in rows
            ]
        )
        annotations.index.name = "index"
        metrics = glm_winrate.get_length_controlled_winrate(annotations, save_weights_dir=None)
        results[name] = metrics["length_controlled_winrate"]
    print(json.dumps(results))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
