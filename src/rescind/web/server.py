"""HTTP/1.1 over asyncio: httptools parses, the site answers, and every byte that leaves is ours to choose.

Rescind writes its own replies because breaking them on purpose is what it exists for: a server that guards the wire for
its application cannot reset, truncate or garble it.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import httptools

from rescind.model import Request
from rescind.moments import SECOND
from rescind.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import Reply
    from rescind.web.site import Site

MAX_HEAD = 64 * 1024
"""The bytes that a request line and its headers may have."""

LINGER_SECONDS = 2
"""How long a client that was refused may go on sending before the connection is closed."""

_BODILESS = frozenset({100, 101, 204, 304})
_STATUS_LINES = {status: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """One connection of a client. Requests are answered in the order in which they come."""

    def __init__(self, site: Site, max_body: int, connections: set[Connection]) -> None:
        self._site = site
        self._max_body = max_body
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._base_url = ""
        self._refusal: Problem | None = None
        self._head_size = 0
        self._answered = False
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._connections.discard(self)

    def pause_writing(self) -> None:
        """Read no more requests while the client does not take its replies."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the ``on_`` methods."""
        if self._refusal:
            return
        self._answered = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # No upgrade is offered: the request was answered as any other.
        except httptools.HttpParserError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, f"this is no HTTP/1.1: {error}", "send a request by RFC 9112")
        self._head_size = self._head_size + len(data) if self._in_head and not self._answered else 0
        if self._head_size > MAX_HEAD:
            detail = f"the request line and headers have more than {MAX_HEAD} bytes"
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail, "send fewer or shorter headers")
        if self._refusal:
            self._write(self._refusal.reply(), keep_alive=False, linger=True)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_size = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; the values of a repeated one are joined."""
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_head = False
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_size += len(body)
        if self._body_size <= self._max_body:
            self._body.append(body)
        else:
            detail = f"the body has more than {self._max_body} bytes"
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, "send less, or start with a larger --max-body")

    def on_message_complete(self) -> None:
        """Answer."""
        if self._refusal:
            return
        self._answered = True
        path, _, query = self._url.decode("latin-1").partition("?")
        host = self._headers.get("host", "localhost")
        if not path.startswith("/"):
            path = httptools.parse_url(self._url).path.decode("latin-1") if b"://" in self._url else f"/{path}"
        request = Request(
            self._parser.get_method().decode(),
            path or "/",
            query,
            self._headers,
            b"".join(self._body),
            f"http://{host}",
        )
        reply = self._site.handle(request)
        self._write(reply, keep_alive=self._parser.should_keep_alive(), head=request.method == "HEAD")

    def close(self) -> None:
        """Close once what was written is out."""
        self._transport.close()

    def _refuse(self, status: HTTPStatus, detail: str, remedy: str) -> None:
        self._refusal = self._refusal or Problem(status, detail, remedy)

    def _write(self, reply: Reply, *, keep_alive: bool, head: bool = False, linger: bool = False) -> None:
        """Write a reply. ``linger`` waits for a client that is still sending, lest a reset destroys the reply."""
        if self._transport.is_closing():
            return
        lines = [_STATUS_LINES[HTTPStatus(reply.status)], "Server: rescind\r\n", _date(self._site.engine.clock.system)]
        lines += [f"{name}: {value}\r\n" for name, value in reply.headers]
        if reply.status not in _BODILESS:
            lines.append(f"Content-Length: {len(reply.body)}\r\n")
        lines.append("\r\n" if keep_alive else "Connection: close\r\n\r\n")
        written = "".join(lines).encode("latin-1", "replace")
        self._transport.write(written if head or reply.status in _BODILESS else written + reply.body)
        if linger:
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)
        elif not keep_alive:
            self._transport.close()


class _Date:
    """The ``Date`` header, written anew once a second."""

    def __init__(self) -> None:
        self._second = -1
        self._line = ""

    def __call__(self, system: Callable[[], int]) -> str:
        second = system() // SECOND
        if second != self._second:
            self._second, self._line = second, f"Date: {formatdate(second, usegmt=True)}\r\n"
        return self._line


_date = _Date()
