"""Certifying a command: every scenario of a plan, several at a time, each job with a server or a sandbox of its own."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rescind.errors import RescindError, SettingsError
from rescind.testing.control_client import SandboxError
from rescind.testing.sandbox import Sandbox
from rescind.testing.scenarios import BegunScenario
from rescind.testing.server import start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rescind.certify.verdict import TrialVerdict
    from rescind.testing.commands import Command

_MARGIN_SECONDS = 60
"""How much longer than the time limit of a run a hang of an own server may last."""


@dataclass(frozen=True)
class Place:
    """Where scenarios take place: on servers of our own with these settings, or on one that runs at ``url``."""

    settings: Mapping[str, Any]
    url: str | None = None
    token: str | None = None

    def open(self, stack: ExitStack, timeout_seconds: float) -> Sandbox:
        """Return a sandbox that nobody else uses, until the stack is closed."""
        if self.url is None:
            hang = round((timeout_seconds + _MARGIN_SECONDS) * 1000)
            server = stack.enter_context(start(**self.settings, max_hang_ms=hang))
            return server.sandbox()
        sandbox = Sandbox(f"{self.url.rstrip('/')}/~certify-{uuid4().hex[:12]}", self.token)
        stack.callback(_drop, sandbox)
        return sandbox


class Jobs:
    """Runs a command in scenarios. ``verdicts`` are those so far; ``failure`` says why the plan was not finished."""

    def __init__(self, command: Command, place: Place, timeout_seconds: float) -> None:
        self._command = command
        self._place = place
        self._timeout = timeout_seconds
        self._stop = threading.Event()
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._found: dict[str, TrialVerdict] = {}
        self._wrong: SettingsError | None = None
        self.failure: str | None = None

    def run(self, scenarios: Sequence[str], jobs: int, progress: Callable[[], None]) -> list[TrialVerdict]:
        """Run the command in every scenario, and return the verdicts in their order: all of them, or those so far.

        ``progress`` is called after each. An interruption ends the runs under way, and is not raised again.
        Raises SettingsError for a command that cannot be run.
        """
        for scenario in scenarios:
            self._waiting.put(scenario)
        threads = [threading.Thread(target=self._work, args=(progress,)) for _ in range(min(jobs, len(scenarios)))]
        for thread in threads:
            thread.start()
        try:
            for _ in threads:  # an interrupted join would take a thread that runs for one that has ended (CPython 3.11)
                self._ended.get()
        except KeyboardInterrupt:
            self._give_up("interrupted")
        for thread in threads:
            thread.join()
        if self._wrong:
            raise self._wrong
        return [self._found[scenario] for scenario in scenarios if scenario in self._found]

    def _work(self, progress: Callable[[], None]) -> None:
        """Run scenarios until none waits, and note the end."""
        try:
            self._run_waiting(progress)
        finally:
            self._ended.put(None)

    def _run_waiting(self, progress: Callable[[], None]) -> None:
        try:
            with ExitStack() as stack:
                sandbox = self._place.open(stack, self._timeout)
                while not self._stop.is_set():
                    try:
                        scenario = self._waiting.get_nowait()
                    except queue.Empty:
                        return
                    verdict = self._try(sandbox, scenario)
                    if not self._stop.is_set():
                        self._found[scenario] = verdict
                        progress()
        except SettingsError as wrong:
            self._wrong = wrong
            self._stop.set()
        except (RescindError, SandboxError) as failure:
            self._give_up(str(failure))
        except Exception as failure:  # noqa: BLE001 - a scenario that was not run must not go unnoticed
            self._give_up(f"{type(failure).__name__}: {failure}")

    def _try(self, sandbox: Sandbox, identifier: str) -> TrialVerdict:
        begun = BegunScenario(sandbox, identifier, self._timeout, processes=True)
        return begun.judge(*run_all(self._command, begun, self._timeout, self._stop))

    def _give_up(self, why: str) -> None:
        self.failure = self.failure or why
        self._stop.set()


def run_all(
    command: Command, begun: BegunScenario, timeout_seconds: float, stop: threading.Event
) -> list[Mapping[str, Any]]:
    """Run the command as often as the scenario wants it, one run after the other or at once; return what each did."""
    began = monotonic()
    done: list[Mapping[str, Any]] = [{}] * len(begun.runs)
    failures: list[RescindError] = []

    def run(index: int) -> None:
        started = monotonic() - began
        try:
            ended = command.run(begun.runs[index], timeout_seconds, stop)
        except RescindError as failure:
            failures.append(failure)
        else:
            done[index] = {**ended, "started": started * 1000, "ended": (monotonic() - began) * 1000}

    if begun.at_once:
        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(begun.runs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for index in range(len(begun.runs)):
            run(index)
    if failures:
        raise failures[0]
    return done


def _drop(sandbox: Sandbox) -> None:
    """Drop the sandbox, if its server is still there."""
    try:
        sandbox.drop()
    except SandboxError:
        return
