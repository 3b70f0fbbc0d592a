"""Rate limiting by the Generic Cell Rate Algorithm (GCRA), in integers, so that nothing drifts."""

from __future__ import annotations

from typing import NamedTuple

from rescind.model import SECOND

ALLOWED = -1
"""What ``retry_after`` says of a request that was allowed."""


class Rate(NamedTuple):
    """How a credential stands with an operation.

    ``limit`` is in requests a window; ``reset`` is the seconds until it is back at full capacity; ``retry_after`` is
    the seconds until the next try is allowed, or ``ALLOWED``.
    """

    limit: int
    remaining: int
    reset: int
    retry_after: int

    @property
    def allowed(self) -> bool:
        """Whether this request may pass."""
        return self.retry_after == ALLOWED

    def get(self, name: str, default: object = None) -> object:
        """Return a field by name, for the spec's expressions."""
        return getattr(self, name, default)


def rate_key(vendor: str, operation: str, credential: str) -> str:
    """Return where among the rates of a sandbox the arrival time of a credential stands."""
    return f"{vendor}/{operation}/{credential}"


def used_up(left: int) -> int:
    """Return what to keep for a credential that has so many requests left at its next call, whenever that comes."""
    return -1 - left


def arrival_of(kept: int | None, now: int, limit: int, window_seconds: int) -> int | None:
    """Return the theoretical arrival time that was kept, at ``now`` where it is one of ``used_up``."""
    if kept is None or kept >= 0:
        return kept
    window = window_seconds * SECOND
    return now + window - (-1 - kept) * (window // limit)


def untouched(limit: int) -> Rate:
    """Return the rate of a credential that has made no request."""
    return Rate(limit, limit, 0, ALLOWED)


def spent(limit: int, window_seconds: int) -> Rate:
    """Return the rate of a credential that has just used up its limit in one burst."""
    return Rate(limit, 0, window_seconds, _seconds(window_seconds * SECOND // limit))


def gcra(arrival: int | None, now: int, limit: int, window_seconds: int) -> tuple[int, Rate]:
    """Decide on a request at ``now``, given the theoretical arrival time that the last one left (None at first).

    Returns the theoretical arrival time to keep, and the rate to report. A refused request changes nothing.
    """
    window = window_seconds * SECOND
    interval = window // limit
    if arrival is None or arrival > now + window:
        arrival = now  # the first request; or the clock was set back, which must not lock anybody out
    due = max(now, arrival)
    after = due + interval
    if after - now > window:
        return arrival, Rate(limit, 0, _seconds(due - now), _seconds(after - window - now))
    return after, Rate(limit, (window - (after - now)) // interval, _seconds(after - now), ALLOWED)


def _seconds(nanoseconds: int) -> int:
    return -(-nanoseconds // SECOND)
