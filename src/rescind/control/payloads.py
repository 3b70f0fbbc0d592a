"""What control calls carry, checked by marshmallow: whatever does not fit is a Problem that names the field."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from rescind.control.limits import DEFAULT_ENTRIES, MAX_ENTRIES, MAX_ID, MAX_SECONDS, MAX_VALUES
from rescind.documents import moments
from rescind.documents.schemas import Moment, messages
from rescind.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.documents.reading import Pointer
    from rescind.model import Record


_MAX_UNKNOWN = 100
_is_id = re.compile("[0-9]{1,18}").fullmatch


class Seconds(fields.Float):
    """A number of seconds, or of milliseconds, written as a number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool | str):
            raise ValidationError("Not a valid number.")
        return super()._deserialize(value, attr, data, **kwargs)


class Since(Moment):
    """The id of a journal entry, or a moment."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if _is_id(str(value)):
            return int(value)
        return super()._deserialize(value, attr, data, **kwargs)


class ClockSchema(Schema):
    """What ``PUT /clock`` takes."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    mode = fields.String(required=True, validate=validate.OneOf(["real", "frozen"]))
    now = Moment(load_default=None, allow_none=True)


class AdvanceSchema(Schema):
    """What ``POST /clock/advance`` takes."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    seconds = Seconds(required=True, validate=validate.Range(min=0, max=MAX_SECONDS))


class JournalQuery(Schema):
    """What the query of ``GET /journal`` may ask for. ``since`` is a moment or the id of an entry."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    limit = fields.Integer(validate=validate.Range(1, MAX_ENTRIES), load_default=DEFAULT_ENTRIES)
    after = fields.Integer(validate=validate.Range(0, MAX_ID))
    vendor = fields.String()
    operation = fields.String()
    outcome = fields.String()
    status = fields.Integer(validate=validate.Range(0, 999))
    since = Since()


class ScenarioQuery(Schema):
    """What the query of ``GET /scenarios`` may ask for."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    vendor = fields.String(load_default=None)


def coverage_query(vendors: list[str], operations: list[str], outcomes: list[str]) -> Schema:
    """Return the schema of what the query of ``GET /coverage`` may ask for: names of what exists."""
    declared: dict[str, fields.Field[Any]] = {
        "vendor": fields.List(fields.String(validate=validate.OneOf(vendors)), load_default=list),
        "operation": fields.List(fields.String(validate=validate.OneOf(operations)), load_default=list),
        "ignore": fields.List(fields.String(validate=validate.OneOf(outcomes)), load_default=list),
        "format": fields.String(validate=validate.OneOf(["json", "markdown", "junit", "html"])),
    }
    return Schema.from_dict(declared)(unknown=RAISE)


def checked(schema: Schema, data: Record) -> dict[str, Any]:
    """Load the data by the schema. Raises Problem with every field that does not fit, but no more than 100 unknown."""
    unknown = data.keys() - schema.fields.keys() if schema.unknown == RAISE else set()
    surplus = frozenset(sorted(unknown)[_MAX_UNKNOWN:])
    try:
        loaded: dict[str, Any] = schema.load({name: value for name, value in data.items() if name not in surplus})
    except ValidationError as error:
        raise invalid_fields(messages(error), schema) from None
    return loaded


def refuse_too_many_values(body: Any) -> None:
    """Raise Problem for a body with more values in it than ``MAX_VALUES``."""
    count, level = 0, [body]
    while level:
        count += len(level)
        if count > MAX_VALUES:
            raise Problem(HTTPStatus.BAD_REQUEST, f"the body has more than {MAX_VALUES:,} values", "send fewer")
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]


def moment_at(field: str, text: str, now: int) -> int:
    """Return the moment that a field means at ``now``. Raises Problem if it would leave the calendar."""
    try:
        return moments.parse(text, now)
    except ValueError as wrong:
        errors = [{"field": field, "problem": str(wrong)}]
        remedy = f"the clock is at {moments.format(now)}; stay between the years 1 and 9999"
        raise Problem(HTTPStatus.BAD_REQUEST, f"{field}: {wrong}", remedy, errors=errors) from None


def invalid_fields(wrong: Iterable[tuple[Pointer, str]], schema: Schema, **members: Any) -> Problem:
    """Refuse a body with these fields wrong; ``members`` are further fields of the problem."""
    errors = [{"field": ".".join(map(str, place)), "problem": message} for place, message in wrong]
    detail = "; ".join(f"{error['field']}: {error['problem']}" for error in errors)
    remedy = f"the fields here are: {', '.join(schema.fields)}" if schema.fields else "any JSON object with text keys"
    return Problem(HTTPStatus.BAD_REQUEST, detail, remedy, errors=errors, **members)
