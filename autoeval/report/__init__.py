"""One self-contained HTML page for a run: its number, and its pairs side by side."""
