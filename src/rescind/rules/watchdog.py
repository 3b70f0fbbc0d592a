"""Interrupting rules that do not end: they run in the thread that answers everybody."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

A = TypeVar("A")
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
        self._patience = int(seconds / _TICK_SECONDS)
        self._ticks = 0
        self._runs: dict[int, int] = {}
        self._late: set[int] = set()
        self._lock = threading.Lock()
        self._process = 0

    def run(self, work: Callable[[A], T], argument: A) -> T:
        """Call ``work``, and interrupt it if it takes too long."""
        thread = threading.get_ident()
        self._runs[thread] = began = self._ticks
        if self._process != os.getpid():  # nobody watches in this process: a fork loses the threads of its parent
            self._start()
        try:
            return work(argument)
        finally:
            if self._ticks - began > self._patience:
                self._take_back(thread)
            else:  # far from late, so that nobody interrupts it: no lock is needed
                del self._runs[thread]

    def _start(self) -> None:
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=self._watch, name="rescind-watchdog", daemon=True).start()

    def _take_back(self, thread: int) -> None:
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
                self._process = 0  # before the look at the runs: whoever begins one after it starts another watch
                if not self._runs:
                    return
                self._process = os.getpid()
                for thread, began in tuple(self._runs.items()):
                    if self._ticks - began > self._patience:
                        self._late.add(thread)
                        _raise_in(thread, EndlessRuleError)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Let the thread raise the error as soon as it executes Python, or take back one that it has not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)
