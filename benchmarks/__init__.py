"""Commands behind the figures in the documentation."""
