"""Overrides: orders from a test to answer the next matching calls with an outcome, a fault or a delay.

They are queued, and taken in their order inside the call's own transaction, so that ``times: 7`` applies exactly seven
times, however many clients call at once.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypedDict, cast

from marshmallow import RAISE, Schema, fields, validate

from rescind.control.delays import Delay, draw
from rescind.control.faults import FAULTS, TIMED, can_make, socket_problem
from rescind.control.limits import MAX_TIMES
from rescind.control.matching import Expected, fits
from rescind.control.payloads import checked, invalid_fields
from rescind.documents.schemas import Truth
from rescind.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.operations import Operation
    from rescind.contract.received import Received
    from rescind.model import Bounds
    from rescind.rules.vendor import Vendor
    from rescind.store import Transaction

TABLE = "overrides"


class NewOverride(TypedDict):
    """An override as a test orders it."""

    vendor: str
    operation: str | None
    match: dict[str, Any]
    outcome: str | None
    fault: str | None
    effect: bool | None
    rival: bool
    delay_ms: Any
    times: int | None
    seed: int


class Override(NewOverride):
    """An override as it is kept, and as the control API shows it; ``used`` is how often it was used."""

    id: str
    used: int


def override_schema(bounds: Bounds) -> Schema:
    """Return the schema of what ``POST /overrides`` takes."""
    declared: dict[str, fields.Field[Any]] = {
        "vendor": fields.String(required=True),
        "operation": fields.String(load_default=None, allow_none=True),
        "match": fields.Dict(keys=fields.String(), values=Expected(), load_default=dict),
        "outcome": fields.String(load_default=None, allow_none=True),
        "fault": fields.String(load_default=None, allow_none=True, validate=validate.OneOf(list(FAULTS))),
        "effect": Truth(load_default=None, allow_none=True),
        "rival": Truth(load_default=False),
        "delay_ms": Delay(bounds.delay_ms, load_default=None, allow_none=True),
        "times": fields.Integer(strict=True, load_default=1, allow_none=True, validate=validate.Range(1, MAX_TIMES)),
        "seed": fields.Integer(strict=True, load_default=0),
    }
    return Schema.from_dict(declared)(unknown=RAISE)


class Overrides:
    """The overrides of one sandbox, in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(
        self, wanted: Mapping[str, Any], vendors: Mapping[str, Vendor], bounds: Bounds, *, has_socket: bool
    ) -> Override:
        """Queue an override.

        Raises Problem for one that does not fit, one too many, and a fault that a host without a socket cannot make.
        """
        schema = override_schema(bounds)
        new = cast("NewOverride", checked(schema, wanted))
        _refuse_unknown_names(new, vendors, schema)
        if new["fault"] is not None and not can_make(new["fault"], has_socket=has_socket):
            raise socket_problem(HTTPStatus.CONFLICT, "override", new["fault"])
        rows = self._transaction.rows(TABLE)
        if len(rows) >= bounds.overrides:
            used_up = next((key for key, row in rows.items() if _is_used_up(row)), None)
            if used_up is None:
                detail = f"the sandbox has {bounds.overrides} overrides already"
                raise Problem(HTTPStatus.CONFLICT, detail, "delete some, reset, or start with a larger --max-overrides")
            self._transaction.erase(TABLE, used_up)
        serial = self._transaction.read("serials", TABLE, 0) + 1
        self._transaction.write("serials", TABLE, serial)
        override: Override = {**new, "id": str(serial), "used": 0}
        self._transaction.write(TABLE, str(serial), override)
        return override

    def list(self) -> list[Override]:
        """Return all overrides in their order, those that are used up too."""
        return list(self._transaction.rows(TABLE).values())

    def remove(self, identifier: str | None = None) -> None:
        """Remove one override, or all. Raises Problem for an unknown identifier."""
        rows = self._transaction.rows(TABLE)
        if identifier is not None and identifier not in rows:
            known = ", ".join(rows) or "none"
            raise Problem(HTTPStatus.NOT_FOUND, f"unknown override {identifier!r}", f"there are: {known}")
        for key in [identifier] if identifier is not None else list(rows):
            self._transaction.erase(TABLE, key)

    def take(self, operation: Operation, received: Received) -> Override | None:
        """Use the first override that the call matches; return None if no override matches."""
        for key, row in self._transaction.rows(TABLE).items():
            if not _is_used_up(row) and _matches(row, operation, received):
                taken = cast("Override", {**row, "used": row["used"] + 1})
                self._transaction.write(TABLE, key, taken)
                return taken
        return None


def delay_of(override: Override, bounds: Bounds) -> float:
    """Return the delay of this use of an override, in milliseconds."""
    return draw(override["delay_ms"], f"{override['seed']}/{override['id']}/{override['used']}", bounds.delay_ms)


def _is_used_up(override: Override) -> bool:
    return override["times"] is not None and override["used"] >= override["times"]


def _matches(override: Override, operation: Operation, received: Received) -> bool:
    if override["vendor"] != operation.vendor or override["operation"] not in (None, operation.id):
        return False
    if override["outcome"] is not None and override["outcome"] not in operation.examples:
        return False
    return all(
        any(fits(expected, text) for text in operation.texts(received, name))
        for name, expected in override["match"].items()
    )


def _refuse_unknown_names(override: NewOverride, vendors: Mapping[str, Vendor], schema: Schema) -> None:
    vendor = vendors.get(override["vendor"])
    if vendor is None:
        raise invalid_fields([(("vendor",), f"Unknown: expected one of: {', '.join(vendors)}.")], schema)
    named = override["operation"]
    if named is not None and named not in vendor.operations:
        raise invalid_fields([(("operation",), f"Unknown: expected one of: {', '.join(vendor.operations)}.")], schema)
    operations = [vendor.operations[named]] if named else list(vendor.operations.values())
    outcomes = dict.fromkeys(name for operation in operations for name in operation.examples)
    if override["outcome"] is not None and override["outcome"] not in outcomes:
        raise invalid_fields(
            [(("outcome",), f"Unknown: expected one of: {', '.join(outcomes)}.")], schema, outcomes=[*outcomes]
        )
    parameters = dict.fromkeys(name for operation in operations for name in operation.matchable)
    unknown = [name for name in override["match"] if name not in parameters]
    if unknown:
        raise invalid_fields([(("match", unknown[0]), f"Unknown: expected one of: {', '.join(parameters)}.")], schema)
    if not override["rival"] and all(override[name] is None for name in ("outcome", "fault", "delay_ms")):
        raise invalid_fields([(("outcome",), "An override needs an outcome, a fault, delay_ms or rival.")], schema)
    if override["effect"] is not None and override["fault"] not in TIMED and override["outcome"] is None:
        raise invalid_fields([(("effect",), f"Allowed only with an outcome or the faults {', '.join(TIMED)}.")], schema)
