"""Running a server: open the port, say that it is ready, answer, stop cleanly."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from rescind.server.connection import Connection
from rescind.server.dispatch import Dispatch
from rescind.server.listening import BACKLOG, base_url, listen
from rescind.server.workers import supervise
from rescind.server.wsgi import Application

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from _typeshed.wsgi import WSGIApplication

    from rescind.assembly import Service
    from rescind.server.upkeep import Upkeep

_GRACE_SECONDS = 10
"""How long replies that are under way may take once the server was asked to stop."""

_SWITCH_SECONDS = 0.0005
"""How long a thread that computes a control call may hold Python's lock while vendors' calls wait for it."""


class SocketServer:
    """A server for a service. ``load`` gives the Flask app, which is loaded only once it is needed or nobody waits."""

    def __init__(self, service: Service, load: Callable[[], WSGIApplication], upkeep: Upkeep) -> None:
        self._service = service
        self._load = load
        self._upkeep = upkeep

    def serve(self, announce: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT. ``announce`` gets the base URL once requests are answered.

        Raises SettingsError if the address cannot be had.
        """
        sys.setswitchinterval(_SWITCH_SECONDS)
        settings = self._service.settings
        shares = listen(settings.host, settings.port, settings.workers)
        url = base_url(settings.host, shares[0])
        if settings.workers == 1:
            self.run(shares[0], lambda: announce(url))
        else:
            supervise([partial(self.run, share) for share in shares], lambda: announce(url))

    def run(self, listeners: Sequence[socket.socket], ready: Callable[[], None], watch: int | None = None) -> None:
        """Serve on sockets that listen, in this process, until SIGTERM or SIGINT, or the end of the pipe ``watch``."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(listeners, ready, watch))

    async def _run(self, listeners: Sequence[socket.socket], ready: Callable[[], None], watch: int | None) -> None:
        stop = _stop_signal(watch)
        connections: set[Connection] = set()
        application = Application(self._load, self._service.settings)
        dispatch = Dispatch(self._service, application)
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(lambda: Connection(dispatch, connections), sock=listener, backlog=BACKLOG)
            for listener in listeners
        ]
        ready()
        tasks = self._upkeep.start(connections, application, self._service.settings)
        await stop.wait()
        if watch is not None:
            loop.remove_reader(watch)
        for server in servers:
            server.close()
        await _drain(connections)
        for task in tasks:
            task.cancel()
        dispatch.stop()


def _stop_signal(watch: int | None) -> asyncio.Event:
    """Return what is set once the server is asked to stop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    if watch is not None:
        loop.add_reader(watch, stop.set)
    return stop


async def _drain(connections: set[Connection]) -> None:
    """Let the replies that are under way finish, and close."""
    closed = [asyncio.create_task(connection.closed.wait()) for connection in connections]
    for connection in tuple(connections):
        connection.end()
    if closed:
        await asyncio.wait(closed, timeout=_GRACE_SECONDS)
    for connection in tuple(connections):
        connection.end()
