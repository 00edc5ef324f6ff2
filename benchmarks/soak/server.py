"""A judge that misbehaves at random and keeps books: `python -m benchmarks.soak.server`, told what to do by lines."""

import json
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from benchmarks.soak.books import Books, Said
from benchmarks.soak.mishaps import MISHAPS, PLAIN, Mishap
from tests.servers import Answer, JudgeServer, prompt_text, rate_limited
from tests.servers.answers import Body

OVER_THE_RATE = "429 over the rate"
LONGEST_DELAY = 0.05
_MODEL = re.compile(r"Model (?P<tag>\S+) on (?P<instruction>.+?)\n")
_REFERENCE = "The reference on "


def outputs(tag: str, instruction: str) -> tuple[str, str]:
    """Return the reference's and a model's output on an instruction; the server knows them again."""
    filler = "It says what it has to say. " * (1 + len(instruction) * 7 % 20)
    return f"{_REFERENCE}{instruction}\n{filler}", f"Model {tag} on {instruction}\n{filler}"


class Judge:
    """Answers at random, within a rate, and writes down every reply that it charges for."""

    def __init__(self, seed: int) -> None:
        self.rate = float("inf")
        self.counts: Counter[str] = Counter()
        self.books: defaultdict[str, dict[str, list[Said]]] = defaultdict(dict)
        self._draw = random.Random(seed)
        self._allowed = 0.0
        self._refilled = time.monotonic()

    def __call__(self, body: Body) -> Answer:
        """Answer one request."""
        self.counts["requests"] += 1
        if not self._is_within_rate():
            self.counts[OVER_THE_RATE] += 1
            return rate_limited()
        mishap = self._mishap()
        if mishap.name:
            self.counts[mishap.name] += 1
        if mishap.instead is not None and not mishap.is_charged:
            return mishap.instead(body)
        text = prompt_text(body)
        shown = _MODEL.search(text)
        assert shown is not None, text
        preference = None if mishap.instead else self._draw.choice((1.0, 2.0))
        said = Said(time.monotonic(), preference)
        self.books[shown["tag"]].setdefault(shown["instruction"], []).append(said)
        is_reference_first = text.index(_REFERENCE) < shown.start()
        verdict = Answer("a > b" if (preference == 1.0) == is_reference_first else "b > a")
        answer = mishap.instead(body) if mishap.instead else mishap.form(body, verdict)
        return replace(answer, delay=self._draw.uniform(0.005, LONGEST_DELAY))

    def _is_within_rate(self) -> bool:
        now = time.monotonic()
        most = max(1.0, self.rate / 10)
        self._allowed = min(most, self._allowed + (now - self._refilled) * self.rate)
        self._refilled = now
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True

    def _mishap(self) -> Mishap:
        left = self._draw.random()
        for mishap in MISHAPS:
            left -= mishap.share
            if left < 0:
                return mishap
        return PLAIN


@dataclass
class Control:
    """The server's process, as the soak directs it; safe to use from several threads."""

    address: str
    n_outages: int
    _process: "subprocess.Popen[str]"
    _lock: threading.Lock

    def books(self, tag: str) -> Books:
        """Return what was charged for one model's pairs."""
        found = self._tell("books", tag)
        return {instruction: [Said(**said) for said in replies] for instruction, replies in found.items()}

    def forget(self, tag: str) -> None:
        """Drop the books of a model, so that the server stays small."""
        self._tell("forget", tag)

    def limit(self, rate: float) -> None:
        """Take that many requests a second from now on."""
        self._tell("limit", rate)

    def counts(self) -> Counter[str]:
        """Return how many requests came, and how many met each mishap."""
        return Counter(self._tell("counts"))

    def be_gone(self, seconds: float) -> None:
        """Cut every connection and refuse new ones for a while."""
        self.n_outages += 1
        self._tell("down")
        time.sleep(seconds)
        self._tell("up")

    def _tell(self, *order: str | float) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@contextmanager
def faulty_server(seed: int) -> Iterator[Control]:
    """Run the server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.soak.server", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Control(process.stdout.readline().strip(), 0, process, threading.Lock())
        finally:
            process.terminate()


def _free_port() -> int:
    """Return a free port that no outgoing connection is ever given, so that it stays free during an outage."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as candidate:
            if candidate.connect_ex(("127.0.0.1", port)):
                return port
    raise OSError("no port is free")


def _obey(judge: Judge, orders: Iterator[str]) -> None:
    server = JudgeServer(judge, keeps=0, port=_free_port()).__enter__()
    _say(server.address)
    for order in orders:
        answer: object = None
        match json.loads(order):
            case ["books", tag]:
                books = judge.books.get(tag, {})
                answer = {what: [asdict(said) for said in replies] for what, replies in list(books.items())}
            case ["forget", tag]:
                judge.books.pop(tag, None)
            case ["limit", rate]:
                judge.rate = cast("float", rate)
            case ["counts"]:
                answer = judge.counts
            case ["down"]:
                server.__exit__()
            case ["up"]:
                server = JudgeServer(judge, keeps=0, port=server.port).__enter__()
        _say(json.dumps(answer))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _obey(Judge(int(sys.argv[1])), iter(sys.stdin))
