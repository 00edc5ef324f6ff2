"""A config of one's own to start from, written and tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autoeval.checks import check_choice, check_number, require_source
from autoeval.completions.ask import Display
from autoeval.completions.endpoints import make_endpoint
from autoeval.data.replacing import result_file
from autoeval.errors import UsageError
from autoeval.journeys.line_up import Trial, tried
from autoeval.journeys.validate import Validation, validate

_STARTERS = Path(__file__).parent / "starters"
_OPEN = "openai_compatible"
_MODELS = {
    "openai": "gpt-6-luna",
    "anthropic": "claude-haiku-5-5",
    "gemini": "gemini-3.8-flash",
    _OPEN: "",
}
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "annotator": {
        "openai": "{reasoning_effort: none, temperature: 0, max_completion_tokens: 20}",
        "anthropic": "{reasoning_effort: none, max_tokens: 20}",
        "gemini": "{reasoning_effort: low, max_tokens: 2048}",
        _OPEN: "{temperature: 0, max_tokens: 2048}",
    },
    "model": {
        "openai": "{max_completion_tokens: 16384}",
        "anthropic": "{max_tokens: 16384}",
        "gemini": "{max_tokens: 16384}",
        _OPEN: "{temperature: 0.7, max_tokens: 2048}",
    },
}


@dataclass(frozen=True)
class NewConfig:
    """A config that was written.

    Attributes:
        validation: where it is and what it sends.
        trial: what came of one tiny question; None where nobody was asked.
    """

    validation: Validation
    trial: Trial | None

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 3 where a judge was tried and did not answer as it should."""
        return 3 if self.trial and not self.trial.is_right else 0


def new(
    kind: str | None = None,
    name: str | Path | None = None,
    *,
    provider: str = "openai",
    model: str | None = None,
    base_url: str | None = None,
    dry_run: bool = False,
    max_cost: float | None = 0.01,
    display: Display | None = None,  # noqa: ARG001 - every journey has one
) -> NewConfig:
    """Write the config of a judge or of a model to start from, and try it.

    The config is a folder that you change as you like. A judge is asked one tiny question where there is a key for
    it.

    Args:
        kind: annotator (a judge) or model.
        name: The folder to write, whose name is the config's; it must not exist.
        provider: openai, anthropic, gemini, or openai_compatible for a server of yours.
        model: The model's name there. Default: gpt-6-luna, claude-haiku-5-5 or gemini-3.8-flash.
        base_url: The server's address, for openai_compatible.
        dry_run: Ask nobody: say what the question would cost.
        max_cost: Ask nobody if it would cost more than this many US dollars. None: no limit.
        display: Has no effect.

    Returns:
        A NewConfig.

    Raises:
        UsageError: a value is wrong, or the folder exists or cannot be written.
    """
    check_choice("kind", require_source(kind, "kind", "annotator or model"), ("annotator", "model"))
    folder = Path(require_source(name, "name", f"name the folder of the {kind}"))
    check_choice("provider", provider, _MODELS)
    check_number("max_cost", max_cost, 0)
    if provider == _OPEN and not (base_url and model):
        raise UsageError(
            "openai_compatible needs --base_url and --model: the server's address and the model's name there."
        )
    # nothing is written for an address that is none
    make_endpoint(provider, model or _MODELS[provider], base_url)
    files = _files(str(kind), folder, provider, model or _MODELS[provider], base_url)
    if folder.exists() and not _has_only(folder, files):
        raise UsageError(f"{folder} exists; give another name, or change what is there.")
    _write(folder, files)
    found = validate(folder)
    return NewConfig(found, _try(folder, dry_run, max_cost) if kind == "annotator" else None)


def _has_only(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether a folder has nothing but what is written to it now: this command was interrupted before."""
    return folder.is_dir() and all(
        path.name in files and path.is_file() and path.read_bytes() == files[path.name].encode()
        for path in folder.iterdir()
    )


def _files(kind: str, folder: Path, provider: str, model: str, base_url: str | None) -> dict[str, str]:
    """Return the text of each file of a config, by its name."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(_STARTERS), undefined=StrictUndefined, trim_blocks=True, autoescape=False
    )
    config = templates.get_template(f"{kind}.yaml.jinja").render(
        name=folder.name,
        folder=folder,
        provider=provider,
        model=model,
        base_url=base_url,
        parameters=_PARAMETERS[kind][provider],
    )
    files = {"config.yaml": config + "\n"}
    if kind == "annotator":
        files["prompt.jinja"] = (_STARTERS / "prompt.jinja").read_text(encoding="utf-8")
    return files


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        for file_name, text in files.items():
            with result_file(folder / file_name, "") as file:
                file.write(text)
    except BaseException:  # half a config would be in the way of the next try
        for file_name in files:
            (folder / file_name).unlink(missing_ok=True)
        raise


def _try(folder: Path, dry_run: bool, max_cost: float | None) -> Trial | None:
    from autoeval.annotators.loading import load_annotator

    annotator = load_annotator(folder)
    try:
        return tried(annotator, max_cost, dry_run)
    except UsageError:  # no key yet: the config is there all the same
        return None
