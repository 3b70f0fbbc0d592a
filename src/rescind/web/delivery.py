"""From the engine's delivery to a Flask response, with delays and faults as far as the host allows them."""

from __future__ import annotations

import errno
import socket
import time
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

import flask
from werkzeug.datastructures import Headers

from rescind.control.forms import FORMS
from rescind.model import reason_phrase
from rescind.server.wire import BODILESS, write_head
from rescind.server.wire_faults import (
    CHUNKED_BODY,
    SLOW_BODY,
    SLOW_BODY_SECONDS,
    Break,
    break_of,
    chunked,
    pieces,
    prepare_reset,
)
from rescind.web.current import address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import WSGIEnvironment

    from rescind.model import Delivery, Reply
_BLOCK = 64 * 1024


class Response(flask.Response):
    """A response with the headers of the reply and no others; Werkzeug would add some, and drop some of a 304."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:  # noqa: ARG002 - Werkzeug's signature
        """Return the headers with the length of the body, where there may be one (RFC 9110, section 8.6)."""
        headers = Headers(self.headers)
        if self.status_code in BODILESS:
            headers.remove("Content-Length")
        elif self.is_sequence and "Content-Length" not in headers:
            headers["Content-Length"] = str(sum(len(part) for part in self.iter_encoded()))
        return headers

    def get_wsgi_response(self, environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Return the body, the status line and the headers; Werkzeug would make up a reason phrase in capitals."""
        body, _, headers = super().get_wsgi_response(environ)
        return body, f"{self.status_code} {reason_phrase(self.status_code)}", headers


def respond(delivery: Delivery, connection: socket.socket | None, system: Callable[[], int]) -> flask.Response:
    """Make the response. A delay blocks its own thread; a fault needs the ``connection`` of the host."""
    reply, fault, seconds = delivery.reply, delivery.fault, delivery.delay_ms / 1000
    if fault == SLOW_BODY and reply is not None:
        return _slowly(reply, seconds or SLOW_BODY_SECONDS)
    if seconds:
        time.sleep(seconds)
    if fault is not None and fault not in FORMS and connection is not None:
        head = write_head(reply, system, keep_alive=fault != CHUNKED_BODY, http_1_0=False) if reply else b""
        body = reply.body if reply else b""
        broken = Break(chunked(head, body)) if fault == CHUNKED_BODY else break_of(fault, head, body)
        return Response(_break(connection, broken), direct_passthrough=True)
    if reply is None:
        raise RuntimeError(f"the fault {fault!r} leaves nothing to send, and the host has no socket to break")
    return _plain(reply, reply.body)


def stream(pieces: Iterable[str], media_type: str) -> flask.Response:
    """Respond with what the pieces make: as a whole if that is little, else in blocks as the client takes them."""
    blocks = _blocks(pieces)
    first, second = next(blocks, b""), next(blocks, None)
    return Response(first if second is None else chain([first, second], blocks), mimetype=media_type)


def _blocks(pieces: Iterable[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()


def _plain(reply: Reply, body: bytes | Iterator[bytes]) -> flask.Response:
    headers = [(name, value.encode("latin-1", "replace").decode("latin-1")) for name, value in reply.headers]
    return Response(body, reply.status, headers)


def normalise(response: flask.Response) -> flask.Response:
    """Write ``Allow`` in a fixed order, which Werkzeug does not."""
    if response.allow and address().is_control:
        response.headers["Allow"] = ", ".join(sorted(response.allow))
    return response


def _slowly(reply: Reply, seconds: float) -> flask.Response:
    """Yield the body in pieces, spread over the time. The host has the head: without a body, it is late as a whole."""
    if not reply.body:
        time.sleep(seconds)
        return _plain(reply, b"")
    parts = pieces(b"", reply.body)[1]

    def body() -> Iterator[bytes]:
        for part in parts:
            time.sleep(seconds / len(parts))
            yield part

    response = _plain(reply, body())
    response.content_length = len(reply.body)
    return response


def _break(connection: socket.socket, broken: Break) -> Iterator[bytes]:
    """Break the host's connection when the host asks for the body, before it has sent anything."""
    with suppress(OSError):  # a client that has left
        if broken.is_reset:
            prepare_reset(connection)
            connection.shutdown(socket.SHUT_RD)  # a host that waits for the next request goes on, and closes
            connection.close()
        else:
            connection.sendall(broken.sent)
            connection.shutdown(socket.SHUT_RDWR)
    # What a host raises itself when its client has left: it closes the connection, and says nothing.
    raise BrokenPipeError(errno.EPIPE, "the connection was broken by a fault")
    yield b""
