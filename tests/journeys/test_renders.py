"""A prompt is filled in at most three times a pair: to look whether it was asked, to ask it, and for the report."""

from collections import Counter
from pathlib import Path

import pytest

import autoeval
from autoeval.prompting.templates import Fields, JinjaTemplate
from autoeval.resources import shipped
from tests.servers import JudgeServer, always


def test_prompts_are_filled_in_at_most_three_times_a_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled: Counter[str] = Counter()
    render = JinjaTemplate.render

    def counted(template: JinjaTemplate, rows: list[Fields]) -> str:
        text = render(template, rows)
        if "{{ second }}" in template.source:
            filled[text] += 1
        return text

    monkeypatch.setattr(JinjaTemplate, "render", counted)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    examples = shipped("examples")

    def run(server: JudgeServer) -> None:
        filled.clear()
        autoeval.evaluate(
            examples / "outputs.json",
            examples / "reference_outputs.json",
            "gpt6_ranking",
            judge_base_url=server.base_url,
            output_path=tmp_path / "out",
            caching_path=tmp_path / "replies.sqlite",
            precomputed_leaderboard=None,
        )

    with JudgeServer(always("a > b")) as server:
        run(server)
        assert max(n for text, n in filled.items() if "900" not in text) <= 3
        run(server)
        assert max(n for text, n in filled.items() if "900" not in text) == 1, "the report is as it was"
