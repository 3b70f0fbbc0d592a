"""What a server does beside answering: it closes idle connections, collects garbage, loads the Flask app, reloads."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rescind.server.connection import Connection
    from rescind.server.reload import Reload
    from rescind.server.wsgi import Application
    from rescind.settings import Settings

_log = logging.getLogger("rescind")

_WATCH_SECONDS = 0.25
_SWEEP_SECONDS = 5
_CALM_SECONDS = 1
_CALM_COLLECT_SECONDS, _BUSY_COLLECT_SECONDS = 60, 600


@dataclass(frozen=True)
class Upkeep:
    """What a server does beside answering.

    ``collects_garbage`` is for a process of its own, whose collector is off (see ``own_garbage``): in somebody else's
    process the collector is theirs.
    """

    reload: Reload | None = None
    collects_garbage: bool = False

    def start(
        self, connections: set[Connection], application: Application, settings: Settings
    ) -> list[asyncio.Task[None]]:
        """Start it, and return the tasks."""
        patience = min(settings.idle_seconds, settings.request_seconds, _SWEEP_SECONDS)
        duties = [_sweep(connections, patience), _warm_up(connections, application)]
        duties += [_collect_garbage(connections)] if self.collects_garbage else []
        duties += [_watch(self.reload)] if self.reload else []
        tasks = [asyncio.create_task(duty) for duty in duties]
        for task in tasks:
            task.add_done_callback(_log_failure)
        return tasks


@contextmanager
def own_garbage() -> Iterator[Callable[[], None]]:
    """Turn Python's collector off for a block. Call what it yields once everything is loaded that stays."""
    gc.disable()
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()
        gc.enable()


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        _log.error("A task of the server has failed", exc_info=task.exception())


async def _warm_up(connections: set[Connection], application: Application) -> None:
    """Load the Flask app once nobody has asked for a second, so that the first control call need not wait for it."""
    while True:
        await asyncio.sleep(_CALM_SECONDS)
        if _is_calm(connections):
            application.warm_up()
            return


def _is_calm(connections: set[Connection]) -> bool:
    now = asyncio.get_running_loop().time()
    return all(now - connection.used > _CALM_SECONDS for connection in connections)


async def _sweep(connections: set[Connection], seconds: int) -> None:
    """Close the connections on which nothing has happened for a while, and refuse requests that do not end."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(seconds)
        for connection in tuple(connections):
            connection.close_if_late(loop.time())


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
        if now - collected > (_CALM_COLLECT_SECONDS if _is_calm(connections) else _BUSY_COLLECT_SECONDS):
            gc.collect()
            collected = now


async def _watch(reload: Reload) -> None:
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        await asyncio.to_thread(reload.check)
