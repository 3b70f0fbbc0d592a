"""Faults on the wire, as raw sockets see them, over HTTP/1.1 with keep-alive."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from redis_servers import wait_until
from support import Server, serving

ORDER = "/api/v2/orders/72544"


@contextmanager
def connected(base_url: str) -> Iterator[socket.socket]:
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        yield connection


def send(
    connection: socket.socket, base_url: str, headers: str = "", path: str = ORDER, method: str = "DELETE"
) -> None:
    prefix = urlsplit(base_url).path
    connection.sendall(f"{method} {prefix}{path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def struck(base_url: str, fault: str) -> bytes:
    """What comes over a connection that was used before, once the fault strikes."""
    with connected(base_url) as connection:
        send(connection, base_url, path=f"{ORDER}/status", method="GET")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        send(connection, base_url, f"Prefer: fault={fault}\r\n")
        return read_to_end(connection)


def test_connection_reset_is_a_reset(sandbox: str) -> None:
    with pytest.raises(ConnectionResetError):
        struck(sandbox, "connection_reset")


@pytest.mark.parametrize("fault", ["empty_reply", "reply_lost"])
def test_connection_is_closed_without_a_byte(sandbox: str, fault: str) -> None:
    assert struck(sandbox, fault) == b""


def test_truncated_body_is_shorter_than_its_length(sandbox: str) -> None:
    head, _, body = struck(sandbox, "truncated_body").partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    assert 0 < len(body) < length


def test_truncated_reply_without_a_body_loses_half_of_its_head(sandbox: str) -> None:
    path = "/api/v3/orders/ORD-10001"
    with connected(sandbox) as connection:
        send(connection, sandbox, "Authorization: Bearer exs-token\r\nPrefer: fault=truncated_body\r\n", path)
        received = read_to_end(connection)
    assert received.startswith(b"HTTP/1.1 204")
    assert b"\r\n\r\n" not in received


def test_malformed_chunk_breaks_off_the_chunks(sandbox: str) -> None:
    head, _, body = struck(sandbox, "malformed_chunk").partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert b"content-length" not in head.lower()
    assert body.endswith(b"\r\nno size\r\n")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.delete(f"{sandbox}{ORDER}", headers={"Prefer": "fault=malformed_chunk"})


def test_garbage_is_no_http(sandbox: str) -> None:
    assert not struck(sandbox, "garbage").startswith(b"HTTP/")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.delete(f"{sandbox}{ORDER}", headers={"Prefer": "fault=garbage"})


def test_slow_body_comes_in_pieces_and_the_connection_lives_on(sandbox: str) -> None:
    httpx.post(f"{sandbox}/_rescind/overrides", json={"vendor": "rxuniverse", "fault": "slow_body", "delay_ms": 300})
    with connected(sandbox) as connection:
        began = time.monotonic()
        send(connection, sandbox)
        pieces: list[bytes] = []
        while not pieces or not pieces[-1].endswith(b"}"):
            pieces.append(connection.recv(65536))
        assert len(pieces) > 3
        assert time.monotonic() - began >= 0.25
        send(connection, sandbox, path=f"{ORDER}/status", method="GET")
        assert b"Order marked for cancelation" in connection.recv(65536)


def test_chunks_are_a_whole_reply_and_the_connection_lives_on(sandbox: str) -> None:
    with httpx.Client() as client:
        reply = client.delete(f"{sandbox}{ORDER}", headers={"Prefer": "fault=chunked_body"})
        assert (reply.headers["transfer-encoding"], "content-length" in reply.headers) == ("chunked", False)
        assert reply.json()["orderNumber"] == ORDER.rpartition("/")[2]
        assert client.get(f"{sandbox}{ORDER}/status").status_code == 200


def test_http_1_0_gets_no_chunks(sandbox: str) -> None:
    with connected(sandbox) as connection:
        path = urlsplit(sandbox).path + ORDER
        connection.sendall(f"DELETE {path} HTTP/1.0\r\nPrefer: fault=chunked_body\r\n\r\n".encode())
        received = read_to_end(connection)
    assert b"Transfer-Encoding" not in received
    assert received.endswith(b"}")


def test_stale_connection_is_closed_after_a_whole_reply_that_does_not_say_so(sandbox: str) -> None:
    with connected(sandbox) as connection:
        send(connection, sandbox, "Prefer: fault=stale_connection\r\n")
        received = read_to_end(connection)
    assert received.endswith(b"}")
    assert b"connection: close" not in received.lower()


def test_hang_gives_nothing_until_its_bound() -> None:
    with serving("--max-hang-ms", "200") as server, connected(server.url) as connection:
        began = time.monotonic()
        send(connection, server.url, "Prefer: fault=hang\r\n")
        assert read_to_end(connection) == b""
        assert time.monotonic() - began >= 0.2


def test_hang_ends_when_the_client_gives_up(sandbox: str) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.delete(f"{sandbox}{ORDER}", headers={"Prefer": "fault=hang"}, timeout=0.2)
    assert httpx.delete(f"{sandbox}{ORDER}").status_code == 200  # it had no effect


def test_lost_reply_took_effect_and_the_journal_knows(sandbox: str) -> None:
    assert struck(sandbox, "reply_lost") == b""
    assert httpx.get(f"{sandbox}{ORDER}/status").json()["error"] == "Order marked for cancelation"
    entry = httpx.get(f"{sandbox}/_rescind/journal?vendor=rxuniverse").json()["entries"][1]
    assert (entry["outcome"], entry["fault"]) == ("rxuniverse.cancelOrder.cancelled", "reply_lost")


def test_malformed_exchanges_are_in_the_journal(server: Server, sandbox: str) -> None:
    prefix = urlsplit(sandbox).path
    for url, raw in (
        (server.url, b"NONSENSE\r\n\r\n"),
        (sandbox, f"DELETE {prefix}{ORDER}?api_key=hidden HTTP/1.1\r\nHost: a b\r\n\r\n".encode()),
    ):
        with connected(server.url) as connection:
            connection.sendall(raw)
            assert read_to_end(connection).startswith(b"HTTP/1.1 400")
        last = httpx.get(f"{url}/_rescind/journal?limit=1").json()["entries"][0]
        assert (last["status"], last["vendor"]) == (400, None)
    assert last["request"]["path"] == ORDER
    assert last["request"]["query"] == {"api_key": ["***"]}


def test_delayed_replies_hold_up_nobody_else(sandbox: str) -> None:
    """Two hundred replies are under way, and a call without a delay is answered before any of them."""
    override = {"vendor": "rxuniverse", "delay_ms": 2000, "times": 200}
    httpx.post(f"{sandbox}/_rescind/overrides", json=override)
    delayed = []
    try:
        for _ in range(200):
            connection = socket.create_connection((urlsplit(sandbox).hostname, urlsplit(sandbox).port), timeout=30)
            send(connection, sandbox, path=f"{ORDER}/status", method="GET")
            delayed.append(connection)
        wait_until(lambda: httpx.get(f"{sandbox}/_rescind/overrides").json()["overrides"][0]["used"] == 200)
        assert httpx.get(f"{sandbox}{ORDER}/status").status_code == 200
        delayed[-1].settimeout(0)
        with pytest.raises(BlockingIOError):
            delayed[-1].recv(1)
        delayed[-1].settimeout(30)
        assert delayed[-1].recv(65536).startswith(b"HTTP/1.1 200")
    finally:
        for connection in delayed:
            connection.close()


def test_reply_under_way_is_finished_when_the_server_is_stopped() -> None:
    with serving() as server, connected(server.url) as connection:
        httpx.post(f"{server.url}/_rescind/overrides", json={"vendor": "rxuniverse", "delay_ms": 300})
        send(connection, server.url)
        wait_until(lambda: httpx.get(f"{server.url}/_rescind/journal").json()["entries"])
        server.process.terminate()
        received = read_to_end(connection)
        assert json.loads(received.partition(b"\r\n\r\n")[2])["orderNumber"] == "72544"


def test_request_that_offers_an_upgrade_is_answered_with_its_body(sandbox: str) -> None:
    """As Java's HttpClient and curl --http2 send them."""
    body = b'{"grant_type": "password"}'
    upgrade = (
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    with connected(sandbox) as connection:
        chunked = re.sub(r"Content-Length: [0-9]+", "Transfer-Encoding: chunked", upgrade)
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        for head, parts in ((upgrade, [body]), (upgrade, [body[:5], body[5:]]), (chunked, [chunks])):
            send(connection, sandbox, head, "/api/v1/oauth2/token", "POST")
            for part in parts:
                connection.sendall(part)
            assert b"exsited.issueToken.unsupported_grant_type" in connection.recv(65536)
        send(connection, sandbox, "Connection: Upgrade\r\nUpgrade: h2c\r\n", f"{ORDER}/status", "GET")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        smuggled = f"DELETE {urlsplit(sandbox).path}{ORDER} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        send(connection, sandbox, upgrade.replace(str(len(body)), str(len(smuggled))), "/api/v1/oauth2/token", "POST")
        connection.sendall(smuggled)
        assert b"invalid_request" in connection.recv(65536)
    assert "orderNumber" in httpx.get(f"{sandbox}{ORDER}/status").json()


def test_many_pipelined_upgrades_are_all_answered(server: Server) -> None:
    one = b"GET /_rescind/health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    last = one.replace(b"Connection: Upgrade", b"Connection: close, Upgrade")
    with connected(server.url) as connection:
        connection.sendall(one * 1499 + last)
        assert read_to_end(connection).count(b"HTTP/1.1 200 OK") == 1500


def test_client_that_pipelines_holds_up_nobody_else(server: Server) -> None:
    """While one client has a thousand requests in the queue, another is answered among them."""
    with connected(server.url) as greedy:
        request = b"GET /_rescind/clock HTTP/1.1\r\nHost: localhost\r\n\r\n"
        greedy.sendall(request * 999 + request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert httpx.get(f"{server.url}/_rescind/health").status_code == 200
        assert read_to_end(greedy).count(b"HTTP/1.1 200 OK") == 1000


def test_body_is_asked_for_only_when_the_replies_before_it_are_out(sandbox: str) -> None:
    httpx.post(f"{sandbox}/_rescind/overrides", json={"vendor": "rxuniverse", "fault": "slow_body", "delay_ms": 200})
    with connected(sandbox) as connection:
        send(connection, sandbox, path=f"{ORDER}/status", method="GET")
        expecting = (
            "Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n"
        )
        send(connection, sandbox, expecting, "/api/v1/oauth2/token", "POST")
        received = b""
        while b"100 Continue\r\n\r\n" not in received:
            received += connection.recv(65536)
        assert received.endswith(b"}HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"{}")
        assert b"invalid_request" in read_to_end(connection)


def test_hanging_replies_do_not_hold_up_the_end_of_the_server() -> None:
    with serving() as server, connected(server.url) as connection:
        send(connection, server.url, "Prefer: fault=hang\r\n")
        wait_until(lambda: httpx.get(f"{server.url}/_rescind/journal").json()["entries"])
        began = time.monotonic()
        server.process.terminate()
        assert read_to_end(connection) == b""
        server.process.wait(timeout=30)
        assert time.monotonic() - began < 8  # the grace for replies that will come is longer


def test_client_that_leaves_during_a_slow_body_leaves_no_traceback() -> None:
    """``serving`` looks for tracebacks. A slow body that begins later ends later: then the first is over too."""
    override = {"vendor": "rxuniverse", "fault": "slow_body", "delay_ms": 200, "times": 2}
    with serving() as server:
        httpx.post(f"{server.url}/_rescind/overrides", json=override)
        with connected(server.url) as connection:
            send(connection, server.url)
            connection.recv(10)
        assert httpx.delete(f"{server.url}{ORDER}").status_code == 400
