"""What a new sandbox costs, whatever the size of the fixtures; and what delayed replies cost the others."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from urllib.parse import urlsplit

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))

from load import Load, measure

from rescind import data
from rescind.control.clock import Clock
from rescind.engine import Engine
from rescind.store.memory import MemoryStore
from rescind.vendors import load_vendors
from support import serving

SANDBOXES, ORDERS, DELAYED = 2_000, (10, 100_000), 200
TARGET = "/v2/orders?API_KEY=load-test-key&accountId=1001&orderId=404"


def new_sandboxes() -> list[tuple[int, float, float, float]]:
    """For each size of the fixtures: orders, microseconds and bytes for a new sandbox, microseconds for the next call."""
    rows = []
    for orders in ORDERS:
        with tempfile.TemporaryDirectory() as folder:
            fixture = Path(folder) / "exsited.yaml"
            lines = (f"  ORD-{number}: {{name: Plan {number}}}\n" for number in range(orders))
            fixture.write_text("orders:\n" + "".join(lines))
            vendors = load_vendors([data.SPEC_DIR], [Path(folder), data.FIXTURE_DIR], ["exsited"])
        rows.append((orders, *_cost(Engine(vendors, MemoryStore(), Clock()))))
    return rows


def _cost(engine: Engine) -> tuple[float, float, float]:
    def begin(name: str) -> None:
        engine.store.transact(name, 1, lambda transaction: transaction.read("a", "b"))

    began = time.perf_counter()
    for number in range(SANDBOXES):
        begin(f"timed-{number}")
    new = time.perf_counter() - began
    began = time.perf_counter()
    for number in range(SANDBOXES):
        begin(f"timed-{number}")
    again = time.perf_counter() - began
    tracemalloc.start()
    for number in range(SANDBOXES):
        begin(f"measured-{number}")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return new / SANDBOXES * 1e6, size / SANDBOXES, again / SANDBOXES * 1e6


def beside_delays() -> tuple[Load, Load]:
    """The load of undelayed calls alone, and while that many replies, delayed by a second, are under way."""
    with serving() as server:
        url = f"{server.url}/~calm{TARGET}"
        measure(url, 16, 1)
        alone = [measure(url, 16, 2) for _ in range(3)]
        override = {"vendor": "alephee", "delay_ms": 1000, "times": None}
        httpx.post(f"{server.url}/~slow/_rescind/overrides", json=override)
        beside = [asyncio.run(_beside(f"{server.url}/~slow{TARGET}", url)) for _ in range(3)]
    return _median(alone), _median(beside)


async def _beside(slow: str, calm: str) -> Load:
    parts = urlsplit(slow)
    request = f"DELETE {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    stop = asyncio.Event()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while not stop.is_set():
            writer.write(request)
            await reader.readuntil(b"\r\n\r\n")
            await reader.read(1024)
        writer.close()

    clients = [asyncio.create_task(client()) for _ in range(DELAYED)]
    await asyncio.sleep(0.5)
    load = await asyncio.to_thread(measure, calm, 16, 2)
    stop.set()
    await asyncio.gather(*clients)
    return load


def _median(loads: list[Load]) -> Load:
    rate, p50, p99 = (statistics.median(getattr(one, name) for one in loads) for name in ("rate", "p50", "p99"))
    return Load(rate, p50, p99)
