"""A server for tests: one in a thread of this process, or one that runs already."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Self

from rescind.control.sandboxes import sandbox_name
from rescind.errors import Problem, RescindError
from rescind.testing.control_client import SandboxError
from rescind.testing.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_THE_COMMAND = frozenset({"workers", "reload"})
"""Settings that only ``rescind serve`` has: it has processes, and files that are edited while it runs."""


class Server:
    """A server, and its sandboxes. As a context manager it is stopped at the end, if it was started here."""

    def __init__(self, url: str, token: str | None = None, stop: Callable[[], None] | None = None) -> None:
        self.url = url
        self._token = token
        self._stop = stop

    def sandbox(self, name: str = "") -> Sandbox:
        """Return the sandbox of that name; without one, the sandbox that needs none.

        >>> server.sandbox("mine").base_url == server.url + "/~mine"
        True
        """
        try:
            return Sandbox(f"{self.url}/~{sandbox_name(name)}" if name else self.url, self._token)
        except Problem as problem:
            raise SandboxError(None, {"detail": problem.detail, "remedy": problem.remedy}) from None

    def stop(self) -> None:
        """Stop the server, if it was started here. A second call does nothing."""
        stop, self._stop = self._stop, None
        if stop:
            stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(**settings: Any) -> Server:
    """Start a server in the background; ``settings`` are those of ``serve``, and without ``port`` it takes a free one.

    Raises RescindError, as ``rescind serve`` does, for settings and files that are wrong.

    >>> with start(vendor=("rxuniverse",)) as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """
    from rescind.assembly import assemble  # noqa: PLC0415 - whoever tests against a running server needs none of it
    from rescind.server.listening import base_url, listen  # noqa: PLC0415
    from rescind.server.serving import SocketServer  # noqa: PLC0415
    from rescind.server.upkeep import Upkeep  # noqa: PLC0415
    from rescind.settings import Settings  # noqa: PLC0415
    from rescind.web import flask_loader  # noqa: PLC0415

    chosen = Settings.of("start()", {"port": 0, **settings}, _OF_THE_COMMAND, "only rescind serve has it")
    service = assemble(chosen)
    listeners = listen(chosen.host, chosen.port)[0]
    server = SocketServer(service, flask_loader(service), Upkeep())
    watch, alive = os.pipe()
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(listeners, ready.set, watch), name="rescind", daemon=True)
    thread.start()
    while not ready.wait(0.1):
        if not thread.is_alive():
            raise RescindError("the server ended before it was ready; the reason stands above")

    def stop() -> None:
        os.close(alive)
        thread.join()
        os.close(watch)

    return Server(base_url(chosen.host, listeners), chosen.control_token, stop)
