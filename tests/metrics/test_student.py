"""Student's quantiles against scipy's."""

import pytest
from scipy.stats import t

from autoeval.metrics.student import student_quantile


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 30, 31, 804, 805, 20_003, 200_000])
def test_quantiles_are_those_of_scipy(degrees: int, level: float) -> None:
    assert student_quantile(degrees, level) == pytest.approx(t.ppf((1 + level) / 2, degrees), rel=1e-9)
