"""What delayed replies cost those that are not delayed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from load import Load, Sent, measure, median
from systems import RESCIND, TARGET, running

if TYPE_CHECKING:
    from collections.abc import Callable

DELAYED, ROUNDS = 200, 5


def beside_delays() -> tuple[Load, Load]:
    """The load of undelayed calls alone, and while that many replies, delayed by a second, are under way."""
    alone: list[Load] = []
    beside: list[Load] = []
    with running(RESCIND) as (url, *_):
        override = {"vendor": "alephee", "delay_ms": 1000, "times": None}
        httpx.post(f"{url}/~slow/_rescind/overrides", json=override).raise_for_status()

        def calm() -> Load:
            return measure(f"{url}", [Sent("DELETE", f"/~calm{TARGET}")], 404, 2)

        calm()
        for _ in range(ROUNDS):
            alone.append(calm())
            beside.append(asyncio.run(_beside(f"{url}/~slow{TARGET}", calm)))
    return median(alone), median(beside)


async def _beside(slow: str, calm: Callable[[], Load]) -> Load:
    parts = urlsplit(slow)
    request = f"DELETE {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    stop = asyncio.Event()

    async def client(number: int) -> None:
        await asyncio.sleep(number / DELAYED)  # spread over the second, as clients are
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while not stop.is_set():
            writer.write(request)
            await reader.readuntil(b"\r\n\r\n")
            await reader.read(1024)
        writer.close()

    clients = [asyncio.create_task(client(number)) for number in range(DELAYED)]
    await asyncio.sleep(1.2)
    load = await asyncio.to_thread(calm)
    stop.set()
    await asyncio.gather(*clients)
    return load
