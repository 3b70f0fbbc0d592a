"""Telling the operator how far a long piece of work has come."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 100_000
_STEPS = 10

_log = logging.getLogger("rescind")


def progress(work: str, whole: int) -> Callable[[int], None]:
    """Return a function that takes how much is done, and logs it at each tenth of the whole."""
    if whole < _LONG:
        return lambda _: None
    due = 0

    def report(done: int) -> None:
        nonlocal due
        if done >= due:
            _log.info("%s: %s of %s", work, f"{done:,}", f"{whole:,}")
            due = done + whole // _STEPS

    return report
