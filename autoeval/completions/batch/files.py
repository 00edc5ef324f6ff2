"""Asking through files: requests are written in OpenAI's batch form, and whatever came back is collected.

Any runner of that form will do, such as `vllm run-batch`; who runs it, and where, is nothing that a run knows.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from autoeval.completions.batch.asking import BatchPendingError
from autoeval.completions.batch.lines import line_of, outcome_of
from autoeval.completions.key_set import KeySet
from autoeval.completions.ledger import Ledger, Stop, StopReason
from autoeval.completions.providers.failures import malformed, printable
from autoeval.completions.providers.fields import decode
from autoeval.completions.providers.presets import PRESETS
from autoeval.completions.providers.unpacking import MOST_BYTES
from autoeval.completions.replies import new_by_key
from autoeval.data.replacing import replacing
from autoeval.errors import UsageError, not_written
from autoeval.types import Completion, Failure, FailureKind, Request

_STORED_AT_ONCE = 500
_MOST_LINES = 50_000
_MOST_FILE_BYTES = 150 * 10**6
"""Less than OpenAI takes in one file, in lines and bytes."""
_PREFIX = "requests-"
_ENDING = ".jsonl"


@dataclass
class FileBatch:
    """One run that asks through the files of a folder."""

    ledger: Ledger
    folder: Path
    announce: Callable[[str], None]
    _failures: dict[bytes, Failure] = field(default_factory=dict)

    def ask(self, requests: Iterable[Request], again: Set[bytes]) -> None:
        """Collect what came back, and write what is still missing.

        Args:
            requests: what is to be asked.
            again: keys of requests to ask although the cache has a reply; a reply in the folder counts as new.

        Raises:
            BatchPendingError: something is missing, and was written.
            UsageError: a request cannot go into such a file, or the folder cannot be read or written.
            AutoevalError: the disk is full.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            collected = self._collect()
            written = self._write_missing(requests, again - collected)
        except OSError as error:
            raise not_written(f"--batch_files: {self.folder}", error) from None
        if written:
            raise BatchPendingError(_pending_message(self.folder, written))

    def _collect(self) -> set[bytes]:
        """Store every reply that the folder's files hold; returns the keys of all of them."""
        collected: set[bytes] = set()
        for path in sorted(self.folder.glob(f"*{_ENDING}")):
            if path.name.startswith(_PREFIX):
                continue
            replies = _outcomes(path)
            while chunk := _next(replies, path):
                new = {key: one for key, one in chunk if isinstance(one, Completion)}
                missing = new.keys() - self.ledger.cache.known(list(new))
                self.ledger.cache.put_many((key, new[key]) for key in missing)
                collected |= new.keys()
                self._failures |= {key: one for key, one in chunk if isinstance(one, Failure)}
        if collected:
            self.announce(f"{len(collected):,} replies were found in {self.folder}")
        return collected

    def _write_missing(self, requests: Iterable[Request], again: Set[bytes]) -> "list[_Written]":
        ledger, files = self.ledger, _Files(self.folder)
        with files:
            for stretch in new_by_key(requests, KeySet()):
                if ledger.stop:
                    break
                known = ledger.cache.known(list(stretch)) - again
                ledger.progress.planned += len(stretch)
                ledger.progress.cached += len(known)
                for key, request in stretch.items():
                    if key not in known and ledger.open(key):
                        self._write(files, key, request)
        return files.written

    def _write(self, files: "_Files", key: bytes, request: Request) -> None:
        ledger = self.ledger
        failure = self._failures.get(key)
        if failure is not None and not failure.retryable and failure.kind is not FailureKind.NOT_ASKED:
            ledger.failed(key, failure)
            return
        if request.endpoint.provider not in PRESETS:
            raise UsageError(
                f"--batch_files: {request.endpoint.provider!r} does not speak OpenAI's protocol, which such files are "
                "in. Leave it out, or ask a server of that protocol."
            )
        if not ledger.budget.reserve(key, request):
            ledger.halt(Stop(StopReason.BUDGET, ledger.budget.message(request)))
            return
        try:
            line = line_of(key.hex(), request)
        except (ValueError, TypeError) as error:
            told = f"the request cannot be sent: {printable(str(error))}"
            ledger.failed(key, Failure(FailureKind.INVALID_REQUEST, told))
            return
        ledger.failed(key, Failure(FailureKind.NOT_ASKED, f"it waits in {self.folder}"))
        files.add(request, line)


