"""The server on the wire: raw sockets, and everything that a client can do wrong."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from support import Server, raw_read, serving

TARGET = "/v2/orders?API_KEY=load-test-key&accountId=1001&orderId=404"
REQUEST = f"DELETE {TARGET} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def exchange(server: Server, *parts: bytes, until_closed: bool = True) -> bytes:
    """Send the parts, and read what comes until the server closes or has answered."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while data := connection.recv(65536):
            received += data
            if not until_closed:
                break
        return received


def status(received: bytes) -> int:
    return int(received.split(b" ", 2)[1])


def test_reply_is_exact(server: Server) -> None:
    head, _, body = exchange(server, REQUEST, until_closed=False).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 404 Not Found"
    names = [line.partition(":")[0] for line in lines[1:]]
    assert len(names) == len(set(names))
    assert {"Date", "Content-Type", "Content-Length", "x-ratelimit-limit", "X-Rescind-Outcome"} <= set(names)
    assert f"Content-Length: {len(body)}" in lines


def test_bodiless_replies_carry_no_body_and_no_length(server: Server) -> None:
    for order, line in (("204", b"HTTP/1.1 204 No Content"), ("304", b"HTTP/1.1 304 Not Modified")):
        request = REQUEST.replace(b"orderId=404", f"orderId={order}".encode())
        received = exchange(server, request + REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        first, _, rest = received.partition(b"\r\n\r\n")
        assert first.startswith(line)
        assert b"content-length" not in first.lower()
        assert rest.startswith(b"HTTP/1.1 404")  # nothing stray between the two


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    targets = [TARGET.replace("404", number) for number in ("304", "404", "412", "500", "204")]
    requests = [f"DELETE {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for target in targets]
    requests[-1] = requests[-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    received = exchange(server, b"".join(requests))
    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [304, 404, 412, 500, 204]


def test_request_in_single_bytes_is_answered(server: Server) -> None:
    parts = [REQUEST[index : index + 1] for index in range(len(REQUEST))]
    assert status(exchange(server, *parts, until_closed=False)) == 404


@pytest.mark.parametrize("target", [TARGET, "/_rescind/health"])
def test_client_that_ends_its_side_gets_all_its_replies(server: Server, target: str) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 5)
        connection.shutdown(socket.SHUT_WR)
        assert raw_read(connection).count(b"HTTP/1.1 ") == 5


def test_delayed_reply_goes_out_to_a_client_that_has_ended_its_side(server: Server) -> None:
    base = f"{server.url}/~ended"
    httpx.post(f"{base}/_rescind/overrides", json={"vendor": "rxuniverse", "delay_ms": 100})
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(b"DELETE /~ended/api/v2/orders/72544 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert raw_read(connection).startswith(b"HTTP/1.1 200")


def test_whitespace_around_a_field_value_does_not_count(server: Server) -> None:
    request = REQUEST.replace(b"Host: x", b"Host: x \t\r\nX-Rescind-Sandbox:  spaced\t ")
    assert status(exchange(server, request, until_closed=False)) == 404


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    received = exchange(server, f"DELETE {TARGET} HTTP/1.0\r\n\r\n".encode())
    assert status(received) == 404
    assert b"Connection: close" in received


def test_absolute_form_of_the_target_is_understood(server: Server) -> None:
    request = f"DELETE http://vendor.example{TARGET} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    received = exchange(server, request, until_closed=False)
    assert b"alephee.deleteOrder.order_not_found" in received


def test_expectation_is_met(server: Server) -> None:
    body = b'{"grant_type": "password"}'
    head = (
        "POST /api/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    ).encode()
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert raw_read(connection).startswith(b"HTTP/1.1 400")


def test_chunked_body_is_read(server: Server) -> None:
    head = (
        b"POST /api/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    received = exchange(server, head, b'e\r\n{"grant_type":\r\n', b'4\r\n"x"}\r\n', b"0\r\n\r\n")
    assert b"exsited.issueToken.unsupported_grant_type" in received


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"DELETE /v2/orders HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"DELETE /v2/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"DELETE /v2/orders HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"DELETE /v2 orders HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_one_problem_and_is_closed(server: Server, garbage: bytes) -> None:
    received = exchange(server, garbage)
    assert status(received) == 400
    assert received.count(b"HTTP/1.1 ") == 1
    assert json.loads(received.partition(b"\r\n\r\n")[2])["detail"].startswith("invalid HTTP/1.1")


@pytest.mark.parametrize(
    ("start", "expected"), [(b"DELETE /v2/orders HTTP/1.1\r\nX: ", 431), (b"DELETE /", 414), (b"", 400)]
)
def test_endless_head_is_refused(server: Server, start: bytes, expected: int) -> None:
    assert status(exchange(server, start + b"x" * 1_000_000)) == expected


def test_body_beyond_the_bound_is_refused_and_at_the_bound_is_read() -> None:
    with serving("--max-body", "100") as small:
        for size, expected in ((100, 404), (101, 413)):
            head = f"DELETE {TARGET} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
            assert status(exchange(small, head, b"x" * size, until_closed=False)) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/%00", 404), ("/..", 404), ("/../../etc/passwd", 404), ("/%FF%FE", 404), ("/%", 404), ("/;", 404),
     ("/~/v2/orders", 400), ("/~" + "x" * 65, 400), ("/~a%20b/v2/orders", 400)],
)  # fmt: skip
def test_odd_paths_are_problems_and_never_errors(server: Server, target: str, expected: int) -> None:
    received = exchange(server, f"DELETE {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), until_closed=False)
    assert status(received) == expected
    assert b"application/problem+json" in received


def test_a_megabyte_of_garbage_to_a_deletion_changes_nothing(sandbox: str, client: httpx.Client) -> None:
    url = f"{sandbox}/api/v3/orders/ORD-404"
    reply = client.request("DELETE", url, content=b"\xff" * 1_000_000, headers={"Authorization": "Bearer exs-token"})
    assert reply.headers["X-Rescind-Outcome"] == "exsited.deleteOrder.order_not_found"


def test_sandbox_by_path_and_by_header_is_the_same_world(server: Server, client: httpx.Client) -> None:
    order = "/api/v2/orders/72544"
    by_header = {"X-Rescind-Sandbox": "one-world"}
    assert client.delete(f"{server.url}/~one-world{order}").headers["x-rescind-outcome"].endswith(".cancelled")
    assert client.delete(f"{server.url}{order}", headers=by_header).json()["error"] == "Order already completed"
    assert client.delete(f"{server.url}/%7Eone-world{order}").json()["error"] == "Order already completed"
    assert client.delete(f"{server.url}/~another{order}").status_code == 200
    both = client.delete(f"{server.url}/~another{order}", headers=by_header)
    assert (both.status_code, both.json()["remedy"]) == (400, "name one sandbox, in the path or in the header")


def test_debug_headers_can_be_left_out() -> None:
    with serving("--no-debug-headers") as server:
        reply = httpx.delete(f"{server.url}/api/v2/orders/72544")
    assert reply.status_code == 200
    assert "x-rescind-outcome" not in reply.headers


def test_many_connections_at_once_each_get_their_answer(sandbox: str) -> None:
    def delete(_: int) -> str:
        reply = httpx.delete(f"{sandbox}/api/v3/orders/ORD-10002", headers={"Authorization": "Bearer exs-token"})
        return reply.headers["X-Rescind-Outcome"].rpartition(".")[2]

    with ThreadPoolExecutor(32) as pool:
        met = list(pool.map(delete, range(64)))
    assert (met.count("deleted"), met.count("order_not_found")) == (1, 63)


def test_override_strikes_exactly_as_often_as_it_says_however_many_clients_call(sandbox: str) -> None:
    override = {"vendor": "exsited", "outcome": "order_not_found", "times": 7}
    httpx.post(f"{sandbox}/_rescind/overrides", json=override)

    def delete(_: int) -> int:
        headers = {"Authorization": "Bearer exs-token"}
        return httpx.delete(f"{sandbox}/api/v3/orders/ORD-DELETED", headers=headers).status_code

    with ThreadPoolExecutor(50) as pool:
        met = list(pool.map(delete, range(100)))
    assert (met.count(404), met.count(204)) == (7, 93)
