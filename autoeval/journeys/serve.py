"""A local model behind an OpenAI-compatible address: a judge without a key, or a model to evaluate."""

import secrets
from contextlib import suppress
from typing import Any

from autoeval.checks import check_number
from autoeval.completions.ask import Display, Silent
from autoeval.completions.providers import weights_of
from autoeval.errors import MissingExtraError, UsageError
from autoeval.journeys.front import Front


def serve(
    model: str = "smollm2-135m",
    port: int = 8080,
    n_ctx: int = 4096,
    n_parallel: int = 4,
    n_gpu_layers: int = 0,
    display: Display | None = None,
) -> None:
    """Serve a GGUF file on this machine in OpenAI's protocol, until interrupted.

    Args:
        model: The path of a .gguf file, or smollm2-135m, whose weights are fetched once.
        port: Where to listen, on this machine only; 0: any free one.
        n_ctx: Tokens that a prompt and its reply may have together.
        n_parallel: Requests answered at once.
        n_gpu_layers: Layers that are computed on a GPU.
        display: Says the address (Python only).

    Raises:
        UsageError: there is no such model, it cannot be loaded, or the port is taken.
    """
    front, _behind = _start(model, port, n_ctx, n_parallel, n_gpu_layers)
    (display or Silent()).announce(
        f"serving {model} at {front.address}/v1 until interrupted (Ctrl-C). To judge with it: "
        f"--judge_base_url {front.address}/v1 --judge_model {model}"
    )
    with front, suppress(KeyboardInterrupt):
        front.serve_forever()


def _start(model: str, port: int, n_ctx: int, n_parallel: int, n_gpu_layers: int) -> tuple[Front, Any]:
    """Return the open door and the server behind it, which answers for as long as it is referenced."""
    check_number("port", port, 0, 65535, whole=True)
    for name, value, least in (
        ("n_ctx", n_ctx, 1),
        ("n_parallel", n_parallel, 1),
        ("n_gpu_layers", n_gpu_layers, 0),
    ):
        check_number(name, value, least, whole=True)
    weights_of("gguf", model)  # says what is missing, where something is
    from autoeval.completions.providers import gguf

    key = secrets.token_hex()
    try:
        behind = gguf.start_server(
            gguf.find_model(model), n_ctx=n_ctx, n_parallel=n_parallel, n_gpu_layers=n_gpu_layers, key=key
        )
        return Front(port, behind.listening_address, key), behind
    except ModuleNotFoundError as error:
        raise MissingExtraError("serving a model", "gguf") from error
    except RuntimeError as error:
        raise UsageError(f"{error}") from None
    except OSError as error:
        raise UsageError(f"--port: {port} cannot be listened on: {error.strerror}. Is it taken?") from None
