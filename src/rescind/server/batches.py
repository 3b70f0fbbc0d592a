"""Calls that wait for a store outside of this process: those that come together share its round trips."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.assembly import Service
    from rescind.errors import Problem
    from rescind.model import Delivery, Request

    Deliver = Callable[[Delivery], None]

_MOST = 256
"""The calls of one batch: the first of them waits for the last."""


class Batches:
    """Answers calls in a thread of its own, so that a store that hangs holds up nobody who does not need it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._thread = ThreadPoolExecutor(1, "rescind-store")
        self._lock = Lock()
        self._waiting: list[tuple[str, Request, Deliver]] = []
        self._is_running = False

    def put(self, sandbox: str, request: Request, deliver: Deliver) -> None:
        """Answer a call as soon as the batch before it is done, and ``deliver`` it from the thread."""
        with self._lock:
            self._waiting.append((sandbox, request, deliver))
            if self._is_running:
                return
            self._is_running = True
        self._thread.submit(self._run)

    def refuse(self, sandbox: str, request: Request, problem: Problem, deliver: Deliver) -> None:
        """Refuse what is not a valid request, write that into the journal, and ``deliver`` it from the thread."""
        self._thread.submit(lambda: deliver(self._service.engine.refuse(sandbox, request, problem)))

    def run(self, work: Callable[[], None]) -> None:
        """Do other work with the store, in its turn."""
        self._thread.submit(work)

    def stop(self) -> None:
        """End the thread once the batch that is under way is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while calls := self._take():
            answers = self._service.engine.answer_all([(sandbox, request) for sandbox, request, _ in calls])
            for (_, _, deliver), answer in zip(calls, answers, strict=True):
                deliver(answer)

    def _take(self) -> list[tuple[str, Request, Deliver]]:
        with self._lock:
            calls, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            self._is_running = bool(calls)
        return calls
