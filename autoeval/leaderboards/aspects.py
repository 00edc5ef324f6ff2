"""What judges say of the aspects of single outputs: the mean of each, and how they go together."""

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from autoeval.metrics.estimates import Correlation, MeanGrade
from autoeval.types import Annotation, Scale


@dataclass
class Aspects:
    """The values of every output's aspects.

    `asked` are the aspects that the judge was asked about one by one, on its `scale`; others are parts of its verdicts,
    such as classes. `values` has the question of each output with its values, None where one is missing; one that does
    not apply is left out.
    """

    scale: Scale = field(default_factory=Scale)
    asked: tuple[str, ...] = ()
    values: list[tuple[str, Mapping[str, float | None]]] = field(default_factory=list)

    def add(self, question: str, annotation: Annotation, turns: Collection[str]) -> None:
        """Take an output in; what is said of its turns is left out."""
        missing = {one.part: None for one in annotation.judgments if one.applies and one.part in self.asked}
        found = {name: value for name, value in annotation.parts.items() if name not in turns}
        if missing or found:
            self.values.append((question, {**missing, **found}))

    @property
    def names(self) -> list[str]:
        """The aspects, those that were asked about in the order of the judge's config."""
        return list(dict.fromkeys([*self.asked, *(name for _, values in self.values for name in values)]))

    def means(self) -> dict[str, MeanGrade]:
        """Return the mean of each aspect over the outputs that it applies to."""
        return {name: self._mean(name) for name in self.names if self.values}

    def of(self, name: str) -> list[tuple[str, float | None]]:
        """Return the question and the value of each output that an aspect applies to."""
        return [(question, values[name]) for question, values in self.values if name in values]

    def scale_of(self, name: str) -> Scale:
        """Return which numbers an aspect's values are."""
        return self.scale if name in self.asked else Scale()

    def _mean(self, name: str) -> MeanGrade:
        from autoeval.metrics.grades import mean_grade

        found = self.of(name)
        values, questions = [value for _, value in found], [question for question, _ in found]
        return mean_grade(values, questions, self.scale_of(name).ends)

    def n_inapplicable(self, name: str) -> int:
        """Return how many outputs an aspect does not apply to."""
        return sum(name not in values for _, values in self.values)

    def correlations(self) -> dict[str, dict[str, Correlation]]:
        """Return how each aspect goes with each of the others, over the outputs that have both."""
        names = self.names
        return {
            one: {other: self._correlation(one, other) for other in names if other != one} for one in names
        }

    def _correlation(self, one: str, other: str) -> Correlation:
        from autoeval.metrics.correlation import pearson

        pairs = [(values.get(one), values.get(other)) for _, values in self.values]
        both = [(first, second) for first, second in pairs if first is not None and second is not None]
        return pearson([first for first, _ in both], [second for _, second in both])

    def facts(self) -> dict[str, Any]:
        """Say the numbers, for run.json."""
        correlations = self.correlations()
        return {
            name: {
                **_known(asdict(mean)),
                "n_inapplicable": self.n_inapplicable(name),
                "correlations": {other: _known(asdict(found)) for other, found in correlations[name].items()},
            }
            for name, mean in self.means().items()
        }


def _known(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """Replace what is no number by null, as JSON has it."""
    return {name: None if math.isnan(value) else value for name, value in numbers.items()}
