"""Real Redis servers, and a real cluster of them, on free ports."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
SLOTS = 16_384
_PATIENCE_SECONDS = 30


class RedisServer:
    """A ``redis-server`` of its own, which keeps what it has acknowledged over a stop and a start."""

    def __init__(self, folder: Path, *options: str) -> None:
        assert SERVER is not None, "the fixtures have seen to that"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket = folder / "redis.sock"
        self._command = [
            SERVER, "--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", str(self.socket),
            "--dir", str(folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always", *options,
        ]  # fmt: skip
        self.bus = free_port()
        if "--cluster-enabled" in options:
            self._command += ["--cluster-port", str(self.bus)]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        with redis.Redis(port=self.port) as client:
            wait_until(lambda: _answers(client))

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(timeout=_PATIENCE_SECONDS)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The URL of a cluster of three nodes."""
    with ExitStack() as stack:
        nodes = []
        for number in range(3):
            mine = folder / str(number)
            mine.mkdir()
            nodes.append(RedisServer(mine, "--cluster-enabled", "yes"))
            stack.callback(nodes[-1].stop)
        clients = [stack.enter_context(redis.Redis(port=node.port)) for node in nodes]
        for number, client in enumerate(clients):
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1)
        for node in nodes[1:]:
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
        wait_until(lambda: all(b"cluster_state:ok" in _info(client) for client in clients))
        yield f"redis+cluster://127.0.0.1:{nodes[0].port}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for another process; fail after half a minute."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _info(client: redis.Redis) -> bytes:
    return str(client.execute_command("CLUSTER", "INFO")).encode()  # type: ignore[no-untyped-call]
