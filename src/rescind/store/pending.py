"""A transaction that is under way: what it reads from its sandbox, and what it has not written there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from rescind.model import JournalEntry

Tables = dict[str, dict[str, Any]]
GONE = object()
"""What a write puts in the place of a value that is erased."""


class Appended(NamedTuple):
    """An entry for a log, and how many entries and bytes the log keeps."""

    log: str
    entry: JournalEntry
    keep: int
    keep_bytes: int


class Pending:
    """Reads from a sandbox's tables and from its own writes, which reach the sandbox only once they are applied."""

    __slots__ = ("_entries", "_has_read_log", "_tables", "appended", "born", "cleared", "writes")

    def __init__(self, born: int, tables: Tables, entries: Callable[[str], Sequence[JournalEntry]]) -> None:
        self.born = born
        self.writes: Tables = {}
        self.appended: list[Appended] = []
        self.cleared: list[str] = []
        self._tables = tables
        self._entries = entries
        self._has_read_log = False

    @property
    def only_reads_logs(self) -> bool:
        """Whether it has read a log and changes nothing: then whoever gave the log has seen to its state."""
        return self._has_read_log and not (self.writes or self.appended or self.cleared)

    def adds_outside(self, tables: Container[str]) -> bool:
        """Return whether it puts values into other tables than these."""
        return any(
            value is not GONE for name, rows in self.writes.items() if name not in tables for value in rows.values()
        )

    def read(self, table: str, key: str, default: Any = None) -> Any:
        """See ``Transaction``."""
        rows = self.writes.get(table)
        if rows is None or key not in rows:
            rows = self._tables.get(table)
            if rows is None or key not in rows:
                return default
        value = rows[key]
        return default if value is GONE else value

    def write(self, table: str, key: str, value: Any) -> None:
        """See ``Transaction``."""
        rows = self.writes.get(table)
        if rows is None:
            rows = self.writes[table] = {}
        rows[key] = value

    def discard(self) -> None:
        """See ``Transaction``."""
        self.writes.clear()
        self.appended.clear()
        self.cleared.clear()

    def absorb(self, later: Pending) -> None:
        """Add the writes of a transaction that came after this one, so that both happen together."""
        for name, rows in later.writes.items():
            self.writes.setdefault(name, {}).update(rows)
        for log in later.cleared:
            self.cleared.append(log)
            self.appended = [new for new in self.appended if new.log != log]
        self.appended += later.appended
        self._has_read_log = self._has_read_log or later._has_read_log

    def erase(self, table: str, key: str) -> None:
        """See ``Transaction``."""
        self.write(table, key, GONE)

    def add(self, table: str, key: str, amount: int = 1) -> None:
        """See ``Transaction``."""
        self.write(table, key, self.read(table, key, 0) + amount)

    def rows(self, table: str) -> Mapping[str, Any]:
        """See ``Transaction``."""
        before, writes = self._tables.get(table, {}), self.writes.get(table)
        if not writes:
            return before
        return {key: value for key, value in (before | writes).items() if value is not GONE}

    def append(self, log: str, entry: JournalEntry, keep: int, keep_bytes: int) -> None:
        """See ``Transaction``."""
        self.appended.append(Appended(log, entry, keep, keep_bytes))

    def clear(self, log: str) -> None:
        """See ``Transaction``."""
        self.cleared.append(log)

    def entries(self, log: str) -> Sequence[JournalEntry]:
        """See ``Transaction``."""
        self._has_read_log = True
        return self._entries(log)

    def snapshot(self) -> Pending:
        """See ``Transaction``."""
        tables = {name: dict(self.rows(name)) for name in {*self._tables, *self.writes}}
        return Pending(self.born, tables, lambda _: ())


def apply(writes: Tables, tables: Tables) -> None:
    """Let the writes reach the tables."""
    for name, rows in writes.items():
        table = tables.setdefault(name, {})
        for key, value in rows.items():
            if value is GONE:
                table.pop(key, None)
            else:
                table[key] = value
