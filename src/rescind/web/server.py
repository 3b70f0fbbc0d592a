"""HTTP/1.1 over asyncio: httptools parses, the site answers, and every byte that leaves is ours to choose.

Rescind writes its own replies because breaking them on purpose is what it exists for: a server that guards the wire for
its application cannot reset, truncate or garble it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, cast

import httptools

from rescind.model import Request
from rescind.problems import Problem
from rescind.web.faults import STRIKES
from rescind.web.wire import BODILESS, write_head

if TYPE_CHECKING:
    from rescind.model import Reply
    from rescind.web.site import Site

MAX_HEAD = 64 * 1024
"""The bytes that a request line and its headers may have."""

LINGER_SECONDS = 2
"""How long a client that was refused may go on sending before the connection is closed."""

_SLOW_BODY_SECONDS = 1.0
_MAX_WAITING = 16
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(:[0-9]{1,5})?")


class Waiting(NamedTuple):
    """A request whose turn has not come, or the refusal that ends the connection, and whether to keep it open."""

    request: Request | Problem
    keep_alive: bool
    http_1_0: bool


class Connection(asyncio.Protocol):
    """One connection of a client. Requests are answered one after the other, in the order in which they come.

    ``limits`` are the largest body and the number of connections at once.
    """

    def __init__(self, site: Site, limits: tuple[int, int], connections: set[Connection]) -> None:
        self._site = site
        self._max_body, self._max_connections = limits
        self._body_left = 0
        self.closed = asyncio.Event()
        self._connections = connections
        self._transport: asyncio.Transport
        self._waiting: deque[Waiting] = deque()
        self.busy = False
        self._is_full = self._refused = self._ending = False
        self._head_size = 0
        self._new_parser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        self.used = asyncio.get_running_loop().time()
        if len(self._connections) > self._max_connections:
            detail = f"there are {self._max_connections} connections already"
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, detail, "close some, or start with a larger --max-connections")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._connections.discard(self)
        self._waiting.clear()
        self.closed.set()

    def pause_writing(self) -> None:
        """Answer no more requests while the client does not take its replies."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Go on answering."""
        self._is_full = False
        self._answer_next()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the ``on_`` methods."""
        if self._refused:
            return
        if self._body_left:
            self._read_body(data)
            return
        self._complete = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_after(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, f"this is no HTTP/1.1: {error}", "send a request by RFC 9112")
        self._head_size = self._head_size + len(data) if self._in_head and not self._complete else 0
        if self._head_size > MAX_HEAD:
            self._refuse_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_size = self._fields_size = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; the values of a repeated one are joined. Trailers are not merged (RFC 9110, section 6.5.1)."""
        if not self._in_head:
            return
        self._fields_size += len(name) + len(value)
        if self._fields_size + len(self._url) > MAX_HEAD:
            self._refuse_head()
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The body begins."""
        self._in_head = False
        is_1_0 = self._parser.get_http_version() == "1.0"
        host = self._headers.get("host", "localhost" if is_1_0 else None)
        if host is None or not _HOST.fullmatch(host):
            self._refuse(
                HTTPStatus.BAD_REQUEST, f"the Host header is {host or 'missing'}", "send one, HOST or HOST:PORT"
            )
        length = self._headers.get("content-length", "0")
        if length.isdigit() and int(length[:20]) > self._max_body:
            self._refuse_body()
        elif not self._refused and not is_1_0 and self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_size += len(body)
        if self._body_size > self._max_body:
            self._refuse_body()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is whole: it is answered when its turn comes."""
        self._complete = True
        if self._refused:
            return
        if self._parser.should_upgrade():
            self._body_left = int(self._headers.get("content-length", "0"))
            if self._body_left:
                return  # the parser leaves the body to the protocol that it believes in
        self._enqueue()

    def end(self) -> None:
        """Close as soon as the reply that is under way is out."""
        self._ending = True
        if not self.busy:
            self._transport.close()

    def _new_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._complete = False
        self._body_left = 0
        self.on_message_begin()

    def _go_on_after(self, rest: bytes) -> None:
        """No upgrade is offered, so HTTP/1.1 goes on: with the body that the parser left, or the next request."""
        if self._body_left:
            self._read_body(rest)
        else:
            self._new_parser()
            if rest:
                self.data_received(rest)

    def _read_body(self, data: bytes) -> None:
        body, rest = data[: self._body_left], data[self._body_left :]
        self._body.append(body)
        self._body_left -= len(body)
        if not self._body_left:
            self._enqueue()
            self._new_parser()
            if rest:
                self.data_received(rest)

    def _enqueue(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        if not path.startswith("/"):
            path = "/" + re.sub(r"^[A-Za-z]+://[^/]*/?", "", path)
        method, host = self._parser.get_method().decode(), self._headers.get("host", "localhost")
        request = Request(method, path, query, self._headers, b"".join(self._body), f"http://{host}")
        keep_alive = self._parser.should_keep_alive() and method != "CONNECT"
        self._waiting.append(Waiting(request, keep_alive, self._parser.get_http_version() == "1.0"))
        if len(self._waiting) > _MAX_WAITING:
            self._transport.pause_reading()
        if not self.busy and len(self._waiting) == 1:
            self._answer_next()

    def _refuse_head(self) -> None:
        detail = f"the request line and headers have more than {MAX_HEAD} bytes"
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail, "send fewer or shorter headers")

    def _refuse_body(self) -> None:
        detail = f"the body has more than {self._max_body} bytes"
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, "send less, or start with a larger --max-body")

    def _refuse(self, status: HTTPStatus, detail: str, remedy: str) -> None:
        """Answer with a problem, after the requests that came before, and read no more."""
        if self._refused:
            return
        self._refused = True
        self._waiting.append(Waiting(Problem(status, detail, remedy), keep_alive=False, http_1_0=False))
        if not self.busy and len(self._waiting) == 1:
            self._answer_next()

    def _answer_next(self) -> None:
        if self.busy or self._is_full or not self._waiting or self._transport.is_closing():
            return
        self.busy = True
        self.used = asyncio.get_running_loop().time()
        waiting = self._waiting.popleft()
        if isinstance(waiting.request, Problem):
            self._site.refused(self._url + b" ", waiting.request)
            self._deliver(waiting.request.reply(), waiting, "")
            return
        reply = self._site.handle(waiting.request)
        slow = reply.fault == "slow_body"
        if reply.delay_ms and not slow:
            loop = asyncio.get_running_loop()
            loop.call_later(reply.delay_ms / 1000, self._deliver, reply, waiting, waiting.request.method)
        else:
            self._deliver(reply, waiting, waiting.request.method)

    def _deliver(self, reply: Reply, waiting: Waiting, method: str) -> None:
        if self._transport.is_closing():
            return
        keep_alive = waiting.keep_alive and not self._ending
        head = write_head(reply, self._site.engine.clock.system, keep_alive=keep_alive, http_1_0=waiting.http_1_0)
        body = b"" if method == "HEAD" or reply.status in BODILESS else reply.body
        seconds = 0.0
        if reply.fault:
            seconds = reply.delay_ms / 1000 or _SLOW_BODY_SECONDS
            STRIKES[reply.fault](self._transport, head, body, seconds)
        else:
            self._transport.write(head + body)
        if reply.fault == "slow_body":
            asyncio.get_running_loop().call_later(seconds, self._delivered, keep_alive)
        else:
            self._delivered(keep_alive)

    def _delivered(self, keep_alive: bool) -> None:  # noqa: FBT001 - call_later passes no names
        self.busy = False
        loop = asyncio.get_running_loop()
        if self._refused and not self._waiting and not self._transport.is_closing():
            # A client that is still sending would be reset, and lose the reply, if its bytes were not taken.
            self._transport.write_eof()
            loop.call_later(LINGER_SECONDS, self._transport.close)
        elif not keep_alive or self._ending:
            self._transport.close()
        elif self._waiting:
            loop.call_soon(self._answer_next)  # other connections have their turn in between
            self._transport.resume_reading()
