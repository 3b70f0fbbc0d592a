"""Running a command once: bounded in time and output, and with nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEPT = 64 * 1024
"""How many bytes of the end of an output are kept."""

_BLOCK = 64 * 1024
_MARK = "CERTIFY_RUN"
_STEP_SECONDS = 0.1
_LOOK_SECONDS, _MOST_LOOKS = 0.01, 100
"""How often it is looked for processes that are left, since one that is killed takes a moment to end."""


class Ended(NamedTuple):
    """How a process ended: its exit code (negative for a signal), the ends of its outputs, whether in time."""

    code: int
    stdout: str
    stderr: str
    timed_out: bool


def run_process(
    argv: Sequence[str], environment: Mapping[str, str], timeout_seconds: float, stop: threading.Event
) -> Ended:
    """Run a command without input until it ends, its time is over, or ``stop`` is set; then end all that it started.

    Raises OSError if it cannot be started.
    """
    mark = uuid4().hex
    process = subprocess.Popen(  # noqa: S603 - the user's own command
        argv,
        env={**environment, _MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout, "it is a pipe"  # noqa: S101 - tells mypy
    assert process.stderr, "it is a pipe"  # noqa: S101
    outputs = [_Tail(process.stdout), _Tail(process.stderr)]
    try:
        timed_out = not _wait(process, timeout_seconds, stop)
    finally:
        _end_all(process, mark)
    stdout, stderr = (output.text() for output in outputs)
    return Ended(process.returncode, stdout, stderr, timed_out)


def _wait(process: subprocess.Popen[bytes], timeout_seconds: float, stop: threading.Event) -> bool:
    """Wait for the end of the process; return whether it came in time."""
    left = timeout_seconds
    while left > 0 and not stop.is_set():
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(left, _STEP_SECONDS))
            return True
        left -= _STEP_SECONDS
    return False


def _end_all(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill the process, its group, and what has left the group but still has the mark in its environment."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(_MOST_LOOKS):
        left = _marked(mark)
        if not left:
            return
        for found in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(found, signal.SIGKILL)
        threading.Event().wait(_LOOK_SECONDS)


def _marked(mark: str) -> list[int]:
    """Return the processes that carry the mark, where the system shows environments (Linux)."""
    wanted, found = f"{_MARK}={mark}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


class _Tail:
    """The end of an output, read in a thread so that a process that prints much does not wait for a reader."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what came last, once the output has ended; what escaped and holds it open is not waited for."""
        self._thread.join(_STEP_SECONDS * 10)
        return self._kept.decode(errors="replace")

    def _read(self) -> None:
        with self._stream as stream:
            while block := os.read(stream.fileno(), _BLOCK):
                self._kept = (self._kept + block)[-_KEPT:]
