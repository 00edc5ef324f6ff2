"""Transfers of libcurl's in the event loop, with nobody at the other end."""

import asyncio
import socket
import sys

import pytest

from autoeval.completions.providers.connections import Connections
from tests.completions.virtual_time import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="libcurl cannot wait in the event loop there")


def test_each_transfer_has_its_own_time() -> None:
    async def ended_after(connections: Connections, url: str) -> float:
        with pytest.raises(TimeoutError):
            await connections.ask(url, b"{}")
        return asyncio.get_running_loop().time()

    async def ask_three(url: str) -> list[float]:
        connections = Connections(url, {}, timeout=10)
        tasks = []
        for _ in range(3):
            tasks.append(asyncio.create_task(ended_after(connections, url)))
            await asyncio.sleep(4)
        try:
            return await asyncio.gather(*tasks)
        finally:
            connections.close()

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert run(ask_three(f"http://127.0.0.1:{silent.getsockname()[1]}")) == pytest.approx([10, 14, 18])
