"""Arrays in, numbers out: win rates, their intervals, length control and rankings. No I/O here."""

from autoeval.metrics.intervals import Estimate, WorstCase, interval, mean_interval, worst_case_bounds
from autoeval.metrics.length_control import (
    LengthControlled,
    LengthMethod,
    length_controlled_win_rate,
    length_controlled_win_rates,
)
from autoeval.metrics.length_model import GamedRows, LengthModel, predicted_win_rate
from autoeval.metrics.win_rate import WinRate, win_rate

__all__ = [
    "Estimate",
    "GamedRows",
    "LengthControlled",
    "LengthMethod",
    "LengthModel",
    "WinRate",
    "WorstCase",
    "interval",
    "length_controlled_win_rate",
    "length_controlled_win_rates",
    "mean_interval",
    "predicted_win_rate",
    "win_rate",
    "worst_case_bounds",
]
