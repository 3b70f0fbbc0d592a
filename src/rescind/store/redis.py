"""The world in Redis or Valkey, shared by any number of processes and machines.

Each process keeps a replica of the sandboxes that it works on, and runs a transaction against it. The commit is one
call of a script that lets the writes happen if nobody else has changed the sandbox in between; else it answers with
what was missed, and the transaction runs again. So a call costs one round trip, or two where processes meet in one
sandbox.
"""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from redis.exceptions import OutOfMemoryError, RedisClusterException, RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from rescind.errors import StoreDownError
from rescind.model import SECOND
from rescind.store.codec import changes_of, decode, entry_of, field_steps, log_steps, table_and_key
from rescind.store.connection import TIMEOUT_SECONDS, connect, shown
from rescind.store.pending import GONE, Pending, Tables, apply
from rescind.store.protocol import SandboxInfo, no_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rescind.model import Bounds, JournalEntry
    from rescind.store.protocol import Transaction

T = TypeVar("T")

_REMEDY: Final = "start it, or check --store"

_COMMIT, _READ = ((Path(__file__).parent / f"{name}.lua").read_text() for name in ("commit", "read"))
_NONE: Final = "0"
"""The version of a sandbox that does not exist."""

_PAUSE_NS = TIMEOUT_SECONDS * SECOND + SECOND // 4
"""Counted from the beginning of the call that was not answered in time."""

_MOST_TRIES = 1_000
_PATIENT_TRIES = 2
_CLAIM_US = 20_000
_CHANGES_KEPT = 32
_REPLICAS = 1_000
_LOGS = "logs"


class _Stale(BaseException):  # no error, and none of those that a transaction may catch: it runs again
    """The replica is not what the store has now."""