@dataclass
class _Written:
    """A file of requests to one model."""

    path: Path
    model: str
    n_lines: int = 0
    n_bytes: int = 0


@dataclass
class _Files:
    """The files of requests as they are written, each of one model; they take the place of the former ones."""

    folder: Path
    written: list[_Written] = field(default_factory=list)
    _open: dict[str, tuple[_Written, IO[str]]] = field(default_factory=dict)
    _opened: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._opened.__exit__(kind, *error)  # type: ignore[arg-type]
        if kind is None:
            for path in set(self.folder.glob(f"{_PREFIX}*{_ENDING}")) - {one.path for one in self.written}:
                path.unlink()  # what was in it is answered, or in one of the new ones

    def add(self, request: Request, line: bytes) -> None:
        """Write a request into its model's file, or into a further one where that is full."""
        name = _name_of(request)
        now = self._open.get(name)
        if now is None or now[0].n_lines >= _MOST_LINES or now[0].n_bytes + len(line) > _MOST_FILE_BYTES:
            number = sum(one.path.name.startswith(f"{_PREFIX}{name}") for one in self.written) + 1
            path = self.folder / f"{_PREFIX}{name}-{number}{_ENDING}"
            now = self._open[name] = (
                _Written(path, request.model),
                self._opened.enter_context(replacing(path)),
            )
            self.written.append(now[0])
        about, file = now
        file.write(line.decode() + "\n")
        about.n_lines += 1
        about.n_bytes += len(line) + 1


def _name_of(request: Request) -> str:
    """Name the file of a model at an endpoint; two models never share one."""
    endpoint = request.endpoint
    who = json.dumps([endpoint.provider, endpoint.base_url, endpoint.cache_as, request.model])
    short = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in request.model)[-40:]
    return f"{short}-{hashlib.sha256(who.encode()).hexdigest()[:8]}"


def _next(
    replies: Iterator[tuple[bytes, Completion | Failure]], path: Path
) -> list[tuple[bytes, Completion | Failure]]:
    """Return as many replies as are stored at once."""
    try:
        return list(islice(replies, _STORED_AT_ONCE))
    except OSError as error:
        raise UsageError(f"--batch_files: {path} cannot be read: {error.strerror or error}.") from None


def _outcomes(path: Path) -> Iterator[tuple[bytes, Completion | Failure]]:
    """Walk through a file of results; a line that is none of ours is passed over."""
    with path.open("rb") as file:
        while line := file.readline(MOST_BYTES):
            try:
                entry = decode(line)
                key = bytes.fromhex(entry["custom_id"])
            except (ValueError, LookupError, TypeError, RecursionError):
                continue
            if "response" not in entry and "error" not in entry:  # a request, not a result
                continue
            try:
                yield key, outcome_of(entry)
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as wrong:
                yield key, malformed(wrong)


def _pending_message(folder: Path, written: list[_Written]) -> str:
    n_requests = sum(one.n_lines for one in written)
    first = written[0]
    return (
        f"{n_requests:,} requests are in {', '.join(str(one.path) for one in written[:3])}"
        f"{' and others' if len(written) > 3 else ''}. Have them answered into {folder}, for example with: "
        f"vllm run-batch -i {first.path} -o {folder / 'results-1.jsonl'} --model {first.model}. Then run the same "
        "command again."
    )
