"""How long calls of vendors wait while the control API does the longest work that it has."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from load import Sent, measure
from systems import RESCIND, TARGET, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDS = 150_000
SECONDS = 3
_ENTRIES = 10_000
_ORDER = "/api/v2/orders/72544"
_JSON = {"Content-Type": "application/json"}
_MANY_KEYS = json.dumps({f"key-{number}": number for number in range(100_000)}).encode()
_NEW = "/_rescind/state/exsited/orders/new"
_FIXTURE = """\
clients: {bench: {secret: s, redirect_uri: "https://client.example/"}}
credentials: {exs-token: {client: bench}}
orders:
"""


@dataclass(frozen=True)
class Bystander:
    """The latencies, in milliseconds, of calls beside some work that takes ``work_ms`` each time."""

    what: str
    work_ms: float
    p50: float
    p99: float
    worst: float


def bystanders() -> Iterator[Bystander]:
    """Measure a client that calls all the time, in a sandbox of its own and in that where the work is done."""
    with ExitStack() as end:
        folder = Path(end.enter_context(tempfile.TemporaryDirectory()))
        orders = (f"  ORD-{number}: {{name: Plan {number}}}\n" for number in range(RECORDS))
        (folder / "exsited.yaml").write_text(_FIXTURE + "".join(orders))
        system = replace(RESCIND, command=(*RESCIND.command, "--fixtures", str(folder)))
        url = end.enter_context(running(system)).url
        client = end.enter_context(httpx.Client(base_url=url, timeout=300))
        _fill_journals(url)
        for name, work in _works(client).items():
            for where, sandbox in (("another sandbox", "/~bystander"), ("the same sandbox", "")):
                yield _beside(f"{name}: {where}", f"{url}{sandbox}{_ORDER}", work)


def _fill_journals(url: str) -> None:
    """Fill one journal to its last entry, and another one to its last byte."""
    deadline = time.monotonic() + 300
    while _entries(url, "") < _ENTRIES:
        measure(url, [Sent("DELETE", TARGET)], 404, 1)
        if time.monotonic() > deadline:
            raise RuntimeError("the journal does not fill")
    measure(url, [Sent("DELETE", f"/~large{TARGET}", (), "x" * 8_000)], 404, 3)


def _entries(url: str, sandbox: str) -> int:
    return len(httpx.get(f"{url}{sandbox}/_rescind/journal?limit={_ENTRIES}", timeout=60).json()["entries"])


def _works(client: httpx.Client) -> dict[str, Callable[[], object]]:
    wanted = {"match": {"parameters": {"orderId": {"matches": "nobody.*"}}}, "count": 1}

    def ask(method: str, path: str, expected: int, **sent: object) -> Callable[[], object]:
        def work() -> None:
            reply = client.request(method, path, **sent)  # type: ignore[arg-type] # the names of httpx
            if reply.status_code != expected:
                raise RuntimeError(f"{method} {path} is answered {reply.status_code}: {reply.text[:200]}")

        return work

    return {
        "nothing": lambda: time.sleep(SECONDS),
        f"GET of a state with {RECORDS:,} orders": ask("GET", "/_rescind/state/exsited", 200),
        f"GET of a journal with {_ENTRIES:,} entries": ask("GET", f"/_rescind/journal?limit={_ENTRIES}", 200),
        f"GET of an archive with {_ENTRIES:,} entries": ask("GET", f"/_rescind/journal.har?limit={_ENTRIES}", 200),
        "GET of a journal of 16 MiB": ask("GET", f"/~large/_rescind/journal?limit={_ENTRIES}", 200),
        f"verify {_ENTRIES:,} entries, none fits": ask("POST", "/_rescind/journal/verify", 200, json=wanted),
        "PUT of 100,000 fields": ask("PUT", _NEW, 400, content=_MANY_KEYS, headers=_JSON),
        "PUT of 9,000 unknown fields": ask("PUT", _NEW, 400, json={f"key-{number}": 1 for number in range(9_000)}),
        "vendor's call with 100,000 fields": ask("DELETE", f"/~large{TARGET}", 404, content=_MANY_KEYS, headers=_JSON),
        "DELETE of what every order may refer to": ask("DELETE", "/_rescind/state/exsited/clients/bench", 409),
        "reset": ask("POST", "/_rescind/reset", 204),
    }


def _beside(name: str, url: str, work: Callable[[], object]) -> Bystander:
    latencies: list[float] = []
    stop = threading.Event()
    caller = threading.Thread(target=_call, args=(url, stop, latencies))
    caller.start()
    began, times = time.perf_counter(), 0
    try:
        while not times or time.perf_counter() - began < SECONDS:
            work()
            times += 1
        took = time.perf_counter() - began
    finally:
        stop.set()
        caller.join()
    ordered = sorted(latencies)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return Bystander(name, took / times * 1000, p50, p99, ordered[-1])


def _call(url: str, stop: threading.Event, latencies: list[float]) -> None:
    parts = urlsplit(url)
    request = f"DELETE {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not stop.wait(0.002):
            began = time.perf_counter()
            connection.sendall(request)
            connection.recv(65_536)
            latencies.append((time.perf_counter() - began) * 1000)
