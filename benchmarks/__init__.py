"""Commands that measure what the documentation claims; run them as `python -m benchmarks.<name>`."""
