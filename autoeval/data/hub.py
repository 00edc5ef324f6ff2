"""Files and datasets of the Hugging Face hub, whose libraries load only when something comes from there."""

import contextlib
import os
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autoeval.errors import MissingExtraError, UsageError, nearest
from autoeval.texts.patterns import lazy_pattern

ALPACA_EVAL_REPOSITORY = "tatsu-lab/alpaca_eval"

_HUB_NAME = lazy_pattern(r"[\w.-]+/[\w.-]+(:[\w.-]+){0,2}")


@dataclass(frozen=True, slots=True)
class HubDataset:
    """A dataset by name: `owner/name`, then optionally `:config`, `:split` or `:config:split`."""

    name: str


def is_hub_name(text: str) -> bool:
    """Whether a text has the form of a dataset's name on the hub."""
    return _HUB_NAME.fullmatch(text) is not None


def hub_file(filename: str, flag: str = "--reference_outputs") -> Path:
    """Return the local path of a file of the AlpacaEval dataset, downloading it the first time; see `_file`."""
    return _file(ALPACA_EVAL_REPOSITORY, "dataset", filename, flag)


def dataset_file(dataset: str, filename: str, flag: str = "--evaluation_dataset") -> Path:
    """Return the local path of a file of a dataset, downloading it the first time; see `_file`."""
    return _file(dataset, "dataset", filename, flag)


def space_file(space: str, filename: str, flag: str = "--evaluation_dataset") -> Path:
    """Return the local path of a file of a space, downloading it the first time; see `_file`."""
    return _file(space, "space", filename, flag)


def _file(repository: str, repository_type: str, filename: str, flag: str) -> Path:
    """Return the local path of a file of a repository, downloading it the first time.

    A file in the cache is taken as it is, without asking the hub. `DATASETS_FORCE_DOWNLOAD=1` fetches it
    again, `DATASETS_TOKEN` is sent as the token, and the hub's own variables (`HF_HOME`, `HF_ENDPOINT`,
    `HF_HUB_OFFLINE`, …) mean what they always do.

    Args:
        repository: its name.
        repository_type: `dataset` or `space`.
        filename: its name in the repository, such as `alpaca_eval.json`.
        flag: the flag with which the user can name a file of their own instead; errors suggest it.

    Raises:
        UsageError: the file is not in the cache, and the hub cannot be reached or does not have it.
    """
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    force = os.environ.get("DATASETS_FORCE_DOWNLOAD", "").lower() not in ("", "0", "false")
    token = os.environ.get("DATASETS_TOKEN") or None
    if not force:
        cached = huggingface_hub.try_to_load_from_cache(repository, filename, repo_type=repository_type)
        if isinstance(cached, str):
            return Path(cached)
    url = huggingface_hub.hf_hub_url(repository, filename, repo_type=repository_type)
    try:
        # Where the hub cannot be reached, this fails at once; the download would try for half a minute.
        with contextlib.suppress(HfHubHTTPError):  # it did answer; the download knows what may be tried again
            huggingface_hub.get_hf_file_metadata(url, token=token)
        return Path(
            huggingface_hub.hf_hub_download(
                repository, filename, repo_type=repository_type, force_download=force, token=token
            )
        )
    except Exception as error:  # the client's errors have no common base, and change between its releases
        raise UsageError(
            f"The file {filename} of the {repository_type} {repository} is not on this machine and could "
            f"not be downloaded from {url} ({_first_line(error)}). Connect to the network once, or give "
            f"a file of your own: {flag} PATH."
        ) from error


def require_datasets(dataset: HubDataset, role: str) -> None:
    """Refuse a dataset where the library that loads it is not installed; AlpacaEval's is read without it.

    Raises:
        MissingExtraError: naming the dataset.
    """
    repository = dataset.name.partition(":")[0]
    if repository != ALPACA_EVAL_REPOSITORY and find_spec("datasets") is None:
        raise MissingExtraError(f"{role}: loading {dataset.name} from the hub", "datasets")


def load_hub_dataset(dataset: HubDataset, role: str) -> Any:
    """Load a dataset of the hub by its name.

    Args:
        dataset: its name, with a configuration and a split where there are several.
        role: the flag that named it.

    Returns:
        A `datasets.Dataset`, or the path of a file: AlpacaEval's dataset is published with a loading script,
        which `datasets` no longer runs, so its JSON files are read by name.

    Raises:
        UsageError: there is no such dataset, or it is not clear which part of it is meant.
    """
    repository, *parts = dataset.name.split(":")
    if repository == ALPACA_EVAL_REPOSITORY:
        return hub_file(f"{parts[0] if parts else 'alpaca_eval'}.json", role)

    import datasets
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    token = os.environ.get("DATASETS_TOKEN") or None
    try:
        with contextlib.suppress(
            HfHubHTTPError, OfflineModeIsEnabled
        ):  # again, to fail at once or not at all
            url = huggingface_hub.hf_hub_url(repository, "README.md", repo_type="dataset")
            huggingface_hub.get_hf_file_metadata(url, token=token)
        configs = datasets.get_dataset_config_names(repository, token=token)
        config = _take(parts, configs) or _choose(configs, "default", repository, role)
        splits = datasets.get_dataset_split_names(repository, config, token=token)
        split = _take(parts, splits)
        if parts:
            nearest_part = nearest(parts[0], configs + splits)
            raise UsageError(f"{role}: {repository} has no part {parts[0]!r}. {nearest_part}")
        split = split or _choose(splits, "eval", repository, role)
        return datasets.load_dataset(repository, config, split=split, token=token)
    except UsageError:
        raise
    except Exception as error:  # like the hub's client
        raise UsageError(
            f"{role}: {dataset.name!r} is neither a file here nor a dataset that could be loaded from "
            f"the hub ({_first_line(error)}). {_remedy(dataset.name, repository)}"
        ) from error


def _remedy(name: str, repository: str) -> str:
    """Say what to try: the file that was probably meant, the copy of an earlier run, or another name."""
    path = Path(name)
    here = [str(entry) for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    if close := get_close_matches(name, here, n=1, cutoff=0.6):
        return f"Did you mean {close[0]!r}?"
    if _is_kept(repository) and os.environ.get("HF_HUB_OFFLINE", "") in ("", "0"):
        return "HF_HUB_OFFLINE=1 takes the copy that is on this machine."
    return "Check the name, or give a file."


def _is_kept(repository: str) -> bool:
    """Whether a dataset of the hub has been loaded on this machine before."""
    import datasets

    return Path(datasets.config.HF_DATASETS_CACHE, repository.replace("/", "___").casefold()).is_dir()


def _take(parts: list[str], names: list[str]) -> str | None:
    """Take the next part of the name if it is one of these."""
    return parts.pop(0) if parts and parts[0] in names else None


def _choose(names: list[str], preferred: str, repository: str, role: str) -> str:
    """Choose a configuration or a split where the name does not say which."""
    if preferred in names:
        return preferred
    if len(names) > 1:
        told = ", ".join(names)
        raise UsageError(
            f"{role}: {repository} has several parts: {told}. Name one, as '{repository}:{names[0]}'."
        )
    return names[0]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
