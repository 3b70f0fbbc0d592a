"""Calling the Flask app from the socket server: a WSGI call (PEP 3333) in the process, in a thread of its own."""

from __future__ import annotations

import io
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from rescind.errors import crash_problem
from rescind.model import Delivery, Reply
from rescind.server.wire_faults import HAS_SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from rescind.model import Request

    Deliver = Callable[[Delivery], None]

_THREADS = 2
_MAX_PENDING = 4_096
_STOP_SECONDS = 5
_OWN = frozenset({"content-length", "connection", "date", "server"})
"""Headers that the server writes itself."""


class Application:
    """A WSGI application that is loaded when it is first called, or before, and never in the thread of the sockets."""

    def __init__(self, load: Callable[[], WSGIApplication], *, is_multiprocess: bool) -> None:
        self._load = load
        self._is_multiprocess = is_multiprocess
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(_THREADS, "rescind-control")
        self._pending: set[Future[None]] = set()

    def warm_up(self) -> None:
        """Load the application while nobody waits for it."""
        self._threads.submit(self._loaded)

    def call(self, request: Request, peer: str, deliver: Deliver) -> None:
        """Call the application, and ``deliver`` its reply from another thread."""
        call = self._threads.submit(self._run, request, peer, deliver)
        self._pending.add(call)
        call.add_done_callback(self._pending.discard)

    @property
    def is_full(self) -> bool:
        """Whether so many calls wait that another one would wait too long."""
        return len(self._pending) >= _MAX_PENDING

    def stop(self) -> None:
        """End the threads; wait a while for the calls that are under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        _, late = wait(tuple(self._pending), _STOP_SECONDS)
        if not late:
            self._threads.shutdown()

    def _loaded(self) -> WSGIApplication:
        with self._lock:
            return self._app

    @cached_property
    def _app(self) -> WSGIApplication:
        return self._load()

    def _run(self, request: Request, peer: str, deliver: Deliver) -> None:
        try:
            reply = self._call(request, peer)
        except Exception as failure:  # noqa: BLE001 - the application turns its failures into replies; this is our own
            reply = crash_problem(request, failure).reply()
        deliver(Delivery(reply))

    def _call(self, request: Request, peer: str) -> Reply:
        status = 0
        headers: tuple[tuple[str, str], ...] = ()

        def start_response(line: str, fields: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line[:3]), tuple(fields)
            return body.write

        body = io.BytesIO()
        parts = self._loaded()(self._environ(request, peer), start_response)
        try:
            for part in parts:
                body.write(part)
        finally:
            getattr(parts, "close", lambda: None)()
        own = _OWN - {"content-length"} if request.method == "HEAD" else _OWN  # of the body that a GET would have
        return Reply(status, tuple([field for field in headers if field[0].lower() not in own]), body.getvalue())

    def _environ(self, request: Request, peer: str) -> WSGIEnvironment:
        scheme, _, host = request.base_url.partition("://")
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(request.path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": request.query,
            "RAW_URI": f"{request.path}?{request.query}" if request.query else request.path,
            "SERVER_NAME": name or host,
            "SERVER_PORT": port or "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": peer,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": self._is_multiprocess,
            "wsgi.run_once": False,
            HAS_SOCKET: True,
        }
        # A name with an underscore would pass for another one (x_token for x-token).
        environ |= {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in request.headers.items()
            if "_" not in name
        }
        environ |= {"CONTENT_TYPE": environ.pop("HTTP_CONTENT_TYPE", ""), "CONTENT_LENGTH": str(len(request.body))}
        environ.pop("HTTP_CONTENT_LENGTH", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return environ | {"HTTP_HOST": host}
