"""What control calls carry, checked by marshmallow: whatever does not fit is a Problem that names the field."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from rescind.fixtures import Moment, messages
from rescind.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.documents import Pointer
    from rescind.model import Record

_CENTURY = 100 * 366 * 86_400


class ClockSchema(Schema):
    """What ``PUT /clock`` takes."""

    class Meta:
        """Nothing passes silently."""

        unknown = RAISE

    mode = fields.String(required=True, validate=validate.OneOf(["real", "frozen"]))
    now = Moment(load_default=None, allow_none=True)


class AdvanceSchema(Schema):
    """What ``POST /clock/advance`` takes."""

    class Meta:
        """Nothing passes silently."""

        unknown = RAISE

    seconds = fields.Float(required=True, validate=validate.Range(min=0, max=_CENTURY))


def checked(schema: Schema, data: Record) -> dict[str, Any]:
    """The data as the schema loads it. Raises Problem with every field that does not fit."""
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        raise misfit(messages(error), schema) from None
    return loaded


def misfit(wrong: Iterable[tuple[Pointer, str]], schema: Schema) -> Problem:
    """The problem of a body with these fields wrong."""
    errors = [{"field": ".".join(map(str, place)), "problem": message} for place, message in wrong]
    detail = "; ".join(f"{error['field']}: {error['problem']}" for error in errors)
    remedy = f"the fields here are: {', '.join(schema.fields)}" if schema.fields else "any JSON object with text keys"
    return Problem(HTTPStatus.BAD_REQUEST, detail, remedy, errors=errors)
