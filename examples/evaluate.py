"""Evaluate the example model from Python, with the judge that needs no key and no network.

python examples/evaluate.py
"""

from pathlib import Path

import autoeval

HERE = Path(__file__).parent


def main() -> None:
    """Compare each example model with the reference and print its row of the board."""
    for outputs in ("outputs.json", "outputs_second.json"):
        result = autoeval.evaluate(
            model_outputs=HERE / outputs,
            reference_outputs=HERE / "reference_outputs.json",
            annotators_config="offline",
            output_path=None,
        )
        print(result.leaderboard)


if __name__ == "__main__":
    main()
