"""The values that travel through Rescind. All of them are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypedDict
from urllib.parse import urlsplit

CONTROL_PREFIX: Final = "/_rescind"
"""Where the control API is, below the base URL of a sandbox."""

SECOND: Final = 1_000_000_000
"""Nanoseconds: the unit of every point in time inside of Rescind."""

Record = Mapping[str, Any]
"""One item of a collection: an order, a product, a credential. A JSON object; never changed in place."""


class Request(NamedTuple):
    """A request as it came, relative to the base URL of its sandbox.

    ``path`` and ``query`` are percent-encoded as sent; header names are lower case, and the values of a repeated
    header are joined with ``", "`` (RFC 9110, section 5.3). ``base_url`` is what the client put before ``path``.
    ``has_socket`` is false where the host gives no access to the connection, so that no fault can break it.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str = ""
    has_socket: bool = True

    def with_slash(self) -> str:
        """Return the target, mount and sandbox included, with a slash after the path."""
        path = urlsplit(self.base_url).path + self.path.rstrip("/") + "/"
        return f"{path}?{self.query}" if self.query else path


class Reply(NamedTuple):
    """A reply, ready to be written: the headers without those that belong to the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


_PHRASES = {int(status): status.phrase for status in HTTPStatus}


def reason_phrase(status: int) -> str:
    """Return the registered reason phrase of a status, empty if there is none (RFC 9112, section 4)."""
    return _PHRASES.get(status, "")


class Delivery(NamedTuple):
    """What a client gets: a reply, or None where a fault leaves nothing to send.

    ``fault`` spoils the reply on the wire, after ``delay_ms`` milliseconds. A delivery that is late has the id of its
    ``entry`` in the journal, since the client may leave before it.
    """

    reply: Reply | None
    fault: str | None = None
    delay_ms: float = 0
    entry: int = 0


MARKS: Final = ("documented", "vendor-docs", "convention", "assumed")
"""From what part of an outcome can be known, the strongest first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a part of an outcome is known from: a mark, and the title and URL of the source.

    ``confidence`` is ``high``, ``medium``, ``low`` or empty; ``note`` says how the source is read.
    """

    mark: str
    title: str = ""
    url: str = ""
    confidence: str = ""
    note: str = ""

    def __str__(self) -> str:
        """Return the mark with the initial of the confidence: ``vendor-docs M``."""
        return f"{self.mark} {self.confidence[:1].upper()}".rstrip()

    @property
    def source(self) -> str:
        """The source in one line."""
        cited = f"{self.title} ({self.url})" if self.url else self.title or self.mark
        return f"{cited}, {self.note}" if self.note else cited


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an outcome is known from: its status, its reason (when it happens), and its text, None without a body."""

    status: Evidence
    reason: Evidence
    text: Evidence | None

    @property
    def parts(self) -> Mapping[str, Evidence]:
        """The parts that there are, by name."""
        parts = {"status": self.status, "reason": self.reason}
        return parts if self.text is None else parts | {"text": self.text}

    @property
    def mark(self) -> str:
        """The weakest mark of the parts."""
        return max((part.mark for part in self.parts.values()), key=MARKS.index)

    @property
    def source(self) -> str:
        """The sources of the parts in one line."""
        return "; ".join(f"{name}: {part.source}" for name, part in self.parts.items())

    def __str__(self) -> str:
        """Return the marks of status, reason and text: \N{MIDDLE DOT} between them."""
        return " \N{MIDDLE DOT} ".join((str(self.status), str(self.reason), str(self.text or "-")))


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


class Code(str):
    """Stands in the values of an answer for a text of the document: the example's ``x-texts`` has it by this code."""

    __slots__ = ()


class Answer(NamedTuple):
    """What a rule answers: the name of an outcome, and the values that its example may be filled with."""

    outcome: str
    values: Mapping[str, Any] = {}


class Decision(NamedTuple):
    """What was decided on a call, and why.

    ``stage`` and ``rule`` say where in the path of the request, ``says`` what the rule says of itself, and ``facts``
    what it looked at. ``outcome`` is None where the vendor has no part in the answer: then ``reply`` is Rescind's own,
    or, if that is None too, a fault leaves nothing to send.
    """

    stage: str
    outcome: str | None
    values: Mapping[str, Any] = {}
    rule: str = ""
    says: str = ""
    facts: tuple[Fact, ...] = ()
    reply: Reply | None = None

    @property
    def is_forced(self) -> bool:
        """Whether a test or the client chose the outcome, and not the rules."""
        return self.stage == FORCED


FORCED: Final = "forced"
"""The stage of a decision that an override or a preference made."""


EFFECT: Final = "effect"
"""The stage of a decision that the effect of the rules made."""

TOOK_EFFECT: Final = "took effect"
"""The field of the fact whether a call took effect before a forced answer."""

RIVAL: Final = Fact("rival", "called first", value=True)
"""The fact that somebody else made the same call just before."""


def effect_fact(natural: Decision) -> Fact:
    """Return the fact that a call took effect before a forced answer, or did not, since the rules refused it."""
    return Fact("call", TOOK_EFFECT, natural.stage == EFFECT)


class ViolationRecord(TypedDict):
    """One way in which a request broke the contract; ``refusal`` is the outcome that it is answered with, if any."""

    location: str
    parameter: str
    problem: str
    refusal: str | None


class JournalEntry(NamedTuple):
    """One exchange: what came, what was answered, and why.

    ``at`` is the sandbox's time and ``real`` the system's, both in nanoseconds since the epoch. ``forced`` says whether
    an ``override`` or a ``preference`` chose the outcome. ``secret_names`` are the parameters and headers that carry
    credentials. Long parts are cut; ``request_bytes`` and ``reply_bytes`` are the sizes of the bodies before, and
    ``size`` is about how many bytes the entry takes. ``reply_unknown`` says that the store did not confirm the exchange
    in time: the client was told that it failed.
    """

    id: int
    at: int
    real: int
    request: Request
    delivery: Delivery
    vendor: str | None = None
    operation: str | None = None
    forced: str | None = None
    decision: Decision | None = None
    violations: tuple[ViolationRecord, ...] = ()
    path_parameters: Mapping[str, str] = {}
    secret_names: tuple[str, ...] = ()
    took_ns: int = 0
    request_bytes: int = 0
    reply_bytes: int = 0
    size: int = 0
    reply_unknown: bool = False

    @property
    def outcome(self) -> str | None:
        """The name of the outcome; None where the vendor had no part in the answer."""
        return self.decision.outcome if self.decision else None

    @property
    def status(self) -> int | None:
        """The status of the reply; None where nothing was sent."""
        return self.delivery.reply.status if self.delivery.reply else None


@dataclass(frozen=True)
class Bounds:
    """What clients can make the sandbox keep, or do.

    ``sandboxes`` are kept at most, each until it is unused for ``idle_seconds`` and another needs its place; in each
    ``overrides``, ``journal`` entries of ``journal_bytes`` together, each with up to ``journal_body`` bytes of a head
    or body, and ``records`` that differ from the fixtures in a collection. All sandboxes together take ``total_bytes``.
    ``delay_ms`` is the longest delay, ``hang_ms`` the longest hang, and
    ``rule_seconds`` how long a rule may take.
    """

    sandboxes: int = 100_000
    idle_seconds: int = 86_400
    overrides: int = 1_000
    journal: int = 10_000
    journal_bytes: int = 16 * 1024 * 1024
    total_bytes: int = 1024 * 1024 * 1024
    journal_body: int = 16_384
    records: int = 100_000
    delay_ms: int = 600_000
    hang_ms: int = 60_000
    rule_seconds: int = 5


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
