"""Running a server: open the port, say that it is ready, reload what was edited, stop cleanly."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from rescind.errors import SettingsError
from rescind.web.server import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from rescind.engine import Engine
    from rescind.settings import ServeSettings
    from rescind.web.site import Site

_WATCH_SECONDS = 0.25
_SWEEP_SECONDS = 5
_GRACE_SECONDS = 10
"""How long replies that are under way may take once the server was asked to stop."""


def run(site: Site, settings: ServeSettings, announce: Callable[[str], None], reload: Reload | None = None) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` gets the base URL once requests are answered.

    Raises SettingsError if the address cannot be had.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(site, settings, announce, reload))


class Reload:
    """Builds a new engine whenever a watched file has changed; keeps the old one while the new one is broken."""

    def __init__(self, site: Site, folders: Iterable[Path], build: Callable[[], Engine]) -> None:
        self._site = site
        self._folders = tuple(folders)
        self._build = build
        self._seen = self._snapshot()

    def check(self) -> None:
        """Look once."""
        now = self._snapshot()
        if now == self._seen:
            return
        changed = ", ".join(sorted(str(path) for path in dict(now.items() ^ self._seen.items())))
        self._seen = now
        try:
            self._site.engine = self._build()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an edit, the old world goes on
            said = f"Not reloaded, still serving what was there before {changed} changed:\n{error}"
            print(said, file=sys.stderr, flush=True)
        else:
            print(f"Reloaded: {changed}", file=sys.stderr, flush=True)

    def _snapshot(self) -> Mapping[Path, tuple[int, int]]:
        snapshot = {}
        for folder in self._folders:
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.suffix in {".yaml", ".yml", ".json", ".py"}:
                    with suppress(OSError):  # gone between two looks, or a link that leads nowhere
                        status = path.stat()
                        snapshot[path] = (status.st_mtime_ns, status.st_size)
        return snapshot


async def _serve(site: Site, settings: ServeSettings, announce: Callable[[str], None], reload: Reload | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connections: set[Connection] = set()
    limits = (settings.max_body, settings.max_connections)
    host, port = settings.host, settings.port
    try:
        server = await loop.create_server(lambda: Connection(site, limits, connections), host, port, backlog=1024)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno in errno.errorcode and error.errno else str(error)
        remedy = "choose another --port, or 0 for a free one" if error.errno == errno.EADDRINUSE else "check --host"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason}; {remedy}") from None
    address = f"[{host}]" if ":" in host else host
    announce(f"http://{address}:{server.sockets[0].getsockname()[1]}")
    tasks = [asyncio.create_task(_sweep(connections, settings.idle_seconds))]
    if reload:
        tasks.append(asyncio.create_task(_watch(reload)))
    await stop.wait()
    server.close()
    for task in tasks:
        task.cancel()
    closed = [asyncio.create_task(connection.closed.wait()) for connection in connections]
    for connection in tuple(connections):
        connection.end()
    if closed:
        await asyncio.wait(closed, timeout=_GRACE_SECONDS)
    for connection in tuple(connections):
        connection.end()


async def _sweep(connections: set[Connection], idle_seconds: int) -> None:
    """Close the connections on which nothing has happened for a while."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(idle_seconds, _SWEEP_SECONDS))
        for connection in tuple(connections):
            if not connection.busy and loop.time() - connection.used > idle_seconds:
                connection.end()


async def _watch(reload: Reload) -> None:
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        await asyncio.to_thread(reload.check)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - it does not exist on Windows

    return uvloop.new_event_loop
