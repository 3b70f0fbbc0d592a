"""The values that travel through Rescind. All of them are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Record = Mapping[str, Any]
"""One item of a collection: an order, a product, a credential. A JSON object; never changed in place."""


class Request(NamedTuple):
    """A request as it came, relative to the base URL of its sandbox.

    ``path`` and ``query`` are percent-encoded as sent; header names are lower case, and the values of a repeated
    header are joined with ``", "`` (RFC 9110, section 5.3). ``base_url`` is what the client put before ``path``.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str = ""


class Reply(NamedTuple):
    """An answer, ready to be written: the headers without those that belong to the connection.

    ``fault`` spoils it on the wire, after ``delay_ms`` milliseconds; ``status`` 0 is no reply at all.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    fault: str | None = None
    delay_ms: float = 0


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an outcome is known from: ``documented``, ``vendor-docs``, ``convention`` or ``assumed``, and a source."""

    mark: str
    source: str


@dataclass(frozen=True)
class Outcome:
    """One named answer of one operation."""

    vendor: str
    operation: str
    name: str
    status: int
    description: str
    provenance: Provenance
    why_absent: Mapping[str, str]

    @cached_property
    def id(self) -> str:
        """The name that is the same everywhere: ``vendor.operation.outcome``."""
        return f"{self.vendor}.{self.operation}.{self.name}"


class Fact(NamedTuple):
    """Something that a decision looked at: a field of a record, or ``field`` empty where there is no such record."""

    of: str
    field: str
    value: Any


class Answer(NamedTuple):
    """What was decided: the name of an outcome, and the values that its example may be filled with.

    ``stage`` and ``rule`` say where in the path of the request it was decided, ``says`` what that rule says of itself,
    and ``facts`` what it looked at. An empty ``outcome`` is a call that gets no answer.
    """

    outcome: str
    values: Mapping[str, Any] = {}
    stage: str = ""
    rule: str = ""
    says: str = ""
    facts: tuple[Fact, ...] = ()


class JournalEntry(NamedTuple):
    """One exchange: what came, what was answered, and why.

    ``at`` is the sandbox's time and ``real`` the system's, both in nanoseconds since the epoch. ``secret_names`` are
    the parameters and headers that carry credentials.
    """

    id: int
    at: int
    real: int
    request: Request
    reply: Reply
    vendor: str | None = None
    operation: str | None = None
    outcome: str | None = None
    forced: str | None = None
    answer: Answer | None = None
    violations: tuple[Mapping[str, Any], ...] = ()
    parameters: Mapping[str, Any] = {}
    secret_names: tuple[str, ...] = ()
    took_ns: int = 0


@dataclass(frozen=True)
class Bounds:
    """What clients can make the sandbox keep, or do.

    ``sandboxes`` are kept at most, each until it is unused for ``idle_seconds`` and another needs its place; in each
    ``overrides``, ``journal`` entries with up to ``journal_body`` bytes of a body, and ``records`` that differ from the
    fixtures in a collection. ``delay_ms`` is the longest delay, ``hang_ms`` the longest hang.
    """

    sandboxes: int = 100_000
    idle_seconds: int = 86_400
    overrides: int = 1_000
    journal: int = 10_000
    journal_body: int = 16_384
    records: int = 100_000
    delay_ms: int = 600_000
    hang_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Seeds:
    """The world as the fixtures describe it, shared by all sandboxes.

    ``indexes`` finds records by the value of a field: ``(collection, field)`` to value to identifiers, in the order of
    the fixture. ``relative`` names the fields of records that hold moments relative to the beginning of the sandbox.
    """

    settings: Record
    collections: Mapping[str, Mapping[str, Record]]
    indexes: Mapping[tuple[str, str], Mapping[Any, tuple[str, ...]]]
    relative: Mapping[tuple[str, str], tuple[str, ...]]
