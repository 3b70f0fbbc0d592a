"""HTTP/1.1 by the book, a table of bytes (RFC 9110, 9112, 3986); docs/http.md says which public suites it was held against."""

from __future__ import annotations

import json
import re
import socket
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.errors import Problem
from rescind.server.head import MAX_HEAD
from rescind.server.reader import BadRequest, Message, Reader
from support import Server, raw_read, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/api/v2/orders/72545/status"
OPEN, CLOSED = True, False
PROBE = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""What is sent after each case, to see whether the connection is still open."""


def get(target: str = PATH, version: str = "HTTP/1.1", host: str = "Host: x\r\n", fields: str = "") -> str:
    return f"GET {target} {version}\r\n{host}{fields}\r\n"


def post(fields: str, body: str = "") -> str:
    return f"POST /api/v1/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{fields}\r\n{body}"


def chunked(body: str) -> str:
    return post("Transfer-Encoding: chunked\r\n", body)


JSON = '{"grant_type": 1}'
READ = 400
"""The vendor's answer to a token request with a wrong body: the body was read."""

CASES: list[tuple[str, str, int, bool]] = [
    # request lines
    ("plain", get(), 200, OPEN),
    ("one empty line before", "\r\n" + get(), 200, OPEN),
    ("two empty lines before", "\r\n\r\n" + get(), 400, CLOSED),
    ("HTTP/1.0", get(version="HTTP/1.0"), 200, CLOSED),
    ("HTTP/1.0 without a Host", get(version="HTTP/1.0", host=""), 200, CLOSED),
    ("HTTP/1.0 that stays", get(version="HTTP/1.0", fields="Connection: Keep-Alive\r\n"), 200, OPEN),
    ("a later minor version", get(version="HTTP/1.9"), 200, OPEN),
    ("HTTP/2.0", get(version="HTTP/2.0"), 505, CLOSED),
    ("HTTP/0.9", get(version="HTTP/0.9"), 505, CLOSED),
    ("HTTP/3.1", get(version="HTTP/3.1"), 505, CLOSED),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, CLOSED),
    ("RTSP/1.0", get(version="RTSP/1.0"), 400, CLOSED),
    ("ICE/1.0", get(version="ICE/1.0"), 400, CLOSED),
    ("http/1.1 in lower case", get(version="http/1.1"), 400, CLOSED),
    ("a version with two digits", get(version="HTTP/1.10"), 400, CLOSED),
    ("a version without a minor", get(version="HTTP/1"), 400, CLOSED),
    ("no version", f"GET {PATH}\r\nHost: x\r\n\r\n", 400, CLOSED),
    ("two spaces", f"GET  {PATH} HTTP/1.1\r\nHost: x\r\n\r\n", 400, CLOSED),
    ("a tab for a space", f"GET\t{PATH} HTTP/1.1\r\nHost: x\r\n\r\n", 400, CLOSED),
    ("a space at the end", f"GET {PATH} HTTP/1.1 \r\nHost: x\r\n\r\n", 400, CLOSED),
    ("a space before", " " + get(), 400, CLOSED),
    ("a bare LF", get().replace("\r\n", "\n"), 400, CLOSED),
    ("a bare LF after the line", f"GET {PATH} HTTP/1.1\nHost: x\r\n\r\n", 400, CLOSED),
    ("a bare CR", f"GET {PATH} HTTP/1.1\rHost: x\r\n\r\n", 400, CLOSED),
    ("NUL", get(fields="A: \0\r\n"), 400, CLOSED),
    ("a target that is not ASCII", get("/\xff"), 400, CLOSED),
    ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, CLOSED),
    # methods
    ("an unknown method", get().replace("GET", "FOO", 1), 501, OPEN),
    ("an unknown method on an unknown path", get("/nowhere").replace("GET", "FOO", 1), 501, OPEN),
    ("an unknown method of the control API", get("/_rescind/health").replace("GET", "FOO", 1), 501, OPEN),
    ("an unknown method below the control API", get("/_rescind/x").replace("GET", "FOO", 1), 501, OPEN),
    ("a method in lower case", get().replace("GET", "get", 1), 501, OPEN),
    ("a method of WebDAV", get().replace("GET", "PROPFIND", 1), 405, OPEN),
    ("QUERY", get().replace("GET", "QUERY", 1), 405, OPEN),
    ("a method of WebDAV's versioning", get().replace("GET", "VERSION-CONTROL", 1), 405, OPEN),
    ("a method that is no token", get().replace("GET", "G(T", 1), 400, CLOSED),
    ("TRACE", get().replace("GET", "TRACE", 1), 405, OPEN),
    ("CONNECT", get("x:443").replace("GET", "CONNECT", 1), 405, OPEN),
    ("CONNECT without a port", get("x").replace("GET", "CONNECT", 1), 400, CLOSED),
    ("CONNECT to a path", get().replace("GET", "CONNECT", 1), 400, CLOSED),
    ("OPTIONS *", get("*").replace("GET", "OPTIONS", 1), 204, OPEN),
    ("GET *", get("*"), 400, CLOSED),
    # targets and hosts
    ("the absolute form", get(f"http://vendor.example{PATH}"), 200, OPEN),
    ("the absolute form in capitals", get(f"HTTP://vendor.example:80{PATH}?a=b"), 200, OPEN),
    ("the absolute form without a path", get("http://vendor.example"), 404, OPEN),
    ("the absolute form with an odd host", get("http://]x/"), 400, CLOSED),
    ("the absolute form with an address", get(f"http://[::1]:80{PATH}"), 200, OPEN),
    ("a port out of range", get("http://x:65536/"), 400, CLOSED),
    ("user information", get(f"http://me:word@x{PATH}"), 400, CLOSED),
    ("an empty authority", get(f"http://{PATH}"), 400, CLOSED),
    ("another scheme", get("ftp://x/"), 400, CLOSED),
    ("a target without a slash", get("orders"), 400, CLOSED),
    ("a fragment", get(f"{PATH}#part"), 400, CLOSED),
    ("no Host", get(host=""), 400, CLOSED),
    ("an empty Host", get(host="Host:\r\n"), 400, CLOSED),
    ("two Hosts", get(host="Host: x\r\nHost: x\r\n"), 400, CLOSED),
    ("a Host with an escape", get(host="Host: a%20b\r\n"), 200, OPEN),
    ("a Host with half an escape", get(host="Host: a%zz\r\n"), 400, CLOSED),
    ("a Host with an empty port", get(host="Host: a:\r\n"), 200, OPEN),
    ("a Host with a path", get(host="Host: a/b\r\n"), 400, CLOSED),
    ("a Host with a user", get(host="Host: a@b\r\n"), 400, CLOSED),
    ("a Host with spaces around", get(host="Host: \t x \t \r\n"), 200, OPEN),
    # fields
    ("a space before the colon", get(fields="A : b\r\n"), 400, CLOSED),
    ("a folded field", get(fields="A: b\r\n c\r\n"), 400, CLOSED),
    ("a field without a colon", get(fields="A\r\n"), 400, CLOSED),
    ("a field without a name", get(fields=": b\r\n"), 400, CLOSED),
    ("a name that is no token", get(fields="A(: b\r\n"), 400, CLOSED),
    ("a value that is not ASCII", get(fields="A: \xe9\r\n"), 200, OPEN),
    ("another expectation", get(fields="Expect: 200-ok\r\n"), 417, CLOSED),
    ("two media types", post("Content-Type: text/plain\r\n"), 400, CLOSED),
    ("a method without an end", "A" * 100_000, 400, CLOSED),
    ("an empty value", get(fields="A:\r\n"), 200, OPEN),
    ("a head beyond the bound", get(fields=f"A: {'a' * MAX_HEAD}\r\n"), 431, CLOSED),
    ("more fields than the bound", get(fields="A: b\r\n" * 501), 431, CLOSED),
    ("a target beyond the bound", get("/" + "a" * MAX_HEAD), 414, CLOSED),
    ("close", get(fields="Connection: close\r\n"), 200, CLOSED),
    ("close in a list", get(fields="Connection: x, Close\r\n"), 200, CLOSED),
    ("an upgrade", get(fields="Connection: Upgrade\r\nUpgrade: websocket\r\n"), 200, OPEN),
    ("an upgrade with a body", post(f"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: {len(JSON)}\r\n", JSON), READ, OPEN),
    ("an upgrade of HTTP/1.0", get(version="HTTP/1.0", fields="Connection: Upgrade\r\nUpgrade: h2c\r\n"), 200, CLOSED),
    # bodies
    ("a body", post(f"Content-Length: {len(JSON)}\r\n", JSON), READ, OPEN),
    ("leading zeros", post(f"Content-Length: 00{len(JSON)}\r\n", JSON), READ, OPEN),
    ("a length with a sign", post("Content-Length: +5\r\n", "hello"), 400, CLOSED),
    ("a length that is negative", post("Content-Length: -1\r\n"), 400, CLOSED),
    ("a length in hexadecimal", post("Content-Length: 0x5\r\n", "hello"), 400, CLOSED),
    ("an empty length", post("Content-Length:\r\n"), 400, CLOSED),
    ("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400, CLOSED),
    ("a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), 400, CLOSED),
    ("a length in other digits", post("Content-Length: \xb2\r\n", "hi"), 400, CLOSED),
    ("a length beyond the bound", post(f"Content-Length: {10**17}\r\n"), 413, CLOSED),
    ("a length beyond 64 bits", post(f"Content-Length: {10**30}\r\n"), 400, CLOSED),
    ("a length of thousands of digits", post(f"Content-Length: {'9' * 5_000}\r\n"), 400, CLOSED),
    ("a length and chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, CLOSED),
    ("chunks", chunked(f"{len(JSON):x}\r\n{JSON}\r\n0\r\n\r\n"), READ, OPEN),
    ("chunks in capitals", post("Transfer-Encoding: CHUNKED\r\n", f"{len(JSON):X}\r\n{JSON}\r\n00\r\n\r\n"), READ, OPEN),
    ("chunks of HTTP/1.0", chunked("0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0").replace("Host", "Connection: keep-alive\r\nHost"), READ, CLOSED),
    ("an extension", chunked(f'{len(JSON):x};a=b;c="d;e"\r\n{JSON}\r\n0\r\n\r\n'), READ, OPEN),
    ("whitespace around an extension", chunked(f"{len(JSON):x} ;\ta = b ; c\r\n{JSON}\r\n0 ;x\r\n\r\n"), READ, OPEN),
    ("whitespace after the size", chunked("5 \r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("an extension without a name", chunked("5;\r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("an extension without an end", chunked(f"5;{'a' * 5_000}"), 400, CLOSED),
    ("extensions beyond the bound", chunked(f"1;{'a' * 4_000}\r\nx\r\n" * 20), 400, CLOSED),
    ("trailers", chunked(f"{len(JSON):x}\r\n{JSON}\r\n0\r\nA: b\r\nB: c\r\n\r\n"), READ, OPEN),
    ("a trailer that frames the body", chunked("0\r\nContent-Length: 5\r\n\r\n"), 400, CLOSED),
    ("a trailer that names the host", chunked("0\r\nHost: x\r\n\r\n"), 400, CLOSED),
    ("a trailer that is no field", chunked("0\r\nA\r\n\r\n"), 400, CLOSED),
    ("trailers beyond the bound", chunked(f"0\r\nA: {'a' * MAX_HEAD}\r\n\r\n"), 431, CLOSED),
    ("no size", chunked("\r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("a size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("a size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("a size with an underscore", chunked("1_0\r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("a size beyond 64 bits", chunked("1" + "0" * 16 + "\r\n"), 400, CLOSED),
    ("a chunk beyond the bound", chunked("fffffff\r\n"), 413, CLOSED),
    ("a chunk longer than its size", chunked("3\r\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("a chunk with a bare LF", chunked("5\nhello\r\n0\r\n\r\n"), 400, CLOSED),
    ("another coding", post("Transfer-Encoding: gzip\r\n"), 400, CLOSED),
    ("another coding in chunks", post("Transfer-Encoding: gzip, chunked\r\n"), 501, CLOSED),
    ("chunks twice", post("Transfer-Encoding: chunked, chunked\r\n"), 400, CLOSED),
    ("chunks, then another coding", post("Transfer-Encoding: chunked, gzip\r\n"), 400, CLOSED),
    ("identity", post("Transfer-Encoding: identity\r\n"), 400, CLOSED),
    ("an empty coding", post("Transfer-Encoding:\r\n"), 400, CLOSED),
    ("a coding that looks like chunks", post("Transfer-Encoding: xchunked\r\n"), 400, CLOSED),
    ("an expectation of HTTP/1.0", post(f"Expect: 100-continue\r\nContent-Length: {len(JSON)}\r\n", JSON).replace("HTTP/1.1", "HTTP/1.0"), READ, CLOSED),
    ("an expectation with its body", post(f"Expect: 100-continue \r\nContent-Length: {len(JSON)}\r\n", JSON), READ, OPEN),
]  # fmt: skip


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=30)


@pytest.mark.parametrize(
    ("sent", "status", "stays_open"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_request_is_answered_by_the_book(server: Server, sent: str, status: int, stays_open: bool) -> None:
    with connect(server) as connection:
        connection.sendall((sent + PROBE).encode("latin-1"))
        statuses = [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", raw_read(connection))]
    assert statuses == [status, 200] if stays_open else [status]


def test_refusal_is_a_problem_that_says_what_would_be_right(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(get(fields="A : b\r\n").encode())
        head, _, body = raw_read(connection).partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/problem+json\r\n" in head
    assert json.loads(body)["detail"] == "invalid HTTP/1.1: 'A : b' is not a field"
    assert json.loads(body)["remedy"] == "write each field as NAME: VALUE on one line"


def test_client_that_waits_to_continue_is_asked_for_its_body(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(post(f"Expect: 100-continue \t\r\nContent-Length: {len(JSON)}\r\n").encode())
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(JSON.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_head_is_answered_as_get_without_the_body(server: Server) -> None:
    found, head = httpx.get(server.url + PATH), httpx.head(server.url + PATH)
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**found.headers, "date": ""}
    assert httpx.put(server.url + PATH).headers["Allow"] == "GET, HEAD"


def test_server_as_a_whole_allows_what_its_paths_allow(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"\r\nAllow: DELETE, GET, HEAD, OPTIONS, POST, PUT\r\n" in raw_read(connection)


def test_five_pipelined_requests_are_answered_before_the_clients_end(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(get().encode() * 5)
        connection.shutdown(socket.SHUT_WR)
        assert raw_read(connection).count(b"HTTP/1.1 200") == 5


@pytest.mark.parametrize(
    "part", ["", "GET / HT", get()[:-2], post("Content-Length: 5\r\n", "hel"), chunked("5\r\nhel")]
)
def test_slow_request_is_ended_with_408(part: str) -> None:
    with serving("--request-seconds", "1", "--idle-seconds", "2") as server, connect(server) as connection:
        connection.sendall(part.encode())
        received = raw_read(connection)
    assert received.startswith(b"HTTP/1.1 408 Request Timeout" if part else b"")
    assert bool(received) == bool(part)


@pytest.mark.parametrize(
    "part", ["G", "GET / HT", get()[:-2], post("Content-Length: 9\r\n", "hel"), chunked("5\r\nhel")]
)
def test_request_that_is_cut_off_by_its_client_is_refused(server: Server, part: str) -> None:
    with connect(server) as connection:
        connection.sendall(part.encode())
        connection.shutdown(socket.SHUT_WR)
        received = raw_read(connection)
    assert received.startswith(b"HTTP/1.1 400")
    assert b"the connection ended within a request" in received


def read(pieces: list[bytes]) -> list[Message | tuple[str, str, int, str]]:
    """What the reader makes of bytes that come in these pieces."""
    reader = Reader(1_000)
    found: list[Message | tuple[str, str, int, str]] = []
    for piece in pieces:
        reader.feed(piece)
        try:
            found += _messages(reader)
        except BadRequest as refusal:
            problem: Problem = refusal.problem
            return [*found, (refusal.request.method, refusal.request.path, problem.status, problem.detail)]
    return found


def _messages(reader: Reader) -> Iterator[Message]:
    while (message := reader.next()) is not None:
        yield message


PAYLOADS = [case[1].encode("latin-1") for case in CASES if len(case[1]) < 1_000]


@given(st.lists(st.sampled_from(PAYLOADS), min_size=1, max_size=3), st.lists(st.integers(0, 600), max_size=12))
def test_any_split_of_any_requests_reads_alike(payloads: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(payloads)
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    assert read(pieces) == read([whole])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_request_in_single_bytes_reads_as_in_one_piece(payload: bytes) -> None:
    assert read([payload[index : index + 1] for index in range(len(payload))]) == read([payload])
