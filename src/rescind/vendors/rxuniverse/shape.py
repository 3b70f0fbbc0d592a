"""The lab's world: its settings, its stations and its jobs."""

from __future__ import annotations

from marshmallow import fields

from rescind.rules import Magic, Moment, RecordSchema, Reference, Shape, Truth


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

    trayNumber = fields.String(load_default="")  # noqa: N815 - the vendor's name
    poNumber = fields.String(load_default="")  # noqa: N815 - the vendor's name
    status = Reference("statuses", load_default="P")
    stations = fields.List(Reference("stations"), load_default=list)
    stationed = Moment(load_default=None, allow_none=True)
    unvalidMessage = fields.String(load_default="")  # noqa: N815 - the vendor's name
    rtCalculated = Truth(load_default=True)  # noqa: N815 - the vendor's name
    ltCalculated = Truth(load_default=True)  # noqa: N815 - the vendor's name
    flagged = Moment(load_default=None, allow_none=True)
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
