"""The lab's world: its settings, its stations and its jobs."""

from __future__ import annotations

from marshmallow import fields, validate

from rescind.rules import Magic, Moment, RecordSchema, Reference, Shape, Truth


class Date(fields.String):
    """A date, or None where there is none yet."""

    def __init__(self) -> None:
        super().__init__(
            load_default=None,
            allow_none=True,
            validate=validate.Regexp(r"^\d{4}-\d{2}-\d{2}\Z", error="Write a date such as 2026-11-20."),
        )


class Settings(RecordSchema):
    """The lab's settings. ``delete_reasons`` is its delete reasons file: texts by code."""

    job_tracker_installed = Truth(load_default=True)
    enter_reason_code_when_deleting_order = Truth(load_default=False)
    delete_reasons = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Station(RecordSchema):
    """A station of the lab; some prevent an order that has been through them from being cancelled."""

    description = fields.String(required=True)
    customer_description = fields.String(load_default="")
    prevents_cancel = Truth(load_default=False)


class Calculation(RecordSchema):
    """What the vendor calls the calculations of an order; the identifier says which eyes: both, right, left, none."""

    description = fields.String(required=True)


class Status(RecordSchema):
    """A status that an order can have; the identifier is its letter."""

    description = fields.String(required=True)


class Order(RecordSchema):
    """A job. ``stations`` are those it has been through, the current one last; ``flagged`` is when it was cancelled."""

    trayNumber = fields.String(load_default="")
    poNumber = fields.String(load_default="")
    status = Reference("statuses", load_default="P")
    stations = fields.List(Reference("stations"), load_default=list)
    stationed = Moment(load_default=None, allow_none=True)
    unvalidMessage = fields.String(load_default="")
    rtCalculated = Truth(load_default=True)
    ltCalculated = Truth(load_default=True)
    flagged = Moment(load_default=None, allow_none=True)
    arCode = fields.String(load_default="")
    arDesc = fields.String(load_default="")
    balanceLens = fields.String(load_default="", validate=validate.OneOf(["", "R", "L"]))
    createdUser = fields.String(load_default="")
    customerJobId = fields.String(load_default="", validate=validate.Length(max=21))
    customerNumber = fields.String(load_default="", validate=validate.Length(max=8))
    dateCompleted = Date()
    dateOrdered = Date()
    dateReceived = Date()
    dateTimeValid = Date()
    dateWanted = Date()
    frameA = fields.String(load_default="")
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={
        "statuses": Status(),
        "calculations": Calculation(),
        "stations": Station(),
        "orders": Order(),
    },
    indexes=(("orders", "trayNumber"), ("orders", "poNumber")),
)
