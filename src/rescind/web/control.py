"""The control API over Flask: one route for each operation of ``spec/control.yaml``."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from rescind import __version__, data
from rescind.contract.document import open_spec
from rescind.contract.received import parse_json
from rescind.control.catalogue import CONTROL, catalogue
from rescind.control.payloads import AdvanceSchema, ClockSchema, checked
from rescind.control.state import State
from rescind.problems import Problem
from rescind.store.world import World
from rescind.web.wsgi import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.store import Transaction
    from rescind.vendors import Vendor
    from rescind.web.site import Site

T = TypeVar("T")


class _Dumper(yaml.CSafeDumper):
    """Writes a part that stands in two places twice, since readers of specs stumble over aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


class Control:
    """The routes, each about the sandbox of its base URL."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def health(self) -> Response:
        """That the server answers, its version, and whom it simulates."""
        return _json({"status": "ok", "version": __version__, "vendors": list(self._site.engine.vendors)})

    def outcomes(self) -> Response:
        """The catalogue."""
        return _json({"outcomes": catalogue(self._site.engine.vendors.values())})

    def spec(self, name: str, suffix: str) -> Response:
        """A vendor's OpenAPI document, or that of the control API, with this sandbox's base URL as its first server."""
        base_url = request.root_url.rstrip("/")
        if name == "control":
            shown = open_spec(data.CONTROL_SPEC).data
        else:
            vendor = self._vendor(name)
            shown, base_url = vendor.spec.data, base_url + vendor.fixture.mount
        document = {**shown, "servers": [{"url": base_url}, *shown.get("servers", [])]}
        if suffix == "json":
            return _json(document)
        text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
        return Response(text, mimetype="application/yaml")

    def reset(self) -> Response:
        """Make the sandbox as new."""
        engine = self._site.engine
        engine.store.reset(_sandbox(), engine.clock.system())
        return Response(status=HTTPStatus.NO_CONTENT)

    def everything(self, vendor: str) -> Response:
        """A vendor's whole state."""
        return _json(self._in_state(vendor, lambda state: state.everything()))

    def settings(self, vendor: str) -> Response:
        """A vendor's settings."""
        return _json(self._in_state(vendor, lambda state: state.settings()))

    def change_settings(self, vendor: str) -> Response:
        """Change some of a vendor's settings."""
        changes = _body()
        return _json(self._in_state(vendor, lambda state: state.change_settings(changes)))

    def record(self, vendor: str, collection: str, identifier: str) -> Response:
        """One record."""
        return _json(self._in_state(vendor, lambda state: state.get(collection, identifier)))

    def put_record(self, vendor: str, collection: str, identifier: str) -> Response:
        """Add or replace a record."""
        body = _body()
        record, is_new = self._in_state(vendor, lambda state: state.put(collection, identifier, body))
        return _json(record, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    def patch_record(self, vendor: str, collection: str, identifier: str) -> Response:
        """Change some fields of a record."""
        body = _body()
        return _json(self._in_state(vendor, lambda state: state.patch(collection, identifier, body)))

    def delete_record(self, vendor: str, collection: str, identifier: str) -> Response:
        """Remove a record."""
        self._in_state(vendor, lambda state: state.delete(collection, identifier))
        return Response(status=HTTPStatus.NO_CONTENT)

    def clock(self) -> Response:
        """The sandbox's clock."""
        return _json(self._transact(self._site.engine.clock.describe))

    def set_clock(self) -> Response:
        """Freeze the clock, or let it run."""
        wanted = checked(ClockSchema(), _body())
        clock = self._site.engine.clock
        return _json(self._transact(lambda transaction: clock.set(transaction, wanted["mode"], wanted["now"])))

    def advance_clock(self) -> Response:
        """Move the clock forward."""
        seconds = checked(AdvanceSchema(), _body())["seconds"]
        return _json(self._transact(lambda transaction: self._site.engine.clock.advance(transaction, seconds)))

    def authorise(self) -> None:
        """Refuse a call without the control token, where there is one."""
        token = self._site.control_token
        if token is None:
            return
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "the control API needs its token",
                "send Authorization: Bearer TOKEN, with the token that the server was started with",
                headers={"WWW-Authenticate": "Bearer"},
            )

    def _vendor(self, name: str) -> Vendor:
        vendors = self._site.engine.vendors
        if name not in vendors:
            detail = f"there is no vendor {name!r}"
            raise Problem(HTTPStatus.NOT_FOUND, detail, f"it is one of: {', '.join(vendors)}")
        return vendors[name]

    def _in_state(self, name: str, work: Callable[[State], T]) -> T:
        vendor, clock = self._vendor(name), self._site.engine.clock

        def in_world(transaction: Transaction) -> T:
            world = World(transaction, vendor.name, vendor.fixture.seeds, clock.now(transaction))
            return work(State(vendor, world))

        return self._transact(in_world)

    def _transact(self, work: Callable[[Transaction], T]) -> T:
        engine = self._site.engine
        return engine.store.transact(_sandbox(), engine.clock.system(), work)


def create_app(site: Site) -> Flask:
    """The control API as a WSGI application."""
    app = Flask("rescind", static_folder=None)
    control = Control(site)
    record = "/state/<vendor>/<collection>/<path:identifier>"
    for method, path, view in (
        ("GET", "/health", control.health),
        ("GET", "/outcomes", control.outcomes),
        ("GET", "/specs/<name>.<any(yaml, json):suffix>", control.spec),
        ("POST", "/reset", control.reset),
        ("GET", "/state/<vendor>", control.everything),
        ("GET", "/state/<vendor>/settings", control.settings),
        ("PATCH", "/state/<vendor>/settings", control.change_settings),
        ("GET", record, control.record),
        ("PUT", record, control.put_record),
        ("PATCH", record, control.patch_record),
        ("DELETE", record, control.delete_record),
        ("GET", "/clock", control.clock),
        ("PUT", "/clock", control.set_clock),
        ("POST", "/clock/advance", control.advance_clock),
    ):
        app.add_url_rule(CONTROL + path, view.__name__, view, methods=[method], provide_automatic_options=False)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.before_request(control.authorise)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http_problem)
    return app


def _problem(problem: Problem) -> Response:
    reply = problem.reply()
    return Response(reply.body, reply.status, list(reply.headers))


def _http_problem(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    allow = sorted(getattr(error, "valid_methods", None) or ())
    if allow:
        detail, remedy = f"{request.path} has no {request.method}", f"use {', '.join(allow)}"
        return _problem(Problem(status, detail, remedy, headers={"Allow": ", ".join(allow)}))
    return _problem(Problem(status, f"the control API has no {request.path}", f"see {CONTROL}/specs/control.yaml"))


def _sandbox() -> str:
    sandbox: str = request.environ[SANDBOX]
    return sandbox


def _body() -> dict[str, Any]:
    if not request.is_json:
        detail = f"the media type is {request.mimetype or 'missing'}"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, "send Content-Type: application/json")
    try:
        body = parse_json(request.get_data())
    except ValueError as wrong:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {wrong}", "send a JSON object") from None
    if not isinstance(body, dict):
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is a JSON {type(body).__name__}", "send a JSON object")
    return body


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")
