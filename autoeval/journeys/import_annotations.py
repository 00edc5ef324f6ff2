"""Recorded judgments into the cache, so that nothing that was paid for is paid again."""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autoeval.annotators.arena_games import import_arena_games
from autoeval.annotators.fastchat import import_fastchat
from autoeval.annotators.judges import Annotator
from autoeval.annotators.loading import load_annotator
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.plan import Plan
from autoeval.annotators.recorded import Imported, import_recorded
from autoeval.checks import check_number
from autoeval.completions.ask import Display
from autoeval.completions.cache import Cache
from autoeval.completions.storage.places import CachingPath
from autoeval.data.annotations import Texts, read_annotations, texts_of
from autoeval.data.arena_hard import arena_judgments
from autoeval.data.fastchat import fastchat_judgments
from autoeval.data.loading import expand, read_rows
from autoeval.errors import UsageError
from autoeval.journeys.parameters.choosing import Folders, annotator_source, config_folders
from autoeval.journeys.parameters.obsolete import check_extra_parameters
from autoeval.leaderboards.presets import find_preset
from autoeval.runs.annotation_table import with_files
from autoeval.runs.opening import is_json_cache, open_cache
from autoeval.types import Annotation


@dataclass(frozen=True)
class Import:
    """What an import came to, over all files."""

    annotator: str
    cache: str
    files: Sequence[tuple[str, Imported]]

    @property
    def lines(self) -> list[str]:
        """Say it, a line a file."""
        return [_line(name, imported) for name, imported in self.files]


def import_annotations(
    annotations: Any = None,
    *,
    annotators_config: str | Path | None = None,
    annotators_config_dir: Folders = None,
    base_dir: Folders = None,
    caching_path: str | Path | None = "auto",
    preset: str | None = None,
    seed: int = 0,
    order: str | None = None,
    judge_model: str | None = None,
    judge_base_url: str | None = None,
    judge_prompts: Any = None,
    display: Display | None = None,  # noqa: ARG001
    **obsolete: Any,
) -> Import:
    """Put recorded judgments into the cache, so that evaluating the same outputs asks nothing again.

    Raw replies are taken where the file has them and this judge reads the recorded preference from them; of the
    others the verdicts.

    Args:
        annotations: Runs' folders or files of judgments: annotations.json of ours or of alpaca_eval, its cache
            (annotations_seed0_configs.json), or FastChat's or Arena-Hard's model_judgment files; globs too. In Python
            a path, a list of paths, or the rows.
        annotators_config: Whose judgments they are: an annotator as in evaluate. Default: the preset's.
        annotators_config_dir: A folder of annotators (or several), looked into first.
        base_dir: alpaca_eval's name for annotators_config_dir.
        caching_path: The cache that gets them. `auto`: in the user's cache folder.
        preset: Defaults that belong together: alpaca_eval_1 or alpaca_eval_2.
        seed: The seed that they were made with.
        order: Which output the judge saw first, in place of the config's word: random or fixed.
        judge_model: The judge's model, in place of the config's.
        judge_base_url: The judge's server, in place of the config's.
        judge_prompts: FastChat's judge_prompts.jsonl or Arena-Hard's judge config (.yaml), whose prompts judgments of
            those tools answer.
        display: Has no effect.
        **obsolete: Old parameters that no longer mean anything; each is named.

    Returns:
        Counts for each file.

    Raises:
        UsageError: a file or the config is wrong, or no judgment in a file is this judge's.
    """
    check_extra_parameters(obsolete, list(inspect.signature(import_annotations).parameters))
    check_number("seed", seed, 0, whole=True)
    if annotations is None:
        raise UsageError("name the files: alpaca_eval import_annotations FILE … --annotators_config NAME.")
    if caching_path is None or is_json_cache(caching_path):
        raise UsageError("--caching_path: an import needs a cache of ours that stays; name an SQLite file.")
    folders = config_folders(annotators_config_dir, base_dir)
    source = annotator_source(annotators_config, find_preset(preset), folders)
    overrides = JudgeOverrides(base_url=judge_base_url, model=judge_model, order=order, prompts=judge_prompts)
    annotator = load_annotator(source, overrides, folders)
    with open_cache(caching_path) as cache:
        imports = [
            (_name(file), import_file(file, annotator, seed, cache))
            for file in expand(with_files(annotations, takes_samples=True), "annotations")
        ]
        return Import(annotator.name, cache.name, imports)


def import_file(source: Any, annotator: Annotator, seed: int, cache: Cache) -> Imported:
    """Import a file's judgments on the pairs that it lists, in its order.

    Raises:
        UsageError: the file is wrong, or none of its judgments is the annotator's.
    """
    if (of_arena := arena_judgments(source, "annotations")) is not None:
        return import_arena_games(annotator, of_arena, cache)
    if (of_fastchat := fastchat_judgments(source, "annotations")) is not None:
        return import_fastchat(annotator, of_fastchat, cache)
    judgments = by_texts(read_annotations(read_rows(source, "annotations")))
    pairs = [recorded.case for recorded in judgments.values()]
    imported = import_recorded(Plan(annotator, pairs, seed), judgments, cache)
    refuse_foreign(imported, annotator, _name(source))
    return imported


def import_json_cache(caching_path: CachingPath, plan: Plan, cache: Cache, display: Display) -> None:
    """Import what an alpaca_eval cache has of a plan's pairs, where `caching_path` names one; it is left as it is.

    Raises:
        UsageError: the file is wrong, or none of its judgments is the annotator's.
    """
    if not isinstance(caching_path, str | Path) or not is_json_cache(caching_path):
        return
    if not Path(caching_path).exists():
        display.announce(f"there is no {caching_path} yet; replies are kept in {cache.name}")
        return
    judgments = by_texts(read_annotations(read_rows(caching_path, "--caching_path")))
    imported = import_recorded(plan, judgments, cache)
    refuse_foreign(imported, plan.annotator, str(caching_path))
    display.announce(_line(str(caching_path), imported))


def by_texts(judgments: Iterable[Annotation]) -> dict[Texts, Annotation]:
    """Return judgments by their pair's texts; of several on one pair the last, as alpaca_eval's cache keeps it."""
    return {texts_of(recorded.case): recorded for recorded in judgments}


def refuse_foreign(imported: Imported, annotator: Annotator, name: str) -> None:
    """Refuse a file in which every judgment is another annotator's.

    Raises:
        UsageError: naming whose they are.
    """
    if imported.foreign and not imported.total:
        whose = " and ".join(map(repr, imported.foreign))
        raise UsageError(
            f"{name} holds judgments of {whose}, none of {annotator.name!r}. Name the annotator that made them "
            "with --annotators_config."
        )


def _name(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else "the annotations"


def _line(name: str, imported: Imported) -> str:
    parts = [f"{imported.replies} replies and {imported.verdicts} verdicts imported"]
    if imported.identical:
        parts.append(f"{imported.identical} need no judge")
    if imported.failed:
        parts.append(f"{imported.failed} say only that nobody answered")
    if imported.known:
        parts.append(f"{imported.known} were there already")
    if imported.incomplete:
        parts.append(f"{imported.incomplete} belong to prompts on several pairs that are not all there")
    parts += [f"{count} are by {other!r} and were left out" for other, count in imported.foreign.items()]
    return f"{name}: {', '.join(parts)}"
