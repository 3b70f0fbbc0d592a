"""The control API as a Flask blueprint: one view for each operation of ``spec/control.yaml``, named as that is."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, request

from rescind.errors import Problem
from rescind.model import CONTROL_PREFIX
from rescind.web import guard
from rescind.web.control_api import certification, coverage, journal, overrides, server, world

blueprint = Blueprint("control", __name__, url_prefix=CONTROL_PREFIX)
for _part in (server, world, overrides, journal, coverage, certification):
    blueprint.register_blueprint(_part.views)
blueprint.before_request(guard.authorise)


@blueprint.before_request
def refuse_other_encodings() -> None:
    """Refuse a path that is not UTF-8: two identifiers must not become one."""
    try:
        request.environ["PATH_INFO"].encode("latin-1").decode()
    except UnicodeDecodeError:
        remedy = "percent-encode the UTF-8 of each segment"
        raise Problem(HTTPStatus.BAD_REQUEST, "the path is not UTF-8", remedy) from None
