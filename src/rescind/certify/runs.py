"""What is known of a run of the client from outside: its claim, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from rescind.certify.advice import CLAIMS
from rescind.control.payloads import Seconds, checked
from rescind.documents.schemas import Truth

_MOST_RUNS = 10
_LONGEST = 2_000


@dataclass(frozen=True)
class Run:
    """One run of the client. ``started`` and ``ended`` are in milliseconds since the scenario began.

    ``claim`` is None where the client made none that has a meaning, and ``crash`` says why. ``uncaught`` is the
    exception that nobody caught. ``timed_out`` says that the run was ended at its time limit.
    """

    claim: str | None
    detail: str = ""
    crash: str | None = None
    uncaught: str | None = None
    timed_out: bool = False
    started: float = 0
    ended: float = 0


def _text(**more: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=_LONGEST), **more)


class _RunSchema(Schema):
    class Meta:
        unknown = RAISE

    claim = fields.String(validate=validate.OneOf(CLAIMS), load_default=None, allow_none=True)
    detail = _text(load_default="")
    crash = _text(load_default=None, allow_none=True)
    uncaught = _text(load_default=None, allow_none=True)
    timed_out = Truth(load_default=False)
    started = Seconds(load_default=None, allow_none=True, validate=validate.Range(min=0))
    ended = Seconds(load_default=None, allow_none=True, validate=validate.Range(min=0))

    @validates_schema
    def _has_an_end(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("claim") is None and not data.get("crash") and not data.get("timed_out"):
            raise ValidationError(f"Write one of: {', '.join(CLAIMS)}.", "claim")


class ClaimSchema(_RunSchema):
    """What ``POST /scenarios/ID/claim`` takes: the claim of one run, or ``runs``."""

    runs = fields.List(fields.Nested(_RunSchema), validate=validate.Length(min=1, max=_MOST_RUNS))

    @validates_schema
    def _has_an_end(self, data: dict[str, Any], **_: Any) -> None:
        if "runs" not in data:
            super()._has_an_end(data)
        elif data.get("claim") is not None:
            raise ValidationError("Write the claim of each run below runs.", "claim")


def parse_claim(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs that a body claims, as it has them. Raises Problem for a body that does not fit."""
    loaded = checked(ClaimSchema(), body)
    return cast("list[dict[str, Any]]", loaded.pop("runs", None) or [loaded])


def runs_of(claimed: list[dict[str, Any]], now: float) -> tuple[Run, ...]:
    """Return the runs; one without times lasted from the beginning until ``now``."""
    return tuple(
        Run(**{**run, "started": run["started"] or 0, "ended": now if run["ended"] is None else run["ended"]})
        for run in claimed
    )
