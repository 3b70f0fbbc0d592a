"""Running a server: open the port, say that it is ready, reload what was edited, stop cleanly."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from rescind.errors import SettingsError
from rescind.web.server import Connection
from rescind.web.workers import supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from rescind.engine import Engine
    from rescind.settings import ServeSettings
    from rescind.web.site import Site

_BACKLOG = 1024
_WATCH_SECONDS = 0.25
_SWEEP_SECONDS = 5
_CALM_COLLECT_SECONDS, _BUSY_COLLECT_SECONDS = 60, 600
_GRACE_SECONDS = 10
"""How long replies that are under way may take once the server was asked to stop."""


def serve(site: Site, settings: ServeSettings, announce: Callable[[str], None], reload: Reload | None = None) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` gets the base URL once requests are answered.

    Raises SettingsError if the address cannot be had.
    """
    shares = listen(settings.host, settings.port, settings.workers)
    url = base_url(settings.host, shares[0])
    if settings.workers == 1:
        run(site, shares[0], lambda: announce(url), reload=reload)
    else:
        works = [partial(run, site, share, reload=reload) for share in shares]
        supervise(works, lambda: announce(url))


def run(
    site: Site,
    listeners: Sequence[socket.socket],
    ready: Callable[[], None],
    watch: int | None = None,
    reload: Reload | None = None,
) -> None:
    """Serve on sockets that listen, in this process, until SIGTERM or SIGINT, or the end of the pipe ``watch``."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(site, listeners, ready, watch, reload))


def listen(host: str, port: int, shares: int = 1) -> list[list[socket.socket]]:
    """For each share, sockets that listen on every address of the host; the system spreads connections over the shares.

    Raises SettingsError if the address cannot be had.
    """
    listeners: list[list[socket.socket]] = [[] for _ in range(shares)]
    try:
        plain = host.encode() if host.isascii() else host  # only a name that is not ASCII needs the codec for names
        if shares > 1 and port:
            socket.create_server((host, port)).close()  # the port may be shared, but not with somebody else's server
        for family, *_, address in socket.getaddrinfo(plain, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            for share in listeners:
                chosen = listeners[0][0].getsockname()[1] if listeners[0] else address[1]
                place = (address[0], chosen)
                share.append(socket.create_server(place, family=family, backlog=_BACKLOG, reuse_port=shares > 1))
    except OSError as error:
        for listener in chain.from_iterable(listeners):
            listener.close()
        reason = os.strerror(error.errno) if error.errno in errno.errorcode and error.errno else str(error)
        remedy = "choose another --port, or 0 for a free one" if error.errno == errno.EADDRINUSE else "check --host"
        raise SettingsError(f"cannot listen on {host}:{port}: {reason}; {remedy}") from None
    return listeners


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


def base_url(host: str, listeners: Sequence[socket.socket]) -> str:
    """The base URL of a server that listens on the sockets."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listeners[0].getsockname()[1]}"


async def _serve(
    site: Site,
    listeners: Sequence[socket.socket],
    ready: Callable[[], None],
    watch: int | None,
    reload: Reload | None,
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    if watch is not None:
        loop.add_reader(watch, stop.set)
    connections: set[Connection] = set()
    settings = site.settings
    limits = (settings.max_body, settings.max_connections)
    servers = [
        await loop.create_server(lambda: Connection(site, limits, connections), sock=listener, backlog=_BACKLOG)
        for listener in listeners
    ]
    ready()
    tasks = [asyncio.create_task(_sweep(connections, settings.idle_seconds))]
    if not gc.isenabled():
        tasks.append(asyncio.create_task(_collect_garbage(connections)))
    if reload:
        tasks.append(asyncio.create_task(_watch(reload)))
    await stop.wait()
    if watch is not None:
        loop.remove_reader(watch)
    for server in servers:
        server.close()
    await _drain(connections)
    for task in tasks:
        task.cancel()


async def _drain(connections: set[Connection]) -> None:
    """Let the replies that are under way finish, and close."""
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


async def _collect_garbage(connections: set[Connection]) -> None:
    """Look for garbage when nobody has asked for a second; while somebody always does, once in a long while.

    The journal turns over some hundred thousand values, and a collector that looks through them whenever it counts
    enough new ones makes requests wait for tens of milliseconds. Requests leave no cycles behind, so nothing is urgent.
    """
    loop = asyncio.get_running_loop()
    collected = loop.time()
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        now = loop.time()
        is_calm = all(now - connection.used > 1 for connection in connections)
        if now - collected > (_CALM_COLLECT_SECONDS if is_calm else _BUSY_COLLECT_SECONDS):
            gc.collect()
            collected = now


async def _watch(reload: Reload) -> None:
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        await asyncio.to_thread(reload.check)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - it does not exist on Windows

    return uvloop.new_event_loop
