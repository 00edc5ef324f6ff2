"""Requests for tests: small, distinct, and answered by a local server."""

from autoeval.completions.ask import AskOptions, AskReport, Silent, ask
from autoeval.completions.cache import Cache
from autoeval.completions.retries import Retries
from autoeval.prompting.config import Price
from autoeval.types import Endpoint, Message, Request
from tests.servers import JudgeServer

AT_ONCE = Retries(base_delay=0.0)
PRICE = Price(input=1.0, output=1_000.0)


def request(text: str, server: JudgeServer, **fields: object) -> Request:
    """Return a chat request with one user message."""
    parameters = {"max_completion_tokens": 5, **fields}
    return Request(endpoint(server), "gpt-4.1", (Message("user", text),), parameters=parameters)


def endpoint(server: JudgeServer) -> Endpoint:
    """Return the server as an OpenAI endpoint."""
    return Endpoint("openai", base_url=server.base_url)


def ask_all(requests: list[Request], cache: Cache, **options: object) -> AskReport:
    """Ask without waiting between retries."""
    return ask(requests, cache, AskOptions(retries=AT_ONCE, **options), lambda _: PRICE, Silent())  # type: ignore[arg-type]
