"""Running a server: open the port, say that it is ready, reload what was edited, stop cleanly."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from typing import TYPE_CHECKING

from rescind.errors import DocumentError, SettingsError
from rescind.web.server import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from rescind.engine import Engine
    from rescind.settings import ServeSettings
    from rescind.web.site import Site

_WATCH_SECONDS = 0.25


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
        changed = ", ".join(sorted(path.name for path in dict(now.items() ^ self._seen.items())))
        self._seen = now
        try:
            self._site.engine = self._build()
        except DocumentError as error:
            print(
                f"Not reloaded, still serving what was there before {changed} changed:\n{error}",
                file=sys.stderr,
                flush=True,
            )
        else:
            print(f"Reloaded: {changed}", file=sys.stderr, flush=True)

    def _snapshot(self) -> Mapping[Path, tuple[int, int]]:
        snapshot = {}
        for folder in self._folders:
            for path in folder.iterdir():
                if path.suffix in {".yaml", ".yml", ".json", ".py"}:
                    try:
                        status = path.stat()
                    except FileNotFoundError:
                        continue
                    snapshot[path] = (status.st_mtime_ns, status.st_size)
        return snapshot


async def _serve(site: Site, settings: ServeSettings, announce: Callable[[str], None], reload: Reload | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connections: set[Connection] = set()
    host, port = settings.host, settings.port
    try:
        server = await loop.create_server(
            lambda: Connection(site, settings.max_body, connections), host, port, backlog=1024
        )
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno in errno.errorcode and error.errno else str(error)
        remedy = "choose another --port, or 0 for a free one" if error.errno == errno.EADDRINUSE else "check --host"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason}; {remedy}") from None
    address = f"[{host}]" if ":" in host else host
    announce(f"http://{address}:{server.sockets[0].getsockname()[1]}")
    watching = asyncio.create_task(_watch(reload)) if reload else None
    await stop.wait()
    server.close()
    for connection in tuple(connections):
        connection.close()
    if watching:
        watching.cancel()


async def _watch(reload: Reload) -> None:
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        await asyncio.to_thread(reload.check)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - it does not exist on Windows

    return uvloop.new_event_loop
