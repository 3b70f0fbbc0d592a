"""Interrupting rules that do not end: they run in the thread that answers everybody."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_TICK_SECONDS: Final = 0.25


class EndlessRuleError(BaseException):
    """A rule took too long. It is none of the exceptions that a rule is likely to catch."""

    def __str__(self) -> str:
        return "the rule did not end in time; see --max-rule-seconds"


class Watchdog:
    """Raises EndlessRuleError in rules that take longer than ``seconds``.

    Python delivers it between two instructions: a rule that waits in a system call is interrupted only after that.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._ticks = 0
        self._runs: dict[int, int] = {}
        self._late: set[int] = set()
        self._lock = threading.Lock()
        self._process = 0

    def bounded(self, work: Callable[P, T]) -> Callable[P, T]:
        """Return the same work, which is interrupted if it takes too long."""

        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            thread = threading.get_ident()
            self._begin(thread)
            try:
                return work(*args, **kwargs)
            finally:
                self._end(thread)

        return run

    def _begin(self, thread: int) -> None:
        with self._lock:
            self._runs[thread] = self._ticks
            if self._process != os.getpid():  # nobody watches in this process: a fork loses the threads of its parent
                self._process = os.getpid()
                threading.Thread(target=self._watch, name="rescind-watchdog", daemon=True).start()

    def _end(self, thread: int) -> None:
        """Watch the thread no more, and take back an interruption that has come too late."""
        while thread in self._runs:
            with suppress(EndlessRuleError), self._lock:
                del self._runs[thread]
                if thread in self._late:
                    self._late.remove(thread)
                    _raise_in(thread, None)

    def _watch(self) -> None:
        """Interrupt what takes too long, until nothing runs any more."""
        pause = threading.Event()
        while not pause.wait(_TICK_SECONDS):
            with self._lock:
                self._ticks += 1
                if not self._runs:
                    self._process = 0
                    return
                for thread, began in self._runs.items():
                    if (self._ticks - began) * _TICK_SECONDS > self._seconds:
                        self._late.add(thread)
                        _raise_in(thread, EndlessRuleError)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Let the thread raise the error as soon as it executes Python, or take back one that it has not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)
