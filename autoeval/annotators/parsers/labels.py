"""The names under which a prompt shows the two outputs, and what naming one of them means."""

from pydantic import BaseModel, ConfigDict, model_validator

from autoeval.annotators.parsers.base import plain


class Labels(BaseModel):
    """What the prompt calls the outputs; a parser that reads labels inherits these fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    first: str
    """What the prompt calls the output that it shows first."""
    second: str
    """What the prompt calls the output that it shows second."""
    tie: str | None = None
    """What the judge says when neither is better, if it may."""

    exact: bool = False
    """Compare letter for letter: case, quotes and spaces count (for labels such as `m` and `M`)."""

    @model_validator(mode="after")
    def _distinct(self) -> "Labels":
        names = [self._word(label) for label in (self.first, self.second, self.tie) if label is not None]
        if len(set(names)) < len(names) or not all(names):
            raise ValueError(
                "'first', 'second' and 'tie' must be different words (without 'exact', case does not count)"
            )
        return self

    def _word(self, label: object) -> str:
        return str(label) if self.exact else plain(str(label))

    def preference(self, label: object) -> float | None:
        """Return the preference that naming `label` as the better one expresses, None for another word."""
        word = self._word(label)
        if word == self._word(self.first):
            return 1.0
        if word == self._word(self.second):
            return 2.0
        if self.tie is not None and word == self._word(self.tie):
            return 1.5
        return None
