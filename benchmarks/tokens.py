"""How close the token estimate comes to a real tokenizer, on the recorded instructions and outputs.

Run: python -m benchmarks.tokens   (needs bpe-openai and the recorded data)
"""

from bpe_openai import get_encoding  # type: ignore[import-not-found, import-untyped, unused-ignore]

from autoeval.completions.tokens import estimate_tokens
from tests.recorded import load_recorded, recorded_data, recorded_models

ENCODINGS = ("cl100k_base", "o200k_base")


def main() -> None:
    """Print, for each model's outputs, the estimate as a percentage of each real count."""
    folder = recorded_data() / "alpaca_eval_1"
    files = {"reference": folder / "reference_outputs.json.gz"}
    files |= {model: folder / model / "model_outputs.json.gz" for model in recorded_models()}
    print(f"{'texts':30} {'characters':>10} " + " ".join(f"{name:>12}" for name in ENCODINGS))
    for name, path in files.items():
        texts = [row["instruction"] + row["output"] for row in load_recorded(path)]
        estimate = sum(map(estimate_tokens, texts))
        counts = [sum(len(get_encoding(encoding).encode(text)) for text in texts) for encoding in ENCODINGS]
        shares = " ".join(f"{100 * estimate / count:11.1f}%" for count in counts)
        print(f"{name:30} {sum(map(len, texts)):10} {shares}")


if __name__ == "__main__":
    main()
