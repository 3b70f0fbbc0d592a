"""The sandboxes of a shared store as one process knows them."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rescind.store.codec import decode, encode, table_and_key
from rescind.store.pending import GONE, Pending, Tables, apply
from rescind.store.protocol import TRACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rescind.model import JournalEntry
    from rescind.store.pending import Appended

NONE: Final = "0"
"""The version of a sandbox that does not exist."""

LOGS: Final = "logs"
"""The table that names the logs of a sandbox."""

_MOST = 1_000
_MOST_UNSURE = 10_000


class Replica:
    """A sandbox as this process knows it. ``version`` is empty as long as it does not follow the store."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.listed = self.lost = 0
        self.has_value = False
        self.forget()

    def forget(self) -> None:
        """Know nothing of the sandbox."""
        self.version, self.born = "", 0
        self.tables: Tables = {}

    def load(self, version: str, born: int, fields: Sequence[bytes]) -> None:
        """Take the state that was read. Raises ValueError if it is corrupt."""
        self.forget()
        rows = zip(fields[::2], fields[1::2], strict=True)
        tables: Tables = {}
        for field, value in sorted(rows, key=lambda row: int(row[1].partition(b" ")[0])):
            table, key = table_and_key(field)
            tables.setdefault(table, {})[key] = decode(value.partition(b" ")[2].decode())
        self.version, self.born, self.tables = version, born, tables
        self.has_value = has_state(tables)

    def catch_up(self, version: str, missed: Sequence[bytes]) -> None:
        """Apply the changes that were missed; where not all of them are known any more, forget the sandbox."""
        if self.version == NONE or (not missed and version != self.version):
            self.forget()
            return
        for change in missed:
            for table, key, *value in decode(change.decode()):
                apply({table: {key: value[0] if value else GONE}}, self.tables)
        self.version = version


class Unsure(NamedTuple):
    """An entry that may stand in a log, though nobody has confirmed it; and as it should stand there then."""

    log: str
    entry: str
    corrected: str


class UnsureEntries:
    """The unsure entries of each sandbox, until they are corrected; no more than a bound of them."""

    def __init__(self) -> None:
        self._entries: dict[str, list[Unsure]] = {}

    def add(self, sandbox: str, appended: Iterable[Appended]) -> None:
        """Remember the entries whose commit was not answered."""
        for new in appended:
            if sum(map(len, self._entries.values())) < _MOST_UNSURE:
                unsure = Unsure(new.log, encode(new.entry), encode(new.entry._replace(reply_unknown=True)))
                self._entries.setdefault(sandbox, []).append(unsure)

    def pop(self, sandbox: str) -> Sequence[Unsure]:
        """Return the entries of a sandbox, and forget them."""
        return self._entries.pop(sandbox, ())


class Attempt:
    """Some transactions on a replica, one after the other, whose writes happen together or not at all."""

    def __init__(self, replica: Replica, entries: Callable[[str], Sequence[JournalEntry]]) -> None:
        self.replica = replica
        self.pending = Pending(replica.born, replica.tables, entries)
        self._entries = entries
        self._replaced: list[tuple[str, str, Any]] = []
        self._last: Pending | None = None

    def run(self, work: Callable[[Pending], Any]) -> Any:
        """Run one transaction. Raises what it raises: then nothing of it remains."""
        self._settle()
        step = Pending(self.replica.born, self.replica.tables, self._entries)
        result = work(step)
        self.pending.absorb(step)
        self._last = step
        return result

    def keep(self) -> None:
        """Let the replica have the writes, since the store has them."""
        apply(self.pending.writes, self.replica.tables)
        self.replica.has_value = self.replica.has_value or has_state(self.pending.writes)

    def undo(self) -> None:
        """Take back what the replica was given, since the store did not take it."""
        for table, key, value in reversed(self._replaced):
            apply({table: {key: value}}, self.replica.tables)
        if any(value is GONE for rows in self.pending.writes.values() for value in rows.values()):
            self.replica.forget()  # rows that were erased would come back in another order

    def _settle(self) -> None:
        """Let the next transaction see the writes of the last."""
        if self._last is None:
            return
        tables = self.replica.tables
        for table, rows in self._last.writes.items():
            before = tables.get(table, {})
            self._replaced += [(table, key, before.get(key, GONE)) for key in rows]
        apply(self._last.writes, tables)
        self._last = None


class Replicas:
    """The replicas that were used last, by the names of their sandboxes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._replicas: OrderedDict[str, Replica] = OrderedDict()

    def __getitem__(self, sandbox: str) -> Replica:
        """Return the replica of a sandbox."""
        with self._lock:
            replica = self._replicas.get(sandbox)
            if replica is None:
                replica = self._replicas[sandbox] = Replica()
                if len(self._replicas) > _MOST:
                    self._replicas.popitem(last=False)
            else:
                self._replicas.move_to_end(sandbox)
            return replica


def has_state(tables: Tables) -> bool:
    """Return whether a sandbox holds more than traces of calls."""
    return not tables.keys() <= {*TRACES, LOGS}


def no_entries(log: str) -> Sequence[JournalEntry]:  # noqa: ARG001 - the form that ``Attempt`` asks for
    """Return the entries of a log for work that reads none."""
    return ()
