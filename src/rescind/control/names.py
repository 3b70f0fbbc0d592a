"""The names that a test writes, checked: vendors, operations, outcomes, parameters, faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.control.faults import FAULTS
from rescind.control.payloads import invalid_fields
from rescind.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from marshmallow import Schema

    from rescind.contract.operations import Operation
    from rescind.documents.reading import Pointer
    from rescind.rules.vendor import Vendor

FORCED_BY = ("override", "preference")


def refuse_unknown_names(
    match: Mapping[str, Any], vendors: Mapping[str, Vendor], schema: Schema, place: Pointer = ()
) -> None:
    """Raise Problem for names that nothing has: a wrong name must not verify that nothing happened.

    A pattern is not a name, and neither is null. ``place`` is where the match stands in the body of ``schema``.
    """
    wrong = [((*place, *where), message) for where, message in _unknown_names(match, vendors)]
    if wrong:
        raise invalid_fields(wrong, schema)


def _unknown_names(match: Mapping[str, Any], vendors: Mapping[str, Vendor]) -> Iterator[tuple[Pointer, str]]:
    """Yield each name that nothing has, with the nearest that something has."""
    yield from _unknown("vendor", match, vendors)
    chosen = [vendors[match["vendor"]]] if _name(match, "vendor") in vendors else list(vendors.values())
    operations = [one for vendor in chosen for one in (*vendor.operations.values(), *vendor.fallbacks)]
    yield from _unknown("operation", match, [one.id for one in operations])
    operations = [one for one in operations if one.id == _name(match, "operation")] or operations
    yield from _unknown("outcome", match, _outcomes(operations, _name(match, "outcome")))
    yield from _unknown("fault", match, FAULTS)
    yield from _unknown("forced", match, FORCED_BY)
    parameters = list(dict.fromkeys(name for one in operations for name in one.matchable))
    for name in match.get("parameters", {}):
        if parameters and name not in parameters:
            yield ("parameters", name), _message(name, parameters)


def _unknown(field: str, match: Mapping[str, Any], known: Iterable[str]) -> Iterator[tuple[Pointer, str]]:
    name, names = _name(match, field), list(known)
    if name is not None and names and name not in names:
        yield (field,), _message(name, names)


def _message(name: str, known: list[str]) -> str:
    return f"Unknown: {name!r}; did you mean {nearest(name, known)!r}?"


def _name(match: Mapping[str, Any], field: str) -> str | None:
    value = match.get(field)
    return value if isinstance(value, str) else None


def _outcomes(operations: Iterable[Operation], wanted: str | None) -> list[str]:
    """Return the names of the outcomes or, where a whole id is wanted, their ids."""
    is_id = wanted is not None and "." in wanted
    outcomes = (example.outcome for one in operations for example in one.examples.values())
    return list(dict.fromkeys(outcome.id if is_id else outcome.name for outcome in outcomes))
