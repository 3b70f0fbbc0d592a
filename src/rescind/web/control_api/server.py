"""The control API: the server, what it simulates, and its sandboxes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response

from rescind import __version__
from rescind.control.sandboxes import sandbox_name
from rescind.documents import reading, shipped
from rescind.errors import Problem
from rescind.model import SECOND
from rescind.web.control_api.document import control_document
from rescind.web.control_api.vendors import vendor_of
from rescind.web.current import engine, sandbox_url

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

views = Blueprint("server", __name__)


@views.get("/health")
def get_health() -> ResponseReturnValue:
    """Say that the server answers, its version, and whom it simulates."""
    return {"status": "ok", "version": __version__, "vendors": list(engine().vendors)}


@views.get("/outcomes")
def get_outcomes() -> ResponseReturnValue:
    """List every outcome, with the requests that lead to it."""
    return {"outcomes": engine().catalogue}


@views.get("/specs/<document>")
def get_spec(document: str) -> ResponseReturnValue:
    """Give the OpenAPI document of a vendor or of the control API, with this sandbox as its first server."""
    name, _, suffix = document.rpartition(".")
    if suffix not in {"json", "yaml"}:
        raise Problem(HTTPStatus.NOT_FOUND, f"no document comes as .{suffix}", "ask for .yaml or .json")
    url = sandbox_url()
    if name == shipped.CONTROL_SPEC.stem:
        content = control_document(engine().bounds)
    else:
        vendor = vendor_of(name)
        content, url = vendor.spec.data, url + vendor.fixture.mount
    whole = {**content, "servers": [{"url": url}, *content.get("servers", [])]}
    return whole if suffix == "json" else Response(reading.dump(whole), mimetype="application/yaml")


@views.get("/sandboxes")
def get_sandboxes() -> ResponseReturnValue:
    """List the sandboxes that exist."""
    now = engine().clock.system()
    listed = [
        {
            "name": info.name,
            "base_path": f"/~{info.name}" if info.name else "",
            "age_seconds": (now - info.born) / SECOND,
            "idle_seconds": (now - info.used) / SECOND,
            "rows": dict(info.rows),
        }
        for info in engine().store.sandboxes()
    ]
    return {"sandboxes": listed}


@views.delete("/sandboxes")
def drop_sandboxes() -> ResponseReturnValue:
    """Drop every sandbox."""
    store = engine().store
    for info in store.sandboxes():
        store.drop(info.name)
    return "", HTTPStatus.NO_CONTENT


@views.delete("/sandboxes/<name>")
def drop_sandbox(name: str) -> ResponseReturnValue:
    """Drop one sandbox; the next use of the name begins another."""
    engine().store.drop(sandbox_name(name))
    return "", HTTPStatus.NO_CONTENT
