"""Load on one URL: ``wrk`` where it is installed, else a generator in Python that keeps its connections alive."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What a load met: requests a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def generator() -> str:
    """The name of the generator that ``measure`` uses."""
    return "wrk" if shutil.which("wrk") else "asyncio"


def measure(url: str, connections: int, seconds: int) -> Load:
    """Send DELETE requests over that many connections for that long."""
    return _wrk(url, connections, seconds) if shutil.which("wrk") else asyncio.run(_python(url, connections, seconds))


def _wrk(url: str, connections: int, seconds: int) -> Load:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write('wrk.method = "DELETE"\n')
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script.name, url]
        report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if rate is None or "Socket errors" in report:
        raise RuntimeError(report)
    return Load(float(rate[1]), _latency(report, "50%"), _latency(report, "99%"))


def _latency(report: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", report)
    if found is None:
        raise RuntimeError(report)
    return float(found[1]) * _UNITS[found[2]]


async def _python(url: str, connections: int, seconds: int) -> Load:
    parts = urlsplit(url)
    request = f"DELETE {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (began := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            await reader.readexactly(int(length[1]) if length else 0)
            latencies.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    ordered = sorted(latencies)
    return Load(len(ordered) / seconds, ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.99)] * 1000)
