"""``make bench``: the sandbox against a minimal Flask app under gunicorn, interleaved in one run.

Both answer ``DELETE /v2/orders`` with 404 and a small JSON body; the sandbox takes its full path to it (authentication,
rate window, validation, rules). Cold start is from exec to the first correct answer. Machines are noisy: read the ratios.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from load import Load, generator, measure
from worlds import DELAYED, beside_delays, new_sandboxes

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TARGET = "/v2/orders?API_KEY=load-test-key&accountId=1001&orderId=99999"
ROUNDS, SECONDS, CONNECTIONS = 3, 4, 16
STARTS = 7


@dataclass(frozen=True)
class System:
    """Something that answers on a port."""

    name: str
    command: tuple[str, ...]
    folder: Path = HERE


MINIMAL = System(
    "minimal Flask, gunicorn gthread 1x4",
    (sys.executable, "-m", "gunicorn", "--log-level", "error", "-k", "gthread", "-w", "1", "--threads", "4",
     "-b", "127.0.0.1:{port}", "minimal:app"),
)  # fmt: skip
RESCIND = System("rescind serve", (sys.executable, "-m", "rescind", "serve", "--port", "{port}"))


def main() -> None:
    """Measure, and print a Markdown table."""
    systems = (MINIMAL, RESCIND)
    loads: dict[str, list[Load]] = {system.name: [] for system in systems}
    starts: dict[str, list[float]] = {system.name: [] for system in systems}
    for _ in range(STARTS):
        for system in systems:
            with running(system) as (_, seconds):
                starts[system.name].append(seconds)
    for _ in range(ROUNDS):
        for system in systems:
            with running(system) as (url, _):
                measure(url, CONNECTIONS, 1)
                loads[system.name].append(measure(url, CONNECTIONS, SECONDS))
    print(f"\n{os.cpu_count()} cores, load by {generator()} on the same cores, {CONNECTIONS} connections, "
          f"medians of {ROUNDS} interleaved rounds of {SECONDS} s and of {STARTS} starts\n")  # fmt: skip
    print("| system | req/s | ratio | p50 ms | p99 ms | cold start s | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for system in systems:
        print(row(system.name, loads, starts))
    alone, beside = beside_delays()
    print("\n| undelayed calls | req/s | p50 ms | p99 ms |\n| --- | --- | --- | --- |")
    print(f"| alone | {alone.rate:,.0f} | {alone.p50:.2f} | {alone.p99:.2f} |")
    print(f"| beside {DELAYED} replies delayed by 1 s | {beside.rate:,.0f} | {beside.p50:.2f} | {beside.p99:.2f} |")
    print("\n| orders in the fixture | new sandbox us | bytes | next call us |\n| --- | --- | --- | --- |")
    for orders, new, size, again in new_sandboxes():
        print(f"| {orders:,} | {new:.1f} | {size:.0f} | {again:.1f} |")


def row(name: str, loads: dict[str, list[Load]], starts: dict[str, list[float]]) -> str:
    """A system's line of the table; the ratios are medians of the rounds' ratios to the baseline."""
    mine, base = loads[name], loads[MINIMAL.name]
    throughput = statistics.median(one.rate / other.rate for one, other in zip(mine, base, strict=True))
    start = statistics.median(starts[name])
    ratio = statistics.median(one / other for one, other in zip(starts[name], starts[MINIMAL.name], strict=True))
    rate, p50, p99 = (statistics.median(getattr(one, field) for one in mine) for field in ("rate", "p50", "p99"))
    return f"| {name} | {rate:,.0f} | {throughput:.1f} | {p50:.2f} | {p99:.2f} | {start:.2f} | {ratio:.2f} |"


@contextmanager
def running(system: System) -> Iterator[tuple[str, float]]:
    """The system's URL and the seconds from exec to its first correct answer, for the time of a block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.format(port=port) for part in system.command]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=system.folder, stdout=subprocess.DEVNULL)
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(f"{system.name} does not answer")
            time.sleep(0.002)
        yield f"http://127.0.0.1:{port}{TARGET}", time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(port: int) -> bool:
    """Whether a correct answer comes from the port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("DELETE", TARGET)
        return connection.getresponse().status == 404
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
