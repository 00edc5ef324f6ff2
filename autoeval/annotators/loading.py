"""Finding an annotator by name or path, and making it from its config."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autoeval.annotators.builtin import BUILTIN
from autoeval.annotators.comparing import Comparison
from autoeval.annotators.config import GroupConfig, JudgeConfig
from autoeval.annotators.fingerprint import fingerprint, prompt_hash
from autoeval.annotators.judges import Annotator, FollowUp, Judge
from autoeval.annotators.kinds import COMPARED, PAIRWISE, REVIEWED, Kind, find_kind
from autoeval.annotators.overrides import JudgeOverrides
from autoeval.annotators.parsers.verdicts import VerdictsParser
from autoeval.completions.endpoints import endpoint_of
from autoeval.completions.providers.parameters import drops_logprobs
from autoeval.completions.providers.reasoning import fitted
from autoeval.data.arena_hard import CLEAR_WIN
from autoeval.errors import UsageError, nearest
from autoeval.metrics.estimates import Adjustment
from autoeval.prompting import finding
from autoeval.prompting.alpaca_eval.folders import is_dialect
from autoeval.prompting.arena_hard import ArenaConfig, ArenaPrompt, is_arena_config
from autoeval.prompting.fastchat import FastChatPrompt, JudgePrompts
from autoeval.prompting.prompt import Prompt, compile_prompt
from autoeval.prompting.templates import BraceTemplate
from autoeval.prompting.yaml_files import parse, read_yaml
from autoeval.types import Endpoint, Scale

FOLDER = "annotator_configs"
_FINISH = "Your judgment has no verdict yet. Go on where you stopped, and close with one of the five verdict labels."
_NO_LOGPROBS = (
    "it reads log probabilities, and {} gives none there; take a judge whose reply says how sure it is, such as "
    "--annotators_config gpt6_graded, with the same --judge_model"
)


def load_annotator(
    source: str | Path, overrides: JudgeOverrides | None = None, config_dirs: Sequence[Path] = ()
) -> Annotator:
    """Load an annotator.

    Args:
        source: the name of an annotator, a config's folder, or a YAML file; ours or in AlpacaEval's dialect.
        overrides: values from the command line.
        config_dirs: folders of annotators, looked into before anything else.

    Raises:
        UsageError: there is none of that name, or its config is wrong.
    """
    return replace(_load(source, overrides or JudgeOverrides(), config_dirs), source=source)


def _load(source: str | Path, overrides: JudgeOverrides, config_dirs: Sequence[Path]) -> Annotator:
    path = find_config(source, config_dirs)
    name = finding.config_name(path)
    data = read_yaml(path)
    if is_dialect(data):
        from autoeval.annotators import alpaca_eval

        theirs = alpaca_eval.load_judges(
            data, path, overrides.model, overrides.base_url, overrides.api_key_env
        )
        judges = [_prompted(overrides.applied_to_judge(judge), overrides) for judge in theirs]
        return _annotator(name, judges, "pool", overrides.p_label_flip or 0.0, "")
    if "annotators" in data or "combine" in data:
        group = parse(GroupConfig, overrides.applied_to_group(data), str(path))
        judges = [
            _prompted(_judge(judge, config, path), overrides) for judge, config in group.annotators.items()
        ]
        noise = group.p_label_flip if overrides.p_label_flip is None else overrides.p_label_flip
        return _annotator(name, judges, group.combine, noise, group.description)
    config = parse(JudgeConfig, overrides.applied_to(data), str(path))
    judges = [_prompted(_judge(name, config, path), overrides)]
    return _annotator(name, judges, "jury", overrides.p_label_flip or 0.0, config.description)


def _prompted(judge: Judge, overrides: JudgeOverrides) -> Judge:
    """Return a judge that asks with another tool's own prompts, where they are given."""
    if overrides.prompts is None or judge.is_builtin:
        return judge
    if is_arena_config(overrides.prompts):
        return _as_arena_hard(judge, ArenaConfig.read(Path(overrides.prompts)), overrides)
    prompts = JudgePrompts.read(overrides.prompts)
    return replace(judge, prompt=FastChatPrompt(prompts, compares=judge.kind.n_outputs > 1))


def _as_arena_hard(judge: Judge, config: ArenaConfig, overrides: JudgeOverrides) -> Judge:
    """Return a judge that asks and is read as Arena-Hard's config says; only its model may be another one."""
    if judge.kind is not PAIRWISE:
        raise UsageError(
            f"--judge_prompts: {config.path} compares two answers, and {judge.name} judges one. Name a judge of pairs."
        )
    model = judge.model if overrides.model else config.judge_model or judge.model
    is_known = overrides.price is not None or model == judge.model
    return replace(
        judge,
        model=model,
        parameters=fitted(model, dict(config.parameters)),
        prompt=ArenaPrompt(config),
        parser=VerdictsParser(
            kind="verdicts",
            take="only" if config.is_first_form else "last",
            clear_win=CLEAR_WIN,
            patterns=config.patterns,
        ),
        order="both",
        disagreement="mean",
        follow_up=_follow_up(judge, config),
        price=judge.price if is_known else None,
        unmet="",
    )


