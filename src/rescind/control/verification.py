"""Verifying what a client did: how often, in which order, at which pace; with the nearest misses where it did not."""

from __future__ import annotations

from heapq import nsmallest
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from rescind.contract.received import Received
from rescind.control.journal import full_name
from rescind.control.masking import mask_request
from rescind.control.matching import Difference, Expected, differences, fits
from rescind.control.secrets import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rescind.control.secrets import Secrets
    from rescind.model import JournalEntry

_NEAREST = 3
_MILLISECOND = 1_000_000
_PLAIN = ("vendor", "operation", "outcome", "status", "method", "path", "forced", "fault")


class Verdict(TypedDict):
    """Whether the exchanges are as wanted; ``matched`` are the ids of those that match.

    Where they are not: the exchanges that came ``too_soon``, the ``step`` of an order that was not met, the ``nearest``
    misses field by field.
    """

    verified: bool
    count: int
    matched: list[int]
    too_soon: NotRequired[list[TooSoon]]
    step: NotRequired[int]
    nearest: NotRequired[list[NearMiss]]


class TooSoon(TypedDict):
    """An exchange that came too soon after the one before, and after how many milliseconds."""

    id: int
    after_ms: float


class Miss(TypedDict):
    """A field of an exchange that is not as expected."""

    field: str
    expected: Any
    got: Any


class NearMiss(TypedDict):
    """An exchange that nearly matched, and the fields in which it did not."""

    id: int
    request: dict[str, Any]
    outcome: str | None
    misses: list[Miss]


class MatchSchema(Schema):
    """Which exchanges are meant: those that have all of it."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    vendor = Expected(allow_none=True)
    operation = Expected(allow_none=True)
    outcome = Expected(allow_none=True)
    status = Expected()
    method = Expected()
    path = Expected()
    forced = Expected(allow_none=True)
    fault = Expected(allow_none=True)
    parameters = fields.Dict(keys=fields.String(), values=Expected())
    headers = fields.Dict(keys=fields.String(), values=Expected())


class VerifySchema(Schema):
    """What ``POST /journal/verify`` takes."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    match = fields.Nested(MatchSchema, load_default=dict)
    count = fields.Integer(strict=True, validate=validate.Range(min=0))
    at_least = fields.Integer(strict=True, validate=validate.Range(min=0))
    at_most = fields.Integer(strict=True, validate=validate.Range(min=0))
    min_interval_ms = fields.Integer(strict=True, validate=validate.Range(min=0))
    order = fields.List(fields.Nested(MatchSchema), validate=validate.Length(1, 100))

    @validates_schema
    def say_one_thing(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a verification that asks for nothing, or for what excludes each other."""
        if not data.keys() & {"count", "at_least", "at_most", "min_interval_ms", "order"}:
            raise ValidationError("Say count, at_least, at_most, min_interval_ms or order.", "count")
        if "order" in data and (data["match"] or data.keys() & {"count", "at_least", "at_most", "min_interval_ms"}):
            raise ValidationError("Cannot be combined with other fields.", "order")
        if data.get("at_least", 0) > data.get("at_most", data.get("at_least", 0)):
            raise ValidationError("Cannot be more than at_most.", "at_least")


def verify(entries: Sequence[JournalEntry], wanted: Mapping[str, Any]) -> Verdict:
    """Check that the exchanges are as wanted; ``nearest`` are those that came closest, field by field."""
    if "order" in wanted:
        return _verify_order(entries, wanted["order"])
    misses = [(entry, misses_of(entry, wanted["match"])) for entry in entries]
    matched = [entry for entry, missing in misses if not missing]
    count = len(matched)
    as_often = count == wanted.get("count", count)
    as_often &= wanted.get("at_least", 0) <= count <= wanted.get("at_most", count)
    too_soon = _too_soon(matched, wanted.get("min_interval_ms", 0))
    report: Verdict = {
        "verified": as_often and not too_soon,
        "count": count,
        "matched": [entry.id for entry in matched],
    }
    if too_soon:
        report["too_soon"] = too_soon
    if not as_often:
        report["nearest"] = _nearest([one for one in misses if one[1]])
    return report


def misses_of(entry: JournalEntry, match: Mapping[str, Any]) -> list[Difference]:
    """Return each field in which an exchange is not what the match says."""
    received = Received(entry.request, entry.path_parameters)
    outcome = match.get("outcome")
    got = {
        "vendor": entry.vendor,
        "operation": entry.operation,
        "outcome": full_name(entry) if isinstance(outcome, str) and "." in outcome else entry.outcome,
        "status": entry.status,
        "method": entry.request.method,
        "path": entry.request.path,
        "forced": entry.forced,
        "fault": entry.delivery.fault,
    }
    plain = {name: match[name] for name in _PLAIN if name in match}
    expected = match.get("parameters", {})
    query = {
        name: next((value for value in values if fits(expected.get(name), value)), values[0])
        for name, values in received.query.items()
    }
    parameters = {**query, **received.json_fields, **received.path}
    headers = {name.lower(): expected for name, expected in match.get("headers", {}).items()}
    return (
        differences(plain, got)
        + differences(expected, parameters, "parameters.")
        + differences(headers, entry.request.headers, "headers.")
    )


def _verify_order(entries: Sequence[JournalEntry], order: Sequence[Mapping[str, Any]]) -> Verdict:
    """Check that exchanges like these came one after the other, with or without others in between."""
    position = 0
    matched: list[int] = []
    for step, match in enumerate(order):
        misses: list[tuple[JournalEntry, list[Difference]]] = []
        for entry in islice(entries, position, None):
            position += 1
            missing = misses_of(entry, match)
            if not missing:
                matched.append(entry.id)
                break
            misses.append((entry, missing))
        else:
            nearest = _nearest(misses)
            return {"verified": False, "count": len(matched), "matched": matched, "step": step, "nearest": nearest}
    return {"verified": True, "count": len(matched), "matched": matched}


def _too_soon(matched: Sequence[JournalEntry], min_interval_ms: int) -> list[TooSoon]:
    """Return the exchanges that came sooner after the one before than they may, by the system's clock."""
    pauses = [(later.id, (later.real - earlier.real) / _MILLISECOND) for earlier, later in pairwise(matched)]
    return [{"id": identifier, "after_ms": pause} for identifier, pause in pauses if pause < min_interval_ms]


def _masked(difference: Difference, secrets: Secrets) -> Miss:
    """Mask what must not be shown of a difference."""
    kind, _, name = difference.field.partition(".")
    hidden = kind in {"parameters", "headers"} and secrets.is_secret(name, in_form=True) and difference.got is not None
    got = MASK if hidden else secrets.repeated(difference.got)
    return {"field": difference.field, "expected": difference.expected, "got": got}


def _nearest(misses: Iterable[tuple[JournalEntry, list[Difference]]]) -> list[NearMiss]:
    return [_near_miss(entry, missing) for entry, missing in nsmallest(_NEAREST, misses, key=lambda one: len(one[1]))]


def _near_miss(entry: JournalEntry, missing: Sequence[Difference]) -> NearMiss:
    shown = mask_request(entry)
    return {
        "id": entry.id,
        "request": {"method": entry.request.method, "path": shown.path, "query": shown.query},
        "outcome": full_name(entry),
        "misses": [_masked(difference, shown.secrets) for difference in missing],
    }
