"""The control API: overrides, the answers that a test orders."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, request

from rescind.control.overrides import Overrides
from rescind.web.current import engine, json_object, transact
from rescind.web.environ import has_socket

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


views = Blueprint("overrides", __name__)


@views.get("/overrides")
def get_overrides() -> ResponseReturnValue:
    """List all overrides in their order, and how often each was used."""
    return {"overrides": transact(lambda transaction: Overrides(transaction).list())}


@views.post("/overrides")
def add_override() -> ResponseReturnValue:
    """Queue an override. A fault that this host cannot make is refused now, not answered normally later."""
    wanted, current, sockets = json_object(), engine(), has_socket(request.environ)
    override = transact(
        lambda transaction: Overrides(transaction).add(wanted, current.vendors, current.bounds, has_socket=sockets)
    )
    return dict(override), HTTPStatus.CREATED


@views.delete("/overrides")
def remove_overrides() -> ResponseReturnValue:
    """Remove all overrides."""
    transact(lambda transaction: Overrides(transaction).remove())
    return "", HTTPStatus.NO_CONTENT


@views.delete("/overrides/<id>")
def remove_override(id: str) -> ResponseReturnValue:  # noqa: A002 - the document's name
    """Remove one override."""
    transact(lambda transaction: Overrides(transaction).remove(id))
    return "", HTTPStatus.NO_CONTENT
