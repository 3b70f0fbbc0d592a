"""What many tests need: a real server, worlds of their own, and calls in the same process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit
from uuid import uuid4

import pytest

from rescind.assembly import Service
from rescind.control.clock import Clock
from rescind.documents import shipped
from rescind.engine import Engine
from rescind.model import Bounds, Delivery, Reply, Request
from rescind.rules.loading import load_vendors
from rescind.server.dispatch import Dispatch
from rescind.server.streaming import Streamed
from rescind.server.wsgi import Application
from rescind.settings import Settings
from rescind.store import open_store
from rescind.web import flask_loader
from rescind.web.app import flask_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.server.streaming import Pieces

ROOT = Path(__file__).parent.parent
START = 1_795_000_000_000_000_000
"""When the clocks of tests in the same process begin, in nanoseconds since the epoch."""


class Server:
    """A ``rescind serve`` in a process of its own."""

    def __init__(self, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rescind", "serve", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().rstrip("\n")
        if not self.first_line:
            _, errors = self.process.communicate()
            raise RuntimeError(errors)
        self.url = self.first_line.removeprefix("Rescind ready on ")
        self.errors: list[str] = []
        self._drain = threading.Thread(target=self._read_errors, daemon=True)
        self._drain.start()

    def stop(self) -> int:
        """Ask it to stop, and give its exit code."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self._drain.join(timeout=30)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)


@contextmanager
def serving(*options: str, **environment: str) -> Iterator[Server]:
    """A server for the time of a block; it must not have failed meanwhile."""
    server = Server(*options, **environment)
    try:
        yield server
    finally:
        server.stop()
        assert "Traceback" not in "".join(server.errors), "".join(server.errors)


@contextmanager
def broken(variant: str) -> Iterator[str]:
    """The URL of a server that is broken in one way, see ``contract/broken.py``."""
    command = [sys.executable, str(Path(__file__).parent / "contract" / "broken.py"), variant]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("Rescind ready on ")
        process.terminate()


class Met(NamedTuple):
    """What a call met: the reply, and the fault and the delay that it was delivered with; status 0 is no reply."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fault: str | None
    delay_ms: float


class World:
    """A service in this process behind the dispatch of the socket server, with a clock that only the test moves."""

    def __init__(
        self, spec: Path | None = None, fixtures: Path | None = None, store: str = "memory://", **bounds: int
    ) -> None:
        self.time = START
        specs = [spec] if spec else [shipped.SPEC_DIR]
        vendors = load_vendors(specs, [fixtures] if fixtures else [shipped.FIXTURE_DIR])
        kept = Bounds(**bounds)
        opened = open_store(store, kept).of(f"test-{uuid4()}")
        engine = Engine(vendors, opened, Clock(lambda: self.time), kept)
        self.service = Service(Settings(), lambda: engine)
        self.dispatch = Dispatch(self.service, Application(flask_loader(self.service), self.service.settings))

    def call(self, method: str, target: str, body: bytes = b"", /, **headers: str) -> Met:
        """Send a request; underscores in header names stand for hyphens."""
        path, _, query = target.partition("?")
        named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        request = Request(method, path, query, named, body, "http://sandbox.localhost")
        later: Queue[Delivery | Streamed] = Queue()
        delivery = self.dispatch.handle(request, "127.0.0.1", later.put) or later.get(timeout=60)
        if isinstance(delivery, Streamed):
            delivery = Delivery(delivery.reply._replace(body=b"".join(_made(delivery.pieces))))
        reply = delivery.reply or Reply(0, ())
        return Met(*reply, delivery.fault, delivery.delay_ms)

    def outcome(self, method: str, target: str, body: bytes = b"", /, **headers: str) -> str:
        """The name of the outcome that a request meets."""
        return outcome(self.call(method, target, body, **headers))


class AppWorld(World):
    """The same behind the Flask app, as another WSGI host would call it."""

    def call(self, method: str, target: str, body: bytes = b"", /, **headers: str) -> Met:
        """Send a request through the app's own door."""
        path, _, query = target.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": target,
            "QUERY_STRING": query,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        }
        named = {"Host": "sandbox.localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
        client = flask_app(self.service).test_client()
        reply = client.open(environ_overrides=environ, method=method, headers=named, data=body or None)
        return Met(reply.status_code, tuple(reply.headers), reply.data, None, 0)


both_doors = pytest.mark.parametrize("world", ["memory", "redis", "app"], indirect=True)
"""For tests without faults and delays, whose replies must be the same through every door."""


def _made(pieces: Pieces) -> Iterator[bytes]:
    made: Queue[bytes | None] = Queue()
    pieces.make(made.put)
    while piece := made.get(timeout=60):
        yield piece
        pieces.make(made.put)
    assert piece == b"", "the body cannot be made"


def outcome(reply: Met) -> str:
    """The last part of ``X-Rescind-Outcome``."""
    return dict(reply.headers)["X-Rescind-Outcome"].rpartition(".")[2]


def header(reply: Met, name: str) -> str:
    """A header of a reply, whatever its case."""
    return {key.lower(): value for key, value in reply.headers}[name.lower()]


def request_of(step: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for httpx of a request of the catalogue, but for its URL."""
    arguments = {"method": step["method"], "headers": step.get("headers")}
    return arguments | ({"json": step["json"]} if "json" in step else {})


def raw_exchange(server: Server, sent: bytes) -> bytes:
    """Send bytes over a connection of their own, and read until the server closes it."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(sent)
        return raw_read(connection)


def raw_read(connection: socket.socket) -> bytes:
    """Read until the other side closes the connection."""
    received = b""
    while data := connection.recv(65536):
        received += data
    return received
