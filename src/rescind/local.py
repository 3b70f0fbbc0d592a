"""A server in a thread of this process, for tests in Python."""

from __future__ import annotations

import os
import threading
from typing import Any

from rescind.assembly import assemble
from rescind.client import Server
from rescind.errors import RescindError
from rescind.settings import ServeSettings
from rescind.web.serving import listen, run


def start(**settings: Any) -> Server:
    """Start a server in the background; ``settings`` are those of ``serve``, and without ``port`` it takes a free one.

    Raises RescindError, as ``rescind serve`` does, for settings and files that are wrong.

    >>> with start(vendor=("rxuniverse",)) as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """
    chosen = ServeSettings(**{"port": 0, **settings})
    site, _ = assemble(chosen)
    listeners = listen(chosen.host, chosen.port)[0]
    watch, alive = os.pipe()
    ready = threading.Event()
    thread = threading.Thread(target=run, args=(site, listeners, ready.set, watch), name="rescind", daemon=True)
    thread.start()
    while not ready.wait(0.1):
        if not thread.is_alive():
            raise RescindError("the server ended before it was ready; what it has said stands above")

    def stop() -> None:
        os.close(alive)
        thread.join()
        os.close(watch)

    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    port = listeners[0].getsockname()[1]
    return Server(f"http://{host}:{port}", chosen.control_token, stop)
