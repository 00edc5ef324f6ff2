"""Files that other harnesses wrote, and tests that read them."""
