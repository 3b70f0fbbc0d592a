"""Several processes that answer on one port: the first only watches over the others."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from rescind.errors import RescindError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Work = Callable[[Callable[[], None], int], None]
    """Serves until it is asked to stop: calls the function once it is ready, ends when the descriptor is closed."""

_log = logging.getLogger("rescind")

_WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)


def supervise(works: Sequence[Work], announce: Callable[[], None]) -> None:
    """Do each work in a process of its own until SIGTERM or SIGINT; where one ends before, another takes its place.

    Raises RescindError if one ends before it is ready.
    """
    watch, alive = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    workers: dict[int, Work] = {}
    try:
        for work in works:
            workers[_start(work, watch, alive)] = work
        announce()
        while _wait(workers):
            for ending, work in _ended(workers):
                worker = _start(work, watch, alive)
                workers[worker] = work
                _log.warning("Worker %s; %s takes its place", ending, worker)
    finally:
        os.close(alive)  # workers whose supervisor is gone stop too, whatever killed it
        for worker in workers:
            os.waitpid(worker, 0)


def _wait(workers: Iterable[int]) -> bool:
    """Wait until a worker has ended, and give True; asked to stop, pass it on, and give False."""
    number = signal.sigwait(_WATCHED)
    if number == signal.SIGCHLD:
        return True
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    return False


def _ended(workers: dict[int, Work]) -> list[tuple[str, Work]]:
    """Remove the workers that have ended from ``workers``; return how each ended, and its work."""
    found = []
    for worker in tuple(workers):
        process, status = os.waitpid(worker, os.WNOHANG)
        if process:
            code = os.waitstatus_to_exitcode(status)
            ending = f"{worker} was ended by signal {-code}" if code < 0 else f"{worker} ended with code {code}"
            found.append((ending, workers.pop(worker)))
    return found


def _start(work: Work, watch: int, alive: int) -> int:
    """Start a worker, wait until it is ready, and give its process."""
    ready, report = os.pipe()
    worker = os.fork()
    if not worker:
        os.close(alive)
        os.close(ready)
        _do(work, watch, report)
    os.close(report)
    is_ready = os.read(ready, 1)
    os.close(ready)
    if not is_ready:
        os.waitpid(worker, 0)
        raise RescindError("a worker ended before it was ready; the reason stands above")
    return worker


def _do(work: Work, watch: int, report: int) -> NoReturn:
    """Do the work, and exit without what the parent process does at its end."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        work(lambda: os.close(report) if os.write(report, b".") else None, watch)
        code = 0
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        traceback.print_exc()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
