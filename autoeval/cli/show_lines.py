"""Showing what is a few lines: what would be asked, configs that were checked or made, caches, imports, exports."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from autoeval.journeys.batches import BatchList
from autoeval.journeys.cache import CacheReport
from autoeval.journeys.export import Export
from autoeval.journeys.import_annotations import Import
from autoeval.journeys.learn import Learned
from autoeval.journeys.new import NewConfig
from autoeval.journeys.validate import Validation
from autoeval.runs.estimate import DryRun, DryRuns
from autoeval.runs.sharding import ShardReport


def _show_validation(console: Console, result: Validation) -> None:
    console.print(Text(f"{result.path}: the {result.kind} {result.name!r} is valid."), soft_wrap=True)
    for asked in result.requests:
        console.print()
        console.print(Text(f"{asked.name}: {asked.address}"), soft_wrap=True)
        if asked.unmet:
            console.print(Text(f"It cannot be asked here: {asked.unmet}."), soft_wrap=True)
        if asked.body:
            console.print(Text(json.dumps(asked.body, ensure_ascii=False, indent=2)), soft_wrap=True)


def _show_import(console: Console, result: Import) -> None:
    for line in (*result.lines, f"Cache: {result.cache}"):
        console.print(Text(line), soft_wrap=True)


def _show_new(console: Console, result: NewConfig) -> None:
    _show_validation(console, result.validation)
    console.print()
    trial = result.trial
    said = trial.verdict if trial else "nobody was asked"
    paid = f" (${trial.cost:.6f})" if trial and trial.cost is not None else ""
    console.print(Text(f"Tried: {said}{paid}. Written: {result.validation.path}"), soft_wrap=True)


def _show_export(console: Console, result: Export) -> None:
    if result.path is None and result.text:
        sys.stdout.write(result.text)
    for line in result.lines:
        console.print(Text(line), soft_wrap=True)


def _show_learned(console: Console, result: Learned) -> None:
    for line in result.lines:
        console.print(Text(line), soft_wrap=True)


def _show_lines(console: Console, result: BatchList | CacheReport | ShardReport) -> None:
    console.print(Text(str(result)), soft_wrap=True)


def _show_dry_run(console: Console, plan: DryRun | DryRuns) -> None:
    for name, text in plan.rows():
        console.print(Text(f"{name}: {text}"), soft_wrap=True)
    for note in plan.notes:
        console.print(Text(note), soft_wrap=True)


SHOWN: Mapping[type, Callable[[Console, Any], None]] = {
    Validation: _show_validation,
    Export: _show_export,
    Import: _show_import,
    NewConfig: _show_new,
    Learned: _show_learned,
    BatchList: _show_lines,
    CacheReport: _show_lines,
    ShardReport: _show_lines,
    DryRun: _show_dry_run,
    DryRuns: _show_dry_run,
}
