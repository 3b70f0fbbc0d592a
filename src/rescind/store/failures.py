"""What can be wrong with a Redis, as errors of a store."""

from __future__ import annotations

from typing import Final

from redis.exceptions import OutOfMemoryError, ResponseError

from rescind.errors import StoreDownError, StoreError
from rescind.model import CONTROL_PREFIX
from rescind.store.connection import shown

REMEDY: Final = "start it, or check --store"
_HEAL: Final = f"reset the sandbox: POST {CONTROL_PREFIX}/reset"


def error_of(url: str, failure: Exception) -> StoreError:
    """Return the error for what the client library raised."""
    if isinstance(failure, StoreError):
        return failure
    if isinstance(failure, OutOfMemoryError):
        remedy = "drop sandboxes, or give it a larger maxmemory"
        return StoreDownError(f"the store at {shown(url)} has no memory left", remedy)
    if isinstance(failure, ResponseError) and "WRONGTYPE" in str(failure):
        return StoreError(f"the store at {shown(url)} holds something else under a key of this sandbox", _HEAL)
    return StoreDownError(f"the store at {shown(url)} does not answer: {failure}", REMEDY)


def hangs(url: str) -> StoreDownError:
    """Return the error for a store that has just been asked in vain."""
    return StoreDownError(f"the store at {shown(url)} did not answer in time", REMEDY)


def corrupt(key: str) -> StoreError:
    """Return the error for a value that nobody can decode."""
    return StoreError(f"the store holds a corrupt value under the key {key}", _HEAL)


def too_busy(sandbox: str) -> StoreDownError:
    """Return the error for a sandbox that others change all the time."""
    return StoreDownError(f"too many processes write to sandbox {sandbox!r}", "give tests sandboxes of their own")
