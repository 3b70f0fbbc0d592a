"""Several processes that answer on one port: the first only watches over the others."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, NoReturn

from rescind.errors import RescindError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Work = Callable[[Callable[[], None], int], None]
    """Serves until it is asked to stop: calls the function once it is ready, ends when the descriptor is closed."""

_log = logging.getLogger("rescind")

_EARLY_SECONDS = 10
"""A worker that ends within this time has failed."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 30

_WATCHED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)


class _Place:
    """The place of a worker: its work, and the process that does it, or when the next one may try."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.process: int | None = None
        self.began = self.due = 0.0
        self._failures = 0

    def fill(self, watch: int, alive: int) -> None:
        """Start a worker. Raises RescindError if it ends before it is ready."""
        self.began = time.monotonic()
        self.process = _start(self.work, watch, alive)

    def vacate(self) -> float:
        """Note that the worker has ended; return the seconds until another may start, more after each early end."""
        self.process = None
        now = time.monotonic()
        self._failures = self._failures + 1 if now - self.began < _EARLY_SECONDS else 0
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1), _LONGEST_PAUSE_SECONDS) if self._failures else 0
        self.due = now + pause
        return pause


def supervise(works: Sequence[Work], announce: Callable[[], None]) -> None:
    """Do each work in a process of its own until SIGTERM or SIGINT; where one ends before, another takes its place.

    Raises RescindError if one of the first ends before it is ready; a later one that does is tried again, after a
    pause.
    """
    watch, alive = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    places = [_Place(work) for work in works]
    try:
        for place in places:
            place.fill(watch, alive)
        announce()
        while _wait(places):
            for place in places:
                _look_after(place, watch, alive)
    finally:
        os.close(alive)  # workers whose supervisor is gone stop too, whatever killed it
        for place in places:
            if place.process:
                os.waitpid(place.process, 0)


def _wait(places: Iterable[_Place]) -> bool:
    """Wait until a worker has ended or may start, and give True; asked to stop, pass it on, and give False."""
    pauses = [place.due - time.monotonic() for place in places if not place.process]
    if pauses:
        received = signal.sigtimedwait(_WATCHED, max(0, min(pauses)))
        number = received.si_signo if received else signal.SIGCHLD
    else:
        number = signal.sigwait(_WATCHED)
    if number == signal.SIGCHLD:
        return True
    for place in places:
        if place.process:
            os.kill(place.process, signal.SIGTERM)
    return False


def _look_after(place: _Place, watch: int, alive: int) -> None:
    """Notice that the worker has ended, and let another take its place once it may."""
    if place.process:
        process, status = os.waitpid(place.process, os.WNOHANG)
        if not process:
            return
        code = os.waitstatus_to_exitcode(status)
        ending = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        _log.warning("Worker %s %s; another takes its place in %g s", process, ending, place.vacate())
    if time.monotonic() < place.due:
        return
    try:
        place.fill(watch, alive)
    except RescindError as failure:
        _log.error("%s; the next try is in %g s", failure, place.vacate())
    else:
        _log.warning("Worker %s has started", place.process)


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
