"""The values that travel through Rescind. All of them are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    """An answer, ready to be written: the headers without those that belong to the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an outcome is known from: ``documented``, ``vendor-docs``, ``convention`` or ``assumed``, and a source."""

    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One named answer of one operation."""

    vendor: str
    operation: str
    name: str
    status: int
    description: str
    provenance: Provenance
    why_absent: Mapping[str, str]

    @property
    def id(self) -> str:
        """The name that is the same everywhere: ``vendor.operation.outcome``."""
        return f"{self.vendor}.{self.operation}.{self.name}"


class Answer(NamedTuple):
    """What was decided: the name of an outcome, and the values that its example may be filled with."""

    outcome: str
    values: Mapping[str, Any] = {}


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
