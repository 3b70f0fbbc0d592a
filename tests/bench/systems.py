"""What is measured: commands that answer ``DELETE /v2/orders`` with 404 and a small JSON body."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent.parent))

from redis_servers import SERVER, RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
PEERS = HERE / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "rescind-bench"
TARGET = "/v2/orders?API_KEY=load-test-key&accountId=1001&orderId=99999"
START_SECONDS = 60


@dataclass(frozen=True)
class System:
    """Something that answers on ``{port}``; ``headers`` is what a client must send to get the 404.

    ``health`` is a path to be asked before: WireMock forgets its stubs if it is called while it loads them.
    """

    name: str
    command: tuple[str, ...]
    folder: Path = HERE
    headers: Mapping[str, str] = field(default_factory=dict)
    health: str = ""
    warm_up: int = 2
    """Seconds of load before it is measured: a Java machine compiles for long."""


MINIMAL = System(
    "minimal Flask, gunicorn gthread 1x4",
    (sys.executable, "-m", "gunicorn", "--log-level", "error", "-k", "gthread", "-w", "1", "--threads", "4",
     "-b", "127.0.0.1:{port}", "minimal:app"),
)  # fmt: skip
RESCIND = System("rescind serve", (sys.executable, "-m", "rescind", "serve", "--port", "{port}"))
APP = System(
    "rescind.create_app(), gunicorn gthread 1x4",
    (*MINIMAL.command[:-1], "rescind:create_app()"),
)


def install_peers() -> tuple[System, ...]:
    """Install the peers from the npm registry into the cache folder, and give them. Needs node, npm and Java."""
    missing = [tool for tool in ("node", "npm", "java") if shutil.which(tool) is None]
    if missing:
        raise SystemExit(f"make bench-peers needs {', '.join(missing)}")
    CACHE.mkdir(parents=True, exist_ok=True)
    shutil.copy(PEERS / "package.json", CACHE)
    shutil.copytree(PEERS / "mappings", CACHE / "mappings", dirs_exist_ok=True)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=CACHE, check=True)
    document, binaries = str(PEERS / "openapi.yaml"), CACHE / "node_modules" / ".bin"
    return (
        System(
            "WireMock, tuned",
            (str(binaries / "wiremock"), "--port", "{port}", "--bind-address", "127.0.0.1", "--disable-banner",
             "--no-request-journal", "--async-response-enabled", "--root-dir", str(CACHE)),
            CACHE,
            health="/__admin/mappings",
            warm_up=20,
        ),
        System(
            "Prism, quiet, from OpenAPI",
            (str(binaries / "prism"), "mock", "-p", "{port}", "-v", "silent", document),
            CACHE,
            {"Prefer": "code=404"},
        ),
        System(
            "stubby, static",
            (str(binaries / "stubby"), "--quiet", "--location", "127.0.0.1", "--stubs", "{port}", "--admin", "0",
             "--tls", "0", "--data", str(PEERS / "stubby.yaml")),
            CACHE,
        ),
        System("Scalar mock server, from OpenAPI", ("node", str(PEERS / "scalar.mjs"), "{port}", document), CACHE),
        System("openapi-backend, from OpenAPI", ("node", str(PEERS / "openapi-backend.mjs"), "{port}", document), CACHE),
    )  # fmt: skip


@contextmanager
def sharing() -> Iterator[tuple[System, ...]]:
    """The sandbox in memory, and on a Redis of its own with one worker and more; nothing where there is no Redis."""
    if SERVER is None:
        yield ()
        return
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), "--appendonly", "no")
        store = ("--store", server.url)
        try:
            yield (
                System("memory", RESCIND.command),
                *(
                    System(
                        f"Redis, {count} worker{'s' * (count > 1)}", (*RESCIND.command, *store, "--workers", str(count))
                    )
                    for count in (1, 2, 4)
                ),
            )
        finally:
            server.stop()


class Running(NamedTuple):
    """A system that runs: its base URL, the seconds from exec to its first correct answer, and its process group."""

    url: str
    start_seconds: float
    group: int

    def cpu_seconds(self) -> float:
        """The time on processors that all of its processes have taken until now."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.group:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(system: System) -> Iterator[Running]:
    """The system, for the time of a block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.format(port=port) for part in system.command]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=system.folder, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (_is_healthy(port, system.health) and _answers(port, system.headers)):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise RuntimeError(f"{system.name} does not answer")
            time.sleep(0.002)
        yield Running(f"http://127.0.0.1:{port}", time.perf_counter() - began, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # a launcher does not always stop what it has launched
        process.wait(timeout=30)


def _is_healthy(port: int, path: str) -> bool:
    if not path:
        return True
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return bool(json.load(reply)["meta"]["total"])
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _answers(port: int, headers: Mapping[str, str]) -> bool:
    """Whether the correct answer comes from the port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("DELETE", TARGET, headers=dict(headers))
        reply = connection.getresponse()
        return reply.status == 404 and json.loads(reply.read())["Status"] == 404
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
