"""A server in a thread of this process, for tests in Python."""

from __future__ import annotations

import difflib
import os
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

from rescind.assembly import assemble
from rescind.client import Server
from rescind.errors import RescindError, SettingsError
from rescind.settings import ServeSettings
from rescind.web.serving import base_url, listen, run

_NOT_HERE = {"workers", "reload"}
"""What only ``rescind serve`` does: it has processes, and files that are edited while it runs."""


def start(**settings: Any) -> Server:
    """Start a server in the background; ``settings`` are those of ``serve``, and without ``port`` it takes a free one.

    Raises RescindError, as ``rescind serve`` does, for settings and files that are wrong.

    >>> with start(vendor=("rxuniverse",)) as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """
    chosen = _checked({"port": 0, **settings})
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

    return Server(base_url(chosen.host, listeners), chosen.control_token, stop)


def _checked(given: dict[str, Any]) -> ServeSettings:
    """The settings, as far as a server in a thread has them. Raises SettingsError for others."""
    known = {one.name: one.metadata["kind"] for one in fields(ServeSettings) if one.name not in _NOT_HERE}
    for name, value in given.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise SettingsError(f"start() has no setting {name!r}; did you mean {nearest!r}?")
        if isinstance(value, str) and known[name] in {Path, tuple}:
            given[name] = Path(value) if known[name] is Path else (value,)
        elif value is not None and not isinstance(value, known[name]):
            raise SettingsError(f"{name} is {value!r}, which is no {known[name].__name__}")
    return ServeSettings(**given)
