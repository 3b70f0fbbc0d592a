"""Calling the Flask app from the socket server: a WSGI call (PEP 3333) in the process, in a thread of its own."""

from __future__ import annotations

import io
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from functools import cached_property
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from rescind.errors import crash_problem
from rescind.model import Delivery, Reply
from rescind.server.streaming import Pieces, Streamed
from rescind.server.wire import BODILESS
from rescind.server.wire_faults import HAS_SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from rescind.model import Request
    from rescind.settings import Settings

    Deliver = Callable[[Delivery | Streamed], None]

_COMPUTING_THREADS, _WAITING_THREADS = 2, 16
"""Threads that compute keep the sockets waiting, so they are few; those that wait for a shared store do not."""
_MAX_PENDING = 4_096
_STOP_SECONDS = 5
_OWN = frozenset({"content-length", "connection", "date", "server"})
"""Headers that the server writes itself."""


class Application:
    """A WSGI application that is loaded when it is first called, or before, and never in the thread of the sockets."""

    def __init__(self, load: Callable[[], WSGIApplication], settings: Settings) -> None:
        self._load = load
        self._is_multiprocess = settings.workers > 1
        self._lock = Lock()
        threads = _WAITING_THREADS if settings.is_shared else _COMPUTING_THREADS
        self._threads = ThreadPoolExecutor(threads, "rescind-control")
        self._pending: set[Future[None]] = set()

    def warm_up(self) -> None:
        """Load the application while nobody waits for it."""
        self._threads.submit(self._loaded)

    def call(self, request: Request, peer: str, deliver: Deliver) -> None:
        """Call the application, and ``deliver`` its reply from another thread."""
        self._submit(lambda: self._run(request, peer, deliver))

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

    def _submit(self, work: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the server has stopped meanwhile
            call = self._threads.submit(work)
            self._pending.add(call)
            call.add_done_callback(self._pending.discard)

    def _loaded(self) -> WSGIApplication:
        with self._lock:
            return self._app

    @cached_property
    def _app(self) -> WSGIApplication:
        return self._load()

    def _run(self, request: Request, peer: str, deliver: Deliver) -> None:
        try:
            deliver(self._call(request, peer))
        except Exception as failure:  # noqa: BLE001 - the application turns its failures into replies; this is our own
            deliver(Delivery(crash_problem(request, failure).reply()))

    def _call(self, request: Request, peer: str) -> Delivery | Streamed:
        status = 0
        headers: list[tuple[str, str]] = []
        written: list[bytes] = []

        def start_response(line: str, fields: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            nonlocal status, headers
            status, headers = int(line[:3]), fields
            return written.append

        parts = self._loaded()(self._environ(request, peer), start_response)
        close: Callable[[], object] = getattr(parts, "close", lambda: None)
        with ExitStack() as end:
            end.callback(close)
            rest = iter(parts)
            pieces = chain([next(rest, b"")], rest)  # by the first piece at the latest, the head is there
            names = {name.lower() for name, _ in headers}
            own = _OWN - {"content-length"} if request.method == "HEAD" else _OWN  # of the body that a GET would have
            reply = Reply(status, tuple([field for field in headers if field[0].lower() not in own]), b"")
            if "content-length" in names or status in BODILESS:
                return Delivery(reply._replace(body=b"".join([*written, *pieces])))
            end.pop_all()
        return Streamed(reply, Pieces(chain(written, pieces), close, self._submit))

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
