"""A judge's ruling in the form that a request asks for: prose, JSON, a tool call, log probabilities."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.answers import Answer, Body

Labels = tuple[str, str]
"""What the prompt calls the output that it shows first and the one that it shows second."""

_KNOWN_LABELS: tuple[Labels, ...] = (
    ("Output (a)", "Output (b)"),
    ("model_1", "model_2"),
    ("output_1", "output_2"),
    ("m", "M"),
    ("a", "b"),
    ("A", "B"),
    ("1", "2"),
)
_ASKS_PER_CENT = re.compile(r"\bper cent\b")
_UNDECIDED = "I cannot tell them apart."
_REASON = "It follows the instruction more closely."


@dataclass(frozen=True)
class Ruling:
    """What the judge thinks of the outputs as shown: 1 = the first is better, 2 = the second, None = nothing.

    `choice` is a recorded OpenAI choice, in which `m` names the output that was shown first, `M` the other
    one; `is_as_recorded` says whether the outputs are shown in the same order now.
    """

    preference: float | None
    choice: Mapping[str, Any] | None = None
    is_as_recorded: bool = True

    @property
    def is_decided(self) -> bool:
        """Whether one of the two wins."""
        return self.preference is not None and self.preference != 1.5


def labels_in(frame: str) -> Labels:
    """Return what a prompt calls the outputs. `frame` is the prompt without instruction and outputs."""
    for labels in _KNOWN_LABELS:
        if all(re.search(rf"(?<!\w){re.escape(label)}(?!\w)", frame) for label in labels):
            return labels
    return ("a", "b")


def in_form(body: Body, frame: str, ruling: Ruling, labels: Labels) -> Answer:
    """Say a ruling as the request wants it said."""
    if body.get("logprobs"):
        return Answer(choice=_logprobs_choice(ruling, labels))
    if not ruling.is_decided:
        return Answer(_undecided(frame, labels))
    winner, loser = labels if (ruling.preference or 0) < 1.5 else labels[::-1]
    if body.get("tools"):
        tool = body["tools"][0]
        schema = tool["function"]["parameters"] if "function" in tool else tool["input_schema"]
        return Answer(tool_arguments=_fill(schema, winner, loser, labels))
    if (schema := _reply_schema(body)) is not None:
        return Answer(json.dumps(_fill(schema, winner, loser, labels)))
    return Answer(_prose(frame, winner, loser, labels))


def _undecided(frame: str, labels: Labels) -> str:
    """Say that neither wins, in the words of a prompt that has some for it."""
    if _ASKS_PER_CENT.search(frame):
        return "50%"
    first, second = labels
    return f"{first} = {second}" if f"`{first} = {second}`" in frame else _UNDECIDED


def _prose(frame: str, winner: str, loser: str, labels: Labels) -> str:
    first, second = labels
    if _ASKS_PER_CENT.search(frame):
        return "97%" if winner == first else "3%"
    if re.search(rf"{re.escape(first)} ?>> ?{re.escape(second)}", frame):
        return f"{winner} >> {loser}"
    if re.search(rf"{re.escape(first)} ?> ?{re.escape(second)}", frame):
        return f"{winner} > {loser}"
    if re.search(r"\brank", frame, re.IGNORECASE):
        return json.dumps([{"model": winner, "rank": 1}, {"model": loser, "rank": 2}])
    if re.search(r"\bscores?\b", frame, re.IGNORECASE):
        return "8 6" if winner == first else "6 8"
    return winner


def _reply_schema(body: Body) -> Mapping[str, Any] | None:
    config = (body.get("output_config") or {}).get("format")
    if config:
        schema: Mapping[str, Any] = config["schema"]
        return schema
    wanted = body.get("response_format") or {}
    return wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None


def _fill(schema: Mapping[str, Any], winner: str, loser: str, labels: Labels, name: str = "") -> Any:
    """Return a value that a JSON schema allows and that names the winner wherever it can."""
    kind = schema.get("type")
    if "enum" in schema:
        options = schema["enum"]
        return winner if winner in options else options[labels.index(winner)]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _fill(part, winner, loser, labels, name) for name, part in properties.items()}
    if kind == "array":
        return [
            {**_fill(schema["items"], label, "", labels), "rank": rank}
            for rank, label in ((1, winner), (2, loser))
        ]
    if kind in ("integer", "number"):
        is_second = bool(re.search(r"second|_?2$|_?b$", name))
        return 8 if is_second == (winner == labels[1]) else 6
    if kind == "boolean":
        return winner == labels[0]
    return _REASON if re.search(r"expla|reason|thought|why", name) else winner


def _logprobs_choice(ruling: Ruling, labels: Labels) -> dict[str, Any]:
    is_same_order = ruling.is_as_recorded or ruling.choice is None
    names = dict(zip(("m", "M"), labels if is_same_order else labels[::-1], strict=True))
    recorded = ruling.choice or _certain(ruling.preference)
    content = [_renamed(token, names, labels) for token in recorded["logprobs"]["content"]]
    return {
        "message": {"role": "assistant", "content": content[0]["token"]},
        "finish_reason": recorded["finish_reason"],
        "logprobs": {"content": content},
    }


def _renamed(token: Mapping[str, Any], names: Mapping[str, str], labels: Labels) -> dict[str, Any]:
    """Give a recorded token this prompt's labels; another one that would read as a label is made unlike."""
    text = token["token"]
    if text in names:
        text = names[text]
    elif text.strip().casefold() in {label.casefold() for label in labels}:
        text = f"({text})."
    tops = [_renamed(top, names, labels) for top in token.get("top_logprobs", ())]
    return {"token": text, "logprob": token["logprob"], "bytes": None, "top_logprobs": tops}


def _certain(preference: float | None) -> dict[str, Any]:
    """Make a choice where only the preference was recorded; `m` names the output shown first."""
    first, second = {1.0: (-0.01, -4.6), 2.0: (-4.6, -0.01)}.get(preference or 0, (-0.7, -0.7))
    tops: list[dict[str, Any]] = [{"token": "m", "logprob": first}, {"token": "M", "logprob": second}]
    best = max(tops, key=lambda top: top["logprob"])
    return {"finish_reason": "length", "logprobs": {"content": [{**best, "top_logprobs": tops}]}}
