"""One model whose outputs are generated: what is wanted of it, what is there, and the file that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from autoeval.completions.cache import Cache
from autoeval.generators.plan import GenerationPlan, Key
from autoeval.generators.read import Missing, expected_requests, read
from autoeval.runs.estimate import DryRun, count, price_of, with_notes
from autoeval.runs.outputs_file import OutputsFile, Row, encoded, row_of
from autoeval.types import Failure


@dataclass(frozen=True)
class Side:
    """One model's outputs on their way: those wanted, those in the file, and the file (None: none is written)."""

    plan: GenerationPlan
    identity: Mapping[str, Any]
    kept: Mapping[Key, Row]
    file: OutputsFile | None
    date: str

    @classmethod
    def open(cls, plan: GenerationPlan, file: OutputsFile | None, *, strip: bool, load: bool) -> "Side":
        """Find out what is there already.

        Args:
            plan: every output wanted.
            file: where outputs are kept, None for nowhere.
            strip: take the blank space around outputs away.
            load: keep the outputs that the file has.

        Raises:
            UsageError: they were made with another config.
        """
        identity = {**plan.generator.identity, "is_strip_output": strip}
        kept = file.load(identity) if file and load else {}
        plan = replace(plan, kept=kept.keys(), strip=strip)
        return cls(plan, identity, kept, file, datetime.now(UTC).isoformat(timespec="seconds"))

    def line(self) -> str:
        """Say in one line who is asked for what."""
        plan, endpoint = self.plan, self.plan.generator.endpoint
        at = f" at {endpoint.base_url}" if endpoint.base_url else ""
        is_greedy = plan.n_samples > 1 and plan.generator.parameters.get("temperature") == 0
        alike = "; samples at temperature 0 will be alike" if is_greedy else ""
        return (
            f"{plan.generator.name} ({endpoint.provider}: {plan.generator.model}{at}) on {len(plan.instructions)} "
            f"instructions: {len(self.in_order(self.kept))} of {plan.n_outputs} outputs are there{alike}"
        )

    def estimate(self, cache: Cache, is_batch: bool) -> DryRun:
        """Count what there is to ask, and estimate its tokens and cost."""
        generator = self.plan.generator
        price = price_of(generator)
        counted = count(
            expected_requests(self.plan, cache),
            self.plan.n_outputs,
            cache,
            lambda _: price,
            lambda _: generator.reply_tokens,
            is_batch,
        )
        return with_notes(counted, [generator])

    def stand_ins(self, cache: Cache) -> list[Row]:
        """Return the outputs as far as they are known, and text of the expected length for the others."""
        rows, missing = self.read(cache, {})
        name = self.plan.generator.name
        text = f"{name} " + "word " * self.plan.generator.reply_tokens
        for lack in missing:
            key, turns = lack.wanted.key, [text] * len(lack.wanted.instruction.turns)
            rows[key] = {
                "instruction": key[0],
                "sample": key[1],
                "output": "\n\n".join(turns),
                **({"turns": turns} if len(turns) > 1 else {}),
                "generator": name,
            }
        return [rows[key] for key in self.plan.all_keys()]

    def read(self, cache: Cache, failures: Mapping[bytes, Failure]) -> tuple[dict[Key, Row], list[Missing]]:
        """Return the outputs that there are, kept or in the cache, and those that there are not."""
        found = dict(self.kept)
        missing = []
        for item in read(self.plan, self.plan, cache, failures):
            if isinstance(item, Missing):
                missing.append(item)
            else:
                found[item.key] = row_of(item, self.identity, self.date)
        return found, missing

    def write(self, found: Mapping[Key, Row], account: Mapping[str, Any]) -> None:
        """Write outputs and what came of asking for them; see `write_encoded`."""
        self.write_encoded({key: encoded(row) for key, row in found.items()}, account)

    def write_encoded(self, found: Mapping[Key, str], account: Mapping[str, Any]) -> None:
        """Write this run's outputs in their order, and after them what else the file held.

        Raises:
            UsageError: the file cannot be written.
        """
        if self.file is not None:
            wanted = dict.fromkeys(key for key in self.plan.all_keys() if key in found)
            rows = [found[key] for key in {**wanted, **dict.fromkeys(found)}]
            self.file.write(rows, {"config": self.identity, "date": self.date, **account})

    def in_order(self, found: Mapping[Key, Row]) -> tuple[Row, ...]:
        """Return the outputs of this run in its order."""
        return tuple(found[key] for key in self.plan.all_keys() if key in found)
