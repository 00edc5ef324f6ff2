"""A finished run for the tools that people already use: trackers, model cards, tables for a paper."""
