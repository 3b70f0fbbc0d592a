"""Load on a server: ``wrk`` where it is installed, else a generator in Python that keeps its connections alive."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CONNECTIONS = 16
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Sent:
    """A request of a load, over and over.

    ``{n}`` in its target is a number that grows with each round of requests, and ``{old}`` one that an earlier round
    has had: by then, whatever connection it went over, its answer is there.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True)
class Load:
    """What a load met: requests a second, latencies in milliseconds, and microseconds of processors for a request."""

    rate: float
    p50: float
    p99: float
    cpu: float = 0


def generator() -> str:
    """The name of the generator that ``measure`` uses."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def measure(
    url: str, requests: Sequence[Sent], expected: int, seconds: float = 4, cpu: Callable[[], float] = lambda: 0
) -> Load:
    """Send the requests in turn, over 16 connections, for that long; ``cpu`` gives the time on processors until now.

    Raises RuntimeError unless the answers to the last of the requests have the expected status.
    """
    send = _wrk if shutil.which("wrk") else _asyncio
    before = cpu()
    load = send(url, requests, expected, seconds)
    return replace(load, cpu=(cpu() - before) / (load.rate * seconds) * 1e6)


def median(loads: Sequence[Load]) -> Load:
    """The median of each figure."""
    return Load(*(statistics.median(getattr(one, each.name) for one in loads) for each in fields(Load)))


_SCRIPT = """
local requests, n, wrong = {%s}, 0, 0
local threads = {}
function setup(thread) table.insert(threads, thread) end
function request()
  local one = requests[n %% #requests + 1]
  n = n + 1
  local round = math.floor((n - 1) / #requests)
  local target = one[2]:gsub("{n}", tostring(round %% 1000)):gsub("{old}", tostring((round - 64) %% 1000))
  return wrk.format(one[1], target, one[3], one[4])
end
local last, others = 0, 0
function response(status) if status == %d then last = last + 1; total = last else others = others + 1 end; rest = others end
function done()
  for _, thread in ipairs(threads) do print("Expected:", thread:get("total") or 0, "Other:", thread:get("rest") or 0) end
end
"""


def _wrk(url: str, requests: Sequence[Sent], expected: int, seconds: float) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % (", ".join(map(_lua, requests)), expected))
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency", "-s", script.name, url]
        report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    counts = re.search(r"Expected:\s+(\d+)\s+Other:\s+(\d+)", report)
    if rate is None or counts is None or "Socket errors" in report:
        raise RuntimeError(report)
    right, others = map(int, counts.groups())
    if right < (right + others) / len(requests) * 0.95:
        raise RuntimeError(f"only {right} of {right + others} answers were {expected}\n{report}")
    return Load(float(rate[1]), _latency(report, "50%"), _latency(report, "99%"))


def _lua(sent: Sent) -> str:
    headers = ", ".join(f'["{name}"] = [==[{value}]==]' for name, value in sent.headers)
    return f"{{[==[{sent.method}]==], [==[{sent.target}]==], {{{headers}}}, [==[{sent.body}]==]}}"


def _latency(report: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", report)
    if found is None:
        raise RuntimeError(report)
    return float(found[1]) * _UNITS[found[2]]


def _asyncio(url: str, requests: Sequence[Sent], expected: int, seconds: float) -> Load:
    return asyncio.run(_python(url, requests, expected, seconds))


async def _python(url: str, requests: Sequence[Sent], expected: int, seconds: float) -> Load:
    latencies: list[float] = []
    statuses: list[int] = []
    end = time.perf_counter() + seconds
    numbers = itertools.count()

    async def client() -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while time.perf_counter() < end:
            for raw in _raw(parts.netloc, requests, next(numbers)):
                began = time.perf_counter()
                writer.write(raw)
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length[1]) if length else 0)
                latencies.append(time.perf_counter() - began)
                statuses.append(int(head[9:12]))
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    if statuses.count(expected) < len(statuses) / len(requests) * 0.95:
        raise RuntimeError(f"only {statuses.count(expected)} of {len(statuses)} answers were {expected}")
    ordered = sorted(latencies)
    return Load(len(ordered) / seconds, ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000)


def _raw(host: str, requests: Sequence[Sent], number: int) -> Iterator[bytes]:
    for sent in requests:
        fields = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
        target = sent.target.replace("{n}", str(number % 1000)).replace("{old}", str((number - 64) % 1000))
        head = f"{sent.method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}"
        yield f"{head}Content-Length: {len(sent.body)}\r\n\r\n{sent.body}".encode()
