"""A vendor's world inside one transaction: the seeds, and over them what the sandbox has changed."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.documents import moments
from rescind.model import SECOND, Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.model import Record, Seeds
    from rescind.store import Transaction

_UNCHANGED = object()
_ADDED = " collections"
_WHO = "credentials"


class Observed(dict[str, Any]):
    """A record that notes which of its fields are looked at, for the journal."""

    __slots__ = ("_name", "_notes")

    def __init__(self, record: Record, name: str, notes: list[Fact]) -> None:
        super().__init__(record)
        self._name = name
        self._notes = notes

    def __getitem__(self, field: str) -> Any:
        value = super().__getitem__(field)
        self._notes.append(Fact(self._name, field, value))
        return value


class World:
    """The collections and settings of one vendor, at the sandbox's time ``now`` (nanoseconds since the epoch).

    Records are never changed in place: a change writes a new one. Each carries its identifier as ``id``.
    """

    def __init__(self, transaction: Transaction, vendor: str, seeds: Seeds, now: int) -> None:
        self.transaction = transaction
        self.vendor = vendor
        self.seeds = seeds
        self.now = now
        self.notes: list[Fact] = []

    @property
    def timestamp(self) -> str:
        """The sandbox's time as text."""
        return moments.format(self.now)

    def get(self, collection: str, identifier: str) -> Record | None:
        """Return the record with this identifier, or None."""
        record: Record | None = self.transaction.read(self._table(collection), identifier, _UNCHANGED)
        if record is _UNCHANGED:
            record = self._seed(collection, identifier)
        if record is None:
            self.notes.append(Fact(_name(collection, identifier), "", None))
            return None
        return self._observed(collection, record)

    def find(self, collection: str, field: str, value: Any) -> list[Record]:
        """Return the records whose ``field`` has this value. For the fixtures' records the field must be indexed."""
        changed = self.transaction.rows(self._table(collection))
        seeded = self.seeds.indexes[collection, field].get(value, ())
        unchanged = (self._seed(collection, identifier) for identifier in seeded if identifier not in changed)
        found = [record for record in unchanged if record]
        found += [record for record in changed.values() if record and record.get(field) == value]
        return [self._observed(collection, record) for record in found]

    def records(self, collection: str) -> Iterator[Record]:
        """Yield all records of a collection, those of the fixtures first."""
        changed = self.transaction.rows(self._table(collection))
        for identifier in self.seeds.collections.get(collection, {}):
            record = changed[identifier] if identifier in changed else self._seed(collection, identifier)
            if record:
                yield record
        for identifier, record in changed.items():
            if record and identifier not in self.seeds.collections.get(collection, {}):
                yield record

    def size(self, collection: str) -> int:
        """Return how many records of a collection differ from the fixture's."""
        return len(self.transaction.rows(self._table(collection)))

    def put(self, collection: str, identifier: str, record: Record) -> None:
        """Add a record, or replace it."""
        if collection not in self.seeds.collections:
            self.transaction.write(f"{self.vendor}{_ADDED}", collection, 1)
        self.transaction.write(self._table(collection), identifier, {**record, "id": identifier})

    def change(self, collection: str, record: Record, **fields: Any) -> None:
        """Replace fields of a record."""
        self.put(collection, record["id"], {**record, **fields})

    def remove(self, collection: str, record: Record) -> None:
        """Remove a record for good."""
        self.transaction.write(self._table(collection), record.get("id", ""), None)  # no fact: it may be a credential

    @cached_property
    def settings(self) -> Record:
        """The vendor's settings."""
        changed: Record = self.transaction.read("settings", self.vendor, {})
        return Observed({**self.seeds.settings, **changed}, "settings", self.notes)

    def change_settings(self, changes: Record) -> None:
        """Change some of the vendor's settings; the others stay those of the fixture."""
        before: Record = self.transaction.read("settings", self.vendor, {})
        self.transaction.write("settings", self.vendor, {**before, **changes})
        self.__dict__.pop("settings", None)

    def collections(self) -> list[str]:
        """Return the names of the collections that have records."""
        added = self.transaction.rows(f"{self.vendor}{_ADDED}")
        return [*self.seeds.collections, *(name for name in added if name not in self.seeds.collections)]

    def is_past(self, moment: str) -> bool:
        """Return whether the sandbox's time has reached a moment."""
        return moments.parse(moment, self.transaction.born) <= self.now

    def after(self, seconds: int) -> str:
        """Return the moment that many seconds from the sandbox's time, or the last one that can be written."""
        return moments.format(min(self.now + seconds * SECOND, moments.LAST))

    def new_identifier(self, kind: str) -> str:
        """Make a token that is new in this sandbox, and the same at the same point of each sandbox's life."""
        serial = self.transaction.read("serials", f"{self.vendor}/{kind}", 0) + 1
        self.transaction.write("serials", f"{self.vendor}/{kind}", serial)
        return hashlib.blake2b(f"{self.vendor}/{kind}/{serial}".encode(), digest_size=16).hexdigest()

    def new_uuid(self, kind: str) -> str:
        """Make an identifier like ``new_identifier``, in the form of a random UUID (RFC 9562, section 5.4)."""
        text = self.new_identifier(kind)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def _observed(self, collection: str, record: Record) -> Record:
        return Observed(record, _name(collection, record["id"]), self.notes)

    def _seed(self, collection: str, identifier: str) -> Record | None:
        record = self.seeds.collections.get(collection, {}).get(identifier)
        fields = self.seeds.relative.get((collection, identifier))
        if record and fields:
            born = self.transaction.born
            return {**record, **{name: moments.format(moments.parse(record[name], born)) for name in fields}}
        return record

    def _table(self, collection: str) -> str:
        return f"{self.vendor}/{collection}"


def _name(collection: str, identifier: str) -> str:
    """Return the name of a record in the journal, which never has a credential in it."""
    return "credential" if collection == _WHO else f"{collection} {identifier}"
