"""RESULTS.md: a section a benchmark, each with the command that made it."""

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PATH = Path(__file__).with_name("RESULTS.md")
_INTRODUCTION = """\
# Results of the benchmarks

`make bench` measures everything again; `python -m benchmarks.run NAME` measures one section. Each says when, on what
and by which command it was measured. Times are medians of whole processes, start-up included, unless the section
says otherwise; *processor* is user and system time together, children included; *memory* is peak resident memory.
"""


@dataclass(frozen=True)
class Section:
    """What a benchmark found: a table and, below it, what a reader has to know.

    `reached` says for each thing that was to be reached whether it was. `device` is the kind of device that the figures
    are of, where that decides them: each has a section of its own.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    reached: Sequence[tuple[str, bool]] = field(default_factory=tuple)
    device: str = ""

    def heading(self, name: str) -> str:
        """Return what tells the section of a benchmark from others."""
        return f"{name} on {self.device}" if self.device else name

    def markdown(self, name: str, command: str) -> str:
        """Return the section as it stands in RESULTS.md."""
        lines = [f"## {self.heading(name)}: {self.title}", "", f"`{command}`, {_conditions()}", ""]
        lines += [
            "| " + " | ".join(row) + " |" for row in (self.header, ["---"] * len(self.header), *self.rows)
        ]
        lines += [
            "",
            *(f"- {'reached' if is_so else '**not reached**'}: {what}" for what, is_so in self.reached),
        ]
        lines += [f"- {note}" for note in self.notes]
        return "\n".join(lines).strip() + "\n"


def write(name: str, section: Section, command: str) -> None:
    """Put a section into RESULTS.md in place of the older one of that name and device."""
    text = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    sections = {part[3:].partition(":")[0]: part.strip() + "\n" for part in parts if part.startswith("## ")}
    sections[section.heading(name)] = section.markdown(name, command)
    PATH.write_text("\n".join([_INTRODUCTION, *sections.values()]), encoding="utf-8")


def _conditions() -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    return f"{now} UTC, Python {platform.python_version()}, {_cores()} cores, aiohttp {version('aiohttp')}"


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0))
