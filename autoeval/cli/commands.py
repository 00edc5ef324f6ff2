"""The commands: which function each runs and how its result is shown."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

import click

from autoeval.cli.guide import EXAMPLES, GROUPS
from autoeval.plugins import plugins

_JOURNEYS = {
    "evaluate": (
        "autoeval.journeys.evaluate",
        "Evaluate a model's outputs against a reference's. The default command.",
    ),
    "evaluate_from_model": (
        "autoeval.journeys.evaluate_from_model",
        "Generate a model's outputs, then evaluate them.",
    ),
    "evolve": (
        "autoeval.journeys.evolve",
        "Make harder instructions of an eval set: a model evolves them, what is of no use is dropped.",
    ),
    "make_leaderboard": (
        "autoeval.journeys.make_leaderboard",
        "Judge many models in one pass and put them on a leaderboard, or check one.",
    ),
    "rank": (
        "autoeval.journeys.rank",
        "Rank models by battles: who met whom, and which did better.",
    ),
    "percent_of": (
        "autoeval.journeys.percent_of",
        "Say how much of a reference's score models reach, by a judge that scores both or from reviews.",
    ),
    "bridge": (
        "autoeval.journeys.bridge",
        "Place new models on the board of a judge that is gone, by a judge that answers.",
    ),
    "serve": ("autoeval.journeys.serve", "Serve a GGUF file on this machine, to judge or to be judged."),
    "check": (
        "autoeval.journeys.check",
        "Check outputs that have a right answer: numbers, choices, instructions, code in a sandbox.",
    ),
    "refusal": (
        "autoeval.journeys.refusal",
        "Tell how often a model refuses: safe prompts, which it should answer, and unsafe ones.",
    ),
    "best_of_n": (
        "autoeval.journeys.best_of_n",
        "Say what the best of n samples is worth, as a scorer picks it, for every n.",
    ),
    "show": ("autoeval.journeys.show", "Show a finished run again."),
    "compare": ("autoeval.journeys.compare", "Compare two finished runs, pair by pair."),
    "gate": (
        "autoeval.journeys.gate",
        "Hold a run against rules before a release: pass, fail, or undecided.",
    ),
    "view": (
        "autoeval.journeys.view",
        "Show all runs of a folder in a browser: compare, read, label by hand.",
    ),
    "site": ("autoeval.journeys.site", "Build a static website from leaderboards, or from runs."),
    "export": (
        "autoeval.journeys.export",
        "Take finished runs elsewhere: MLflow, W&B, trackio, a model card, a table.",
    ),
    "new": (
        "autoeval.journeys.new",
        "Write the config of a judge or of a model to start from, and try it.",
    ),
    "validate": (
        "autoeval.journeys.validate",
        "Check a config and show exactly what it would send.",
    ),
    "annotators": (
        "autoeval.journeys.line_up",
        "List the shipped judges: price, order, until when; --try asks each a tiny question.",
    ),
    "models": (
        "autoeval.journeys.line_up",
        "List the shipped models to evaluate: price, until when.",
    ),
    "import_annotations": (
        "autoeval.journeys.import_annotations",
        "Put recorded judgments into the cache, so that none is paid for again.",
    ),
    "import_results": (
        "autoeval.journeys.import_results",
        "Put results of lm-evaluation-harness and Inspect, and of check, beside win rates.",
    ),
    "analyze_evaluators": (
        "autoeval.journeys.analyze_evaluators",
        "Compare a judge with people who voted on the same pairs.",
    ),
    "audit": (
        "autoeval.journeys.audit",
        "Test a judge without human votes: change pairs in ways that should not matter.",
    ),
    "anchor": (
        "autoeval.journeys.anchor",
        "Ask a judge the same things again: is it still the judge that it was?",
    ),
    "anchors": (
        "autoeval.journeys.anchor_board",
        "List the judges that have anchors: first asked, last asked, what has changed.",
    ),
    "learn": (
        "autoeval.journeys.learn",
        "Learn from a judge's recorded preferences, so that evaluate --n_paid needs fewer of them.",
    ),
    "label": (
        "autoeval.journeys.label",
        "Draw pairs of a run for a person to label, and correct the win rate with the labels.",
    ),
    "cache": (
        "autoeval.journeys.cache",
        "Count, merge, check or export the replies in caches: cache info|merge|verify|export.",
    ),
    "batches": ("autoeval.journeys.batches", "List the batch jobs in a cache, and end them early."),
    "analyze_models": (
        "autoeval.journeys.analyze_models",
        "Say which models of several runs differ, on which subsets, and how sure that is.",
    ),
}
"""Command names with the module of the function of that name, imported when the command is used."""


_PRINT_BOARDS = frozenset(
    {"evaluate", "evaluate_from_model", "make_leaderboard", "analyze_evaluators", "rank", "percent_of"}
)
_OF_THE_GROUP = ("--help", "-h", "--version")


def _is_command(word: str) -> bool:
    """Whether a first word names a command, perhaps misspelt, rather than a flag or a file."""
    return not (word.startswith("-") or "." in word or "/" in word or Path(word).exists()) or (
        word.replace("-", "_") in _JOURNEYS
    )


class Commands(click.Group):
    """The group; without a command name it is `evaluate`, as in AlpacaEval."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `evaluate` in front of arguments that name no command."""
        if args[:1] == ["--"]:  # `alpaca_eval -- --help`, as AlpacaEval's users write it
            args = args[1:]
        if not args or (args[0] not in _OF_THE_GROUP and not _is_command(args[0])):
            args = ["evaluate", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the commands in the order of a user's journey."""
        return [name for names in _grouped().values() for name in names]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Build a command; hyphens in its name are accepted."""
        name = name.replace("-", "_")
        if name not in _JOURNEYS and name not in plugins("commands"):
            return None
        from importlib import import_module

        from autoeval.cli.from_function import command
        from autoeval.journeys.parameters.obsolete import REASONS

        ours = name in _JOURNEYS
        function = getattr(import_module(_JOURNEYS[name][0]), name) if ours else plugins("commands")[name]
        of_display = [_output_format()] if name in _PRINT_BOARDS else []
        return command(function, REASONS, _run, of_display, EXAMPLES.get(name, ()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Say the nearest command for a misspelt one."""
        from autoeval.errors import UsageError, nearest

        command = self.get_command(ctx, args[0])
        if command is None:
            raise UsageError(f"there is no command {args[0]!r}. {nearest(args[0], _JOURNEYS)}")
        return args[0], command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by what somebody is about to do, without loading them."""
        for title, names in _grouped().items():
            with formatter.section(title):
                formatter.write_dl([(name, _JOURNEYS[name][1]) for name in names])


def _grouped() -> dict[str, list[str]]:
    """Return the commands under their headings; those without one come last."""
    grouped = {title: [name for name in names if name in _JOURNEYS] for title, names in GROUPS.items()}
    placed = {name for names in grouped.values() for name in names}
    others = [name for name in _JOURNEYS if name not in placed]
    return grouped | ({"More": others} if others else {})


def _output_format() -> click.Option:
    return click.Option(
        ["--output_format"],
        type=click.Choice(["table", "alpaca_eval", "csv", "json", "markdown", "latex"]),
        help="How the board is printed. Default: a table on a terminal, else alpaca_eval's own table, with "
        "everything else on standard error.",
    )


def _run(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    from autoeval.cli.display import TerminalDisplay
    from autoeval.cli.show import show
    from autoeval.errors import NothingJudgedError, UsageError

    if line := other_command():
        click.echo(line, err=True)
    output_format = arguments.pop("output_format", None)
    parameters = signature(function).parameters
    for name, parameter in parameters.items():
        required = parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        if required and name not in arguments:
            raise UsageError(
                f"{function.__name__}: --{name} is missing. {function.__name__} --help says what it is."
            )
    shows_progress = "display" in parameters
    try:
        result = function(**arguments, **({"display": TerminalDisplay()} if shows_progress else {}))
    except NothingJudgedError as error:
        result = error.result
    show(result, output_format)
    sys.exit(getattr(result, "exit_code", 0))


def other_command() -> str | None:
    """Say what to type where the command alpaca_eval beside ours is that of the alpaca_eval package."""
    script = Path(sys.executable).with_name("alpaca_eval")
    try:
        is_ours = "autoeval.cli" in script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):  # there is none, or it is a program for Windows
        return None
    if is_ours:
        return None
    has_pip = find_spec("pip") is not None  # an environment that uv makes has none
    reinstall = "pip install --force-reinstall" if has_pip else "uv pip install --reinstall"
    return (
        f"{script} belongs to the alpaca_eval package here: type autoeval, or make it ours again with "
        f"{reinstall} --no-deps autoeval"
    )


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted:
        from autoeval.version import __version__

        click.echo(f"autoeval {__version__}")
        if line := other_command():
            click.echo(line)
        ctx.exit()


group = Commands(
    "alpaca_eval",
    help=(
        "Find out whether one language model follows instructions better than another.\n\n"
        "`alpaca_eval --model_outputs outputs.json` pairs the outputs with a reference's, asks a judge which is "
        "better, and says the win rate and how sure it is."
    ),
    epilog="`alpaca_eval evaluate --help` lists the flags of the default command.",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show the version.",
        )
    ],
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)