def _follow_up(judge: Judge, config: ArenaConfig) -> FollowUp | None:
    """Return what v0.1's first tools tell a judge without a verdict, in our words where theirs are not there."""
    text = config.follow_up or (judge.follow_up.text if judge.follow_up else _FINISH)
    return FollowUp(text, config.attempts - 1) if config.attempts > 1 else None


def find_config(source: str | Path, config_dirs: Sequence[Path] = ()) -> Path:
    """Return the YAML file of an annotator given by name, folder or file.

    Raises:
        UsageError: naming the nearest known annotator.
    """
    return finding.find_config(source, FOLDER, "--annotators_config", config_dirs)


def names() -> list[str]:
    """Return the names of the shipped annotators."""
    return finding.shipped_configs(FOLDER)


def _judge(name: str, config: JudgeConfig, path: Path) -> Judge:
    if config.provider == "builtin" and config.model not in BUILTIN:
        raise UsageError(
            f"{path}: there is no built-in judge {config.model!r}. {nearest(config.model, BUILTIN)}"
        )
    if not config.model:
        raise UsageError(f"{path}: the judge's model is not set. Give --judge_model (and --judge_base_url).")
    is_builtin = config.provider == "builtin"
    kind = BUILTIN[config.model].kind if is_builtin else find_kind(config.kind)
    assert kind is not None  # the config was checked
    parameters = fitted(config.model, config.parameters)
    variables = kind.variables | set(config.columns)
    variables |= {"rubric"} if config.rubric else {"aspect", "rubric"} if config.aspects else set()
    variables |= {"outputs", "n_outputs"} if config.together > 1 else set()
    return Judge(
        name=name,
        endpoint=Endpoint("builtin") if is_builtin else endpoint_of(config, str(path)),
        model=config.model,
        parameters=parameters,
        prompt=_checked(
            compile_prompt(config, path.parent, variables, str(path)),
            ("outputs",) if config.together > 1 else kind.shown,
            variables,
            str(path),
        ),
        parser=config.parser,
        kind=kind,
        scale=_scale(config, kind),
        order=config.order,
        disagreement=config.disagreement,
        columns=config.columns,
        rubric=config.rubric.text if config.rubric else "",
        aspects=config.aspects,
        together=config.together,
        comparison=_comparison(config),
        adjustment=Adjustment(config.adjusted.middle, config.adjusted.stretch) if config.adjusted else None,
        follow_up=FollowUp(config.follow_up) if config.follow_up else None,
        slight_win_margin=config.slight_win_margin,
        samples=config.samples,
        price=config.price,
        reply_tokens=config.reply_tokens,
        unmet=_NO_LOGPROBS.format(config.model)
        if drops_logprobs(config.provider, config.model, parameters)
        else "",
    )


def _comparison(config: JudgeConfig) -> Comparison | None:
    if config.kind not in (COMPARED.name, REVIEWED.name):
        return None
    return Comparison(None if isinstance(config.compare, str) else config.compare)


def _scale(config: JudgeConfig, kind: Kind) -> Scale:
    if config.provider == "builtin":
        return BUILTIN[config.model].scale
    return kind.scale or Scale(*(config.scale or (None, None)))


def _checked(
    prompt: Prompt | None, shown: Sequence[str], variables: frozenset[str], where: str
) -> Prompt | None:
    """Refuse a prompt that does not show every output: it would be judged, and mean nothing."""
    if prompt is None:
        return None
    templates = [template for _, _, template in prompt.parts if isinstance(template, BraceTemplate)]
    for name, count in (counted for template in templates for counted in template.occurrences().items()):
        if count > 1:
            raise UsageError(
                f"{where}: the prompt has {{{name}}} {count} times, which is for prompts on several pairs. Use Jinja "
                f"('syntax: jinja' and {{{{ {name} }}}}) to show it more than once."
            )
    marks = {name: f"900{place}009" for place, name in enumerate(sorted(variables))}
    text = "".join(message.content for message in prompt.messages([marks])) + (prompt.text([marks]) or "")
    for name in shown:
        if marks[name] not in text:
            raise UsageError(f"{where}: the prompt never shows the output {name!r}. Put it into a message.")
    return prompt


def _annotator(
    name: str, judges: list[Judge], combine: Any, p_label_flip: float, description: str
) -> Annotator:
    if p_label_flip and judges[0].kind.n_outputs == 1:
        raise UsageError(
            f"p_label_flip flips preferences, and {name} judges outputs by themselves. Leave it out."
        )
    return Annotator(
        name=name,
        judges=tuple(judges),
        combine=combine,
        p_label_flip=p_label_flip,
        description=description,
        fingerprint=fingerprint(judges, combine, p_label_flip),
        prompt_hash=prompt_hash(judges),
    )
