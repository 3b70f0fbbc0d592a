"""The control API: scenarios that a client is certified by, each begun and claimed in this sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from flask import Blueprint, request

from rescind.certify.certification import Certification, parse_begin
from rescind.control.payloads import ScenarioQuery, checked
from rescind.web.current import address, engine, json_object, sandbox_url
from rescind.web.environ import has_socket

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from rescind.engine import Engine

views = Blueprint("certification", __name__)
_certifications: WeakKeyDictionary[Engine, Certification] = WeakKeyDictionary()


@views.get("/scenarios")
def get_scenarios() -> ResponseReturnValue:
    """List the scenarios of all vendors, or of one."""
    return {"scenarios": _certification().scenarios(checked(ScenarioQuery(), request.args.to_dict())["vendor"])}


@views.post("/scenarios/<scenario>/begin")
def begin_scenario(scenario: str) -> ResponseReturnValue:
    """Make the sandbox ready for a scenario, and say what the client is given."""
    asked = parse_begin(json_object() if request.content_length else {}, has_socket=has_socket(request.environ))
    return dict(_certification().begin(address().sandbox, scenario, asked, sandbox_url()))


@views.post("/scenarios/<scenario>/claim")
def claim_scenario(scenario: str) -> ResponseReturnValue:
    """Take the client's claim, and answer the verdict."""
    return dict(_certification().claim(address().sandbox, scenario, json_object()))


def _certification() -> Certification:
    """Return the certification of the current engine, whose plans are made once."""
    current = engine()
    if current not in _certifications:
        _certifications[current] = Certification(current)
    return _certifications[current]
