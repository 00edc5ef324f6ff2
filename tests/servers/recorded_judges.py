"""A judge that has the recorded verdicts of many models, and knows from the prompt whose outputs it sees."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.recorded import load_recorded
from tests.servers.answers import Answer, Body, prompt_text
from tests.servers.recorded_judge import InstructionFinder, RecordedJudge


class RecordedJudges:
    """Answers with the recorded preferences of whichever model's output is in the prompt.

    Where two models gave the same output, their prompts are the same and get the first one's verdict.
    """

    def __init__(self, folder: Path, models: Iterable[str]) -> None:
        """Read the records of `models` from `alpaca_eval_1` or `alpaca_eval_2`, the `folder`."""
        self._judges = {model: RecordedJudge(folder, model) for model in models}
        self._outputs: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for model in self._judges:
            for row in load_recorded(folder / model / "annotations.json.gz"):
                self._outputs[row["instruction"]].append((row["output_2"], model))
        for outputs in self._outputs.values():
            outputs.sort(key=lambda entry: -len(entry[0]))
        self._finder = InstructionFinder(self._outputs)

    def __call__(self, body: Body) -> Answer:
        """Answer one request; one that is about no recorded pair gets an error that says so."""
        text = prompt_text(body)
        answer = Answer("the prompt is about no recorded pair", status=400)
        for output, model in self._outputs.get(self._finder.find(text) or "", ()):
            if output in text:
                answer = self._judges[model](body)
                if answer.status == 200:
                    return answer
        return answer
