"""The world in Redis or Valkey, shared by any number of processes and machines.

Each process keeps a replica of the sandboxes that it works on, and runs transactions against it. The commit is one call
of a script that lets the writes happen if nobody else has changed the sandbox in between; else it answers with what was
missed, and the transactions run again. So a call costs one round trip, or two where processes meet in one sandbox; and
calls that come together share it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import OutOfMemoryError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeout

from rescind.errors import StoreDownError, StoreError
from rescind.model import SECOND
from rescind.store.codec import changes_of, entry_of, fields_of, log_steps
from rescind.store.connection import TIMEOUT_SECONDS, connect
from rescind.store.failures import corrupt, error_of, hangs, too_busy
from rescind.store.index import Index
from rescind.store.protocol import Failed, Rerun, SandboxInfo, Step
from rescind.store.replicas import LOGS, NONE, Attempt, Replica, Replicas, UnsureEntries, no_entries
from rescind.store.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rescind.model import Bounds, JournalEntry
    from rescind.store.protocol import Transaction
    from rescind.store.scripts import Committed

T = TypeVar("T")

_PAUSE_NS = TIMEOUT_SECONDS * SECOND + SECOND // 4  # from the beginning of the call that was not answered in time

_MOST_TRIES = 1_000
_PATIENT_TRIES = 2
_CLAIM_US = 20_000
_CHANGES_KEPT = 32


class RedisStore:
    """Sandboxes in a Redis, a Valkey or a cluster of them, at a URL. ``version`` keeps worlds apart, see ``Store.of``.

    Raises StoreDownError if it does not answer.
    """

    def __init__(self, url: str, bounds: Bounds, version: str = "", client: Any = None) -> None:
        self._url = url
        self._bounds = bounds
        self._version = version
        self._life_ms = bounds.idle_seconds * 1000
        self._replicas = Replicas()
        self._paused_until = 0
        self._unsure = UnsureEntries()
        with self._answering(0):
            self._client: Any = client or connect(url)
            self._scripts = Scripts(self._client)
            self._name = self._client.incr("rescind:processes")  # workers that are forked differ by their process
        self._index = Index(self._client, f"rescind:{version}", bounds)

    def of(self, version: str) -> RedisStore:
        """Return the store of one version of the fixtures; see ``Store``."""
        return RedisStore(self._url, self._bounds, version, self._client)

    def transact(self, sandbox: str, now: int, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` until its writes have met the state that it has read; see ``Store``."""
        (result,) = self.transact_all([Step(sandbox, work)], now)
        if isinstance(result, Failed):
            raise result.failure
        return result

    def transact_all(self, steps: Sequence[Step[T]], now: int) -> list[T | Failed]:
        """Run every step; those of one sandbox in their order, and all commits in one round trip; see ``Store``."""
        results: list[Any] = [None] * len(steps)
        groups: dict[str, list[int]] = {}
        for index, step in enumerate(steps):
            groups.setdefault(step.sandbox, []).append(index)
        with ExitStack() as locks:
            for sandbox in sorted(groups):  # in one order, so that nobody waits for whoever waits for him
                locks.enter_context(self._replicas[sandbox].lock)
            try:
                with self._answering(now):
                    self._transact_groups(groups, steps, results, now)
            except StoreError as failure:
                for indexes in groups.values():
                    _fail(results, indexes, failure)
        return results

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new; see ``Store``."""
        self._wipe("reset", sandbox, now)

    def drop(self, sandbox: str) -> None:
        """Forget a sandbox; see ``Store``."""
        with self._answering(0):
            self._index.remove([sandbox])  # first, so that whoever begins it anew lists it anew
        self._wipe("drop", sandbox, 0)

    def sandboxes(self) -> Sequence[SandboxInfo]:
        """Return the sandboxes that exist; see ``Store``."""
        with self._answering(0):
            return self._index.sandboxes()

    def _transact_groups(
        self, groups: dict[str, list[int]], steps: Sequence[Step[T]], results: list[Any], now: int
    ) -> None:
        """Run the steps of each sandbox until they have met its state; a sandbox that is done leaves the groups."""
        for _ in range(_MOST_TRIES):
            attempts: dict[str, Attempt] = {}
            for sandbox, indexes in tuple(groups.items()):
                try:
                    attempt = self._attempt(sandbox, [steps[index].work for index in indexes], now)
                except (StoreError, ResponseError) as failure:  # others are not concerned
                    _fail(results, groups.pop(sandbox), error_of(self._url, failure))
                    continue
                if attempt:
                    attempts[sandbox], found = attempt
                    for index, result in zip(indexes, found, strict=True):
                        results[index] = result
            for sandbox, wrong in self._commit_all("write", attempts, now).items():
                indexes = groups.pop(sandbox)
                if wrong:
                    _fail(results, indexes, wrong)
            if not groups:
                return
        raise too_busy(next(iter(groups)))

    def _attempt(
        self, sandbox: str, works: Sequence[Callable[[Transaction], T]], now: int
    ) -> tuple[Attempt, list[T | Failed]] | None:
        """Run the work of a sandbox on its replica; None if a log that it read was newer than that."""
        replica = self._replicas[sandbox]
        self._refresh(sandbox, replica, now)
        attempt = Attempt(replica, lambda log: self._entries(sandbox, replica, log))
        results: list[T | Failed] = []
        for work in works:
            try:
                results.append(attempt.run(work))
            except Rerun:
                attempt.undo()
                replica.forget()
                return None
            except (RedisError, RedisClusterException):
                raise
            except Exception as failure:  # noqa: BLE001 - it is the caller's
                results.append(Failed(failure))
        return attempt, results

    def _commit_all(self, verb: str, attempts: dict[str, Attempt], now: int) -> dict[str, StoreError | None]:
        """Let the writes happen, in one round trip. Returns the sandboxes that are done, and what was wrong with them.

        The others catch up. Whoever has lost often claims the sandbox for the next try: without that, the process that
        won last, and so has nothing to catch up with, would win again and again.
        """
        done: dict[str, StoreError | None] = {}
        calls: dict[str, tuple[list[str], list[Any]]] = {}
        for sandbox, attempt in attempts.items():
            if attempt.pending.only_reads_logs:
                done[sandbox] = None
                continue
            try:
                calls[sandbox] = self._call_of(verb, sandbox, attempt, now)
            except StoreError as failure:
                done[sandbox] = failure
        try:
            replies = self._scripts.commit_all(list(calls.values()))
        except (RedisError, RedisClusterException, OSError):
            for sandbox in calls:
                self._doubt(sandbox, attempts[sandbox])
            raise
        for sandbox, reply in zip(calls, replies, strict=True):
            attempt = attempts[sandbox]
            if isinstance(reply, Exception):
                attempt.undo()
                attempt.replica.forget()
                done[sandbox] = error_of(self._url, reply)
            elif reply.happened:
                self._keep(sandbox, attempt, reply, now)
                done[sandbox] = None
            else:
                attempt.undo()
                attempt.replica.lost += 1
                attempt.replica.catch_up(reply.version.decode(), reply.missed)
        return done

    def _call_of(self, verb: str, sandbox: str, attempt: Attempt, now: int) -> tuple[list[str], list[Any]]:
        """Return the keys and the arguments of the script."""
        replica, pending = attempt.replica, attempt.pending
        for new in pending.appended:
            if pending.read(LOGS, new.log) is None:
                pending.write(LOGS, new.log, 1)
        logs = list(replica.tables.get(LOGS, {}) | pending.writes.get(LOGS, {}))
        is_due = replica.version == NONE or now - replica.listed > self._life_ms * 250_000
        if is_due:
            self._index.put(sandbox, now, has_value=replica.has_value)
            replica.listed = now
        if replica.version == NONE:
            self._index.make_room(sandbox, now)
        keys = [
            self._index.key(sandbox, part) for part in ("meta", "state", "changes", *(f"log:{log}" for log in logs))
        ]
        life_ms = self._life_ms * 5 // 4  # it is prolonged when a quarter has passed
        who, claim_us = f"{self._name}/{os.getpid()}", _CLAIM_US if replica.lost >= _PATIENT_TRIES else 0
        kept, gone = fields_of(pending)
        head = f"{verb} {replica.version} {now} {pending.born} {life_ms} {is_due:d} {_CHANGES_KEPT} {who} {claim_us}"
        counts = f"{len(kept) // 2} {len(gone)}"
        return keys, [f"{head} {counts}", changes_of(pending), *kept, *gone, *log_steps(pending, logs)]

    def _keep(self, sandbox: str, attempt: Attempt, reply: Committed, now: int) -> None:
        """Let the replica follow the store."""
        replica = attempt.replica
        was_new, had_value = replica.version == NONE, replica.has_value
        attempt.keep()
        replica.version = reply.version.decode()
        replica.lost = 0
        if was_new or replica.has_value is not had_value:  # whoever looked for it meanwhile has taken it off
            self._index.put(sandbox, now, has_value=replica.has_value)

    def _doubt(self, sandbox: str, attempt: Attempt) -> None:
        """Remember what may have happened although nobody has confirmed it: the callers are told that it failed."""
        attempt.undo()
        attempt.replica.forget()
        self._unsure.add(sandbox, attempt.pending.appended)

    def _wipe(self, verb: str, sandbox: str, now: int) -> None:
        replica = self._replicas[sandbox]
        with replica.lock, self._answering(now):
            for _ in range(_MOST_TRIES):
                try:
                    self._refresh(sandbox, replica, now)
                except (StoreError, ResponseError) as failure:
                    if isinstance(failure, StoreDownError | OutOfMemoryError):
                        raise
                    self._index.heal(sandbox)
                    continue
                if replica.version == NONE:
                    return
                attempt = Attempt(replica, no_entries)
                attempt.pending.born = now
                done = self._commit_all(verb, {sandbox: attempt}, now)
                if done:
                    replica.forget()
                    if done[sandbox] is None:
                        return
                    self._index.heal(sandbox)
        raise too_busy(sandbox)

    def _refresh(self, sandbox: str, replica: Replica, now: int) -> None:
        """Read the whole sandbox, unless the replica follows it. Another process may have created a missing one."""
        if replica.version not in {"", NONE}:
            return
        for unsure in self._unsure.pop(sandbox):
            key = self._index.key(sandbox, f"log:{unsure.log}")
            self._scripts.correct(keys=[key], args=[unsure.entry, unsure.corrected])
        keys = [self._index.key(sandbox, "meta"), self._index.key(sandbox, "state")]
        version, born, fields = self._scripts.read(keys=keys, args=["state"])
        if version.decode() == NONE:
            replica.load(NONE, now, ())
            return
        try:
            replica.load(version.decode(), int(born), fields)
        except ValueError:
            raise corrupt(keys[1]) from None

    def _entries(self, sandbox: str, replica: Replica, log: str) -> Sequence[JournalEntry]:
        """Return the entries of a log, from the very version that the transaction reads."""
        keys = [self._index.key(sandbox, "meta"), self._index.key(sandbox, f"log:{log}")]
        try:
            version, _, entries = self._scripts.read(keys=keys, args=["log"])
        except ResponseError as failure:
            raise error_of(self._url, failure) from None
        if version.decode() != replica.version:
            raise Rerun
        try:
            return tuple(entry_of(entry.decode()) for entry in entries)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise corrupt(keys[1]) from None

    @contextmanager
    def _answering(self, now: int) -> Iterator[None]:
        """Turn what the client library raises into StoreError; a store that has just hung is not asked at once."""
        if now and now < self._paused_until:
            raise hangs(self._url)
        try:
            yield
        except (RedisError, RedisClusterException, OSError) as failure:
            if isinstance(failure, RedisTimeout):
                self._paused_until = max(self._paused_until, now + _PAUSE_NS)
            raise error_of(self._url, failure) from None


def _fail(results: list[Any], indexes: Sequence[int], failure: StoreError) -> None:
    for index in indexes:
        results[index] = Failed(failure)
