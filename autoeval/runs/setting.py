"""What a result's number depends on."""

from dataclasses import dataclass

from autoeval.annotators.builtin import interval_name


@dataclass(frozen=True)
class Setting:
    """What a number depends on: two numbers compare only where all but the model are the same."""

    model: str
    judge: str
    judge_models: tuple[str, ...]
    reference: str
    eval_set: str
    preset: str
    fingerprint: str
    seed: int
    board: str | None
    provider: str | None = None

    @property
    def interval_name(self) -> str:
        """What the interval of the win rate is called."""
        return interval_name(self.judge, self.provider)

    def line(self) -> str:
        """Say it in one line."""
        models = ", ".join(self.judge_models)
        judge = self.judge if models in ("", self.judge) else f"{self.judge} ({models})"
        board = f"comparable with {self.board}" if self.board else "on no shipped board"
        if not self.preset:  # outputs that are judged by themselves
            parts = [f"judge {judge}", self.eval_set, self.reference, board if self.board else ""]
            return " · ".join(part for part in parts if part)
        return (
            f"judge {judge} · reference {self.reference} · {self.eval_set} · preset {self.preset} · {board}"
        )