class _Replica:
    """A sandbox as this process knows it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.listed = self.lost = 0
        self.forget()

    def forget(self) -> None:
        self.version, self.born = "", 0
        self.tables: Tables = {}


class _Reply(NamedTuple):
    """What the script answers: whether the step happened, the version now, and the changes that were missed."""

    happened: int
    version: bytes
    missed: Sequence[bytes] = ()


class RedisStore:
    """Sandboxes in a Redis, a Valkey or a cluster of them, at a URL. ``version`` keeps worlds apart, see ``Store.of``.

    Raises StoreDownError if it does not answer.
    """

    def __init__(self, url: str, bounds: Bounds, version: str = "", client: Any = None) -> None:
        self._url = url
        self._bounds = bounds
        self._version = version
        self._life_ms = bounds.idle_seconds * 1000
        self._replicas: OrderedDict[str, _Replica] = OrderedDict()
        self._lock = Lock()
        self._paused_until = 0
        with self._answering(0):
            self._client: Any = client or connect(url)
            self._script = self._client.register_script(_COMMIT)
            self._read = self._client.register_script(_READ)
            self._name = self._client.incr("rescind:processes")  # workers that are forked differ by their process

    def of(self, version: str) -> RedisStore:
        """Return the store of one version of the fixtures; see ``Store``."""
        return RedisStore(self._url, self._bounds, version, self._client)

    def transact(self, sandbox: str, now: int, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` until its writes have met the state that it has read; see ``Store``."""
        replica = self._replica(sandbox)
        with replica.lock, self._answering(now):
            for _ in range(_MOST_TRIES):
                self._refresh(sandbox, replica, now)
                pending = Pending(replica.born, replica.tables, lambda log: self._entries(sandbox, replica, log))
                try:
                    result = work(pending)
                except _Stale:
                    replica.forget()
                    continue
                except Exception:
                    if self._commit("write", sandbox, replica, Pending(replica.born, {}, _no_entries), now):
                        raise  # it has seen the world as it is
                    continue
                if pending.only_reads_logs or self._commit("write", sandbox, replica, pending, now):
                    return result
        raise _too_busy(sandbox)

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new; see ``Store``."""
        self._wipe("reset", sandbox, now)

    def drop(self, sandbox: str) -> None:
        """Forget a sandbox; see ``Store``."""
        with self._answering(0):
            self._client.srem(self._index, sandbox)  # first, so that whoever begins it anew lists it anew
        self._wipe("drop", sandbox, 0)

    def sandboxes(self) -> Sequence[SandboxInfo]:
        """Return the sandboxes that exist; see ``Store``."""
        with self._answering(0):
            names = sorted(name.decode() for name in self._client.smembers(self._index))
            pipeline = self._client.pipeline(transaction=False)
            for name in names:
                pipeline.hmget(self._key(name, "meta"), "born", "used")
                pipeline.hkeys(self._key(name, "state"))
            found = pipeline.execute()
            infos = [
                self._describe(name, times, fields)
                for name, times, fields in zip(names, found[::2], found[1::2], strict=True)
                if times[0] is not None
            ]
            gone = set(names) - {info.name for info in infos}
            if gone:
                self._client.srem(self._index, *gone)
            for name in gone:  # one may have begun in between
                if self._client.exists(self._key(name, "meta")):
                    self._client.sadd(self._index, name)
        return infos

    def _commit(self, verb: str, sandbox: str, replica: _Replica, pending: Pending, now: int) -> bool:
        """Let the writes happen, if the replica is what the store has; else catch up, and give False.

        Whoever has lost often claims the sandbox for the next try: without that, the process that won last, and so has
        nothing to catch up with, would win again and again.
        """
        for log, _, _ in pending.appended:
            if pending.read(_LOGS, log) is None:
                pending.write(_LOGS, log, 1)
        logs = list(replica.tables.get(_LOGS, {}) | pending.writes.get(_LOGS, {}))
        keys = [self._key(sandbox, part) for part in ("meta", "state", "changes", *(f"log:{log}" for log in logs))]
        head = [verb, replica.version, now, pending.born, self._life_ms, changes_of(pending), _CHANGES_KEPT]
        head += [f"{self._name}/{os.getpid()}", _CLAIM_US if replica.lost >= _PATIENT_TRIES else 0]
        is_new = replica.version == _NONE
        if is_new or now - replica.listed > self._life_ms * 250_000:
            self._list(sandbox, replica, now)
        reply = _Reply(*self._script(keys=keys, args=[*head, *field_steps(pending), *log_steps(pending, logs)]))
        if reply.happened:
            apply(pending.writes, replica.tables)
            replica.version = reply.version.decode()
            replica.lost = 0
            if is_new:
                self._client.sadd(self._index, sandbox)  # whoever looked for it meanwhile has taken it off
            return True
        replica.lost += 1
        _catch_up(replica, reply)
        return False

    def _wipe(self, verb: str, sandbox: str, now: int) -> None:
        replica = self._replica(sandbox)
        with replica.lock, self._answering(now):
            for _ in range(_MOST_TRIES):
                self._refresh(sandbox, replica, now)
                if replica.version == _NONE:
                    return
                if self._commit(verb, sandbox, replica, Pending(now, {}, _no_entries), now):
                    replica.forget()
                    return
        raise _too_busy(sandbox)

    def _refresh(self, sandbox: str, replica: _Replica, now: int) -> None:
        """Read the whole sandbox, unless the replica follows it. Another process may have created a missing one."""
        if replica.version not in {"", _NONE}:
            return
        keys = [self._key(sandbox, "meta"), self._key(sandbox, "state")]
        version, born, fields = self._read(keys=keys, args=["state"])
        replica.version = version.decode()
        replica.born = now if replica.version == _NONE else int(born)
        replica.tables = {}
        rows = zip(fields[::2], fields[1::2], strict=True)
        for field, value in sorted(rows, key=lambda row: int(row[1].partition(b" ")[0])):
            table, key = table_and_key(field)
            replica.tables.setdefault(table, {})[key] = decode(value.partition(b" ")[2].decode())

    def _entries(self, sandbox: str, replica: _Replica, log: str) -> Sequence[JournalEntry]:
        """Return the entries of a log, from the very version that the transaction reads."""
        keys = [self._key(sandbox, "meta"), self._key(sandbox, f"log:{log}")]
        version, _, entries = self._read(keys=keys, args=["log"])
        if version.decode() != replica.version:
            raise _Stale
        return tuple(entry_of(entry.decode()) for entry in entries)

    def _describe(self, sandbox: str, times: Sequence[bytes], fields: Sequence[bytes]) -> SandboxInfo:
        keys = [table_and_key(field) for field in fields]
        rows = dict(Counter(table for table, _ in keys if table != _LOGS))
        rows |= {log: self._client.llen(self._key(sandbox, f"log:{log}")) for table, log in keys if table == _LOGS}
        return SandboxInfo(sandbox, int(times[0]), int(times[1]), rows)

    def _list(self, sandbox: str, replica: _Replica, now: int) -> None:
        """Put the sandbox on the list of those that exist. Raises StoreError if there is no room."""
        self._client.sadd(self._index, sandbox)
        self._client.pexpire(self._index, 2 * self._life_ms)
        if replica.version == _NONE and self._client.scard(self._index) > self._bounds.sandboxes:
            if len(self.sandboxes()) >= self._bounds.sandboxes:
                self._client.srem(self._index, sandbox)
                raise no_room(self._bounds)
            self._client.sadd(self._index, sandbox)
        replica.listed = now

    def _replica(self, sandbox: str) -> _Replica:
        with self._lock:
            replica = self._replicas.get(sandbox)
            if replica is None:
                replica = self._replicas[sandbox] = _Replica()
                if len(self._replicas) > _REPLICAS:
                    self._replicas.popitem(last=False)
            else:
                self._replicas.move_to_end(sandbox)
            return replica

    @property
    def _index(self) -> str:
        return f"rescind:{self._version}:sandboxes"

    def _key(self, sandbox: str, part: str) -> str:
        """Return a key; the braces keep the keys of one sandbox on one node of a cluster."""
        return f"rescind:{self._version}:{{~{sandbox}}}:{part}"

    @contextmanager
    def _answering(self, now: int) -> Iterator[None]:
        """Turn what the client library raises into StoreDownError; one that has just hung is not asked at once."""
        if now and now < self._paused_until:
            raise StoreDownError(f"the store at {shown(self._url)} did not answer in time", _REMEDY)
        try:
            yield
        except (RedisError, RedisClusterException, OSError) as failure:
            if isinstance(failure, RedisTimeout):
                self._paused_until = max(self._paused_until, now + _PAUSE_NS)
            if isinstance(failure, OutOfMemoryError):
                problem = f"the store at {shown(self._url)} has no memory left"
                raise StoreDownError(problem, "drop sandboxes, or give it a larger maxmemory") from None
            problem = f"the store at {shown(self._url)} does not answer: {failure}"
            raise StoreDownError(problem, _REMEDY) from None


def _catch_up(replica: _Replica, reply: _Reply) -> None:
    """Apply the changes that were missed; where they are not all known any more, the sandbox has to be read again."""
    if replica.version == _NONE or (not reply.missed and reply.version.decode() != replica.version):
        replica.forget()
        return
    for change in reply.missed:
        for table, key, *value in decode(change.decode()):
            apply({table: {key: value[0] if value else GONE}}, replica.tables)
    replica.version = reply.version.decode()


def _too_busy(sandbox: str) -> StoreDownError:
    return StoreDownError(f"too many processes write to sandbox {sandbox!r}", "give tests sandboxes of their own")


def _no_entries(log: str) -> Sequence[JournalEntry]:  # noqa: ARG001 - the form that Pending asks for
    return ()
