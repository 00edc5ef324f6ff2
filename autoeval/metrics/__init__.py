"""Arrays in, numbers out: win rates, their intervals, length control and rankings. No I/O here."""

from autoeval.metrics.intervals import Estimate, WorstCase, interval, mean_interval, worst_case_bounds
from autoeval.metrics.win_rate import WinRate, win_rate

__all__ = ["Estimate", "WinRate", "WorstCase", "interval", "mean_interval", "win_rate", "worst_case_bounds"]
