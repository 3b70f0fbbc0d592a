"""A body that is made piece by piece: as fast as the client takes it, and no faster."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from rescind.assembly import assemble
from rescind.server.listening import base_url, listen
from rescind.server.serving import SocketServer
from rescind.server.upkeep import Upkeep
from rescind.settings import Settings
from support import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PIECE = b"x" * 65_536
ENDLESS = 10_000


class Source:
    """A WSGI application whose body comes in pieces; it counts those that were made, and notes that it was closed."""

    def __init__(self, pieces: int, *, fails: bool = False) -> None:
        self._pieces = pieces
        self._fails = fails
        self.made = 0
        self.is_closed = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:  # noqa: ARG002 - WSGI's signature
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            for _ in range(self._pieces):
                self.made += 1
                yield PIECE
                yield b""  # which is not the end
            if self._fails:
                raise RuntimeError("planned")
        finally:
            self.is_closed.set()


@contextmanager
def served(source: Source, **settings: int) -> Iterator[str]:
    """The base URL of a server whose control API is the source."""
    service = assemble(Settings(port=0, **settings))  # type: ignore[arg-type] # all of these are numbers
    listeners = listen(service.settings.host, 0)[0]
    watch, alive = os.pipe()
    ready = threading.Event()
    server = SocketServer(service, lambda: source, Upkeep())
    thread = threading.Thread(target=server.run, args=(listeners, ready.set, watch), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield base_url(service.settings.host, listeners)
    finally:
        os.close(alive)
        thread.join()
        os.close(watch)


def connect(url: str, version: str = "1.1", receive_buffer: int | None = None) -> socket.socket:
    """Ask the source for its body over a connection of its own."""
    address = urlsplit(url)
    connection = socket.socket()
    connection.settimeout(30)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect((address.hostname, address.port))
    connection.sendall(f"GET /_rescind/source HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    return connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(65_536):
        received += data
    return received


def test_pieces_come_in_chunks_and_the_connection_stays() -> None:
    source = Source(5)
    with served(source) as url, httpx.Client() as client:
        for _ in range(3):
            reply = client.get(f"{url}/_rescind/source")
            assert reply.headers["transfer-encoding"] == "chunked"
            assert "content-length" not in reply.headers
            assert reply.content == PIECE * 5
            assert source.is_closed.wait(30)
        pool = client._transport._pool  # type: ignore[attr-defined] # noqa: SLF001 - httpx does not count connections
        assert len(pool.connections) == 1


def test_http_1_0_gets_the_body_until_the_connection_ends() -> None:
    with served(Source(5)) as url, connect(url, "1.0") as connection:
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body == PIECE * 5


def test_head_announces_no_length_and_makes_no_body() -> None:
    source = Source(5)
    with served(source) as url, httpx.Client() as client:
        reply = client.head(f"{url}/_rescind/source")
        assert (reply.status_code, reply.content) == (200, b"")
        assert "content-length" not in reply.headers
        assert source.is_closed.wait(30)
    assert source.made <= 1


def test_body_that_fails_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    with served(Source(5, fails=True)) as url, pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/_rescind/source")
    assert "its body cannot be made" in caplog.text


def test_client_that_does_not_read_has_no_more_made_for_it() -> None:
    source = Source(ENDLESS)
    with served(source) as url:
        with connect(url, receive_buffer=65_536) as connection:
            connection.recv(1)
            assert 0 < settled(lambda: source.made) < 200
            assert len(connection.recv(65_536, socket.MSG_WAITALL)) == 65_536
        assert source.is_closed.wait(30)
    assert source.made < ENDLESS


def settled(count: Callable[[], int]) -> int:
    """The count once it no longer grows."""
    before, pause = -1, threading.Event()
    while (now := count()) != before:
        before = now
        pause.wait(0.3)
    return before


def test_client_that_takes_nothing_for_too_long_is_given_up() -> None:
    source = Source(ENDLESS)
    with served(source, idle_seconds=1) as url, connect(url, receive_buffer=65_536):
        assert source.is_closed.wait(30)
    assert source.made < ENDLESS


def test_client_that_leaves_frees_the_body() -> None:
    source = Source(ENDLESS)
    with served(source) as url:
        connection = connect(url)
        connection.recv(1)
        connection.close()
        assert source.is_closed.wait(30)


def test_large_state_and_journal_come_in_chunks_and_small_ones_whole() -> None:
    with serving() as server, httpx.Client(base_url=server.url) as client:
        small = client.get("/_rescind/state/rxuniverse")
        assert int(small.headers["content-length"]) == len(small.content)
        for number in range(2_000):
            client.put(f"/_rescind/state/rxuniverse/orders/new-{number}", json={}).raise_for_status()
        for _ in range(200):
            client.request("DELETE", "/api/v2/orders/72544", content=b"y" * 4_000)
        state = client.get("/_rescind/state/rxuniverse")
        assert state.headers["transfer-encoding"] == "chunked"
        assert sum(name.startswith("new-") for name in state.json()["orders"]) == 2_000
        journal = client.get("/_rescind/journal")
        assert journal.headers["transfer-encoding"] == "chunked"
        assert len(journal.json()["entries"]) == 200
        lines = client.get("/_rescind/journal", headers={"Accept": "application/x-ndjson"}).text.splitlines()
        assert [json.loads(line)["id"] for line in lines] == [one["id"] for one in journal.json()["entries"]]
