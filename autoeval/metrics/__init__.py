"""Arrays in, numbers out: win rates, their intervals, length control and rankings. No I/O here."""

from autoeval.metrics.bradley_terry import BradleyTerry, bradley_terry, elo
from autoeval.metrics.intervals import Estimate, WorstCase, interval, mean_interval, worst_case_bounds
from autoeval.metrics.length_control import (
    LengthControlled,
    LengthMethod,
    length_controlled_win_rate,
    length_controlled_win_rates,
)
from autoeval.metrics.length_model import GamedRows, LengthModel, predicted_win_rate
from autoeval.metrics.ranking import Pairing, Ranked, pair_win_rates, rank_by_win_rate
from autoeval.metrics.style import StyleControlled, StyleEffect, rank_at_equal_style
from autoeval.metrics.win_rate import WinRate, win_rate

__all__ = [
    "BradleyTerry",
    "Estimate",
    "GamedRows",
    "LengthControlled",
    "LengthMethod",
    "LengthModel",
    "Pairing",
    "Ranked",
    "StyleControlled",
    "StyleEffect",
    "WinRate",
    "WorstCase",
    "bradley_terry",
    "elo",
    "interval",
    "length_controlled_win_rate",
    "length_controlled_win_rates",
    "mean_interval",
    "pair_win_rates",
    "predicted_win_rate",
    "rank_at_equal_style",
    "rank_by_win_rate",
    "win_rate",
    "worst_case_bounds",
]
