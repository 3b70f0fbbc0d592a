"""The control API, views of the world: health, catalogue, specs, reset, state, clock, sandboxes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from flask import Response, request

from rescind import __version__, data, documents
from rescind.contract.document import open_spec
from rescind.control.catalogue import catalogue
from rescind.control.payloads import AdvanceSchema, ClockSchema, checked
from rescind.control.state import State
from rescind.moments import SECOND
from rescind.problems import Problem
from rescind.store.world import World
from rescind.web.addresses import sandbox_name
from rescind.web.exchange import as_json, body, no_content, sandbox, transact

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.store import Transaction
    from rescind.vendors.vendor import Vendor
    from rescind.web.site import Site

T = TypeVar("T")


class WorldViews:
    """Looking at the sandbox of the base URL, and changing it."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def health(self) -> Response:
        """That the server answers, its version, and whom it simulates."""
        return as_json({"status": "ok", "version": __version__, "vendors": list(self._site.engine.vendors)})

    def outcomes(self) -> Response:
        """The catalogue."""
        return as_json({"outcomes": catalogue(self._site.engine.vendors.values())})

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
            return as_json(document)
        return Response(documents.write(document), mimetype="application/yaml")

    def reset(self) -> Response:
        """Make the sandbox as new."""
        engine = self._site.engine
        engine.store.reset(sandbox(), engine.clock.system())
        return no_content()

    def everything(self, vendor: str) -> Response:
        """A vendor's whole state."""
        return as_json(self._in_state(vendor, lambda state: state.everything()))

    def settings(self, vendor: str) -> Response:
        """A vendor's settings."""
        return as_json(self._in_state(vendor, lambda state: state.settings()))

    def change_settings(self, vendor: str) -> Response:
        """Change some of a vendor's settings."""
        changes = body()
        return as_json(self._in_state(vendor, lambda state: state.change_settings(changes)))

    def record(self, vendor: str, collection: str, identifier: str) -> Response:
        """One record."""
        return as_json(self._in_state(vendor, lambda state: state.get(collection, identifier)))

    def put_record(self, vendor: str, collection: str, identifier: str) -> Response:
        """Add or replace a record."""
        fields = body()
        record, is_new = self._in_state(vendor, lambda state: state.put(collection, identifier, fields))
        return as_json(record, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    def patch_record(self, vendor: str, collection: str, identifier: str) -> Response:
        """Change some fields of a record."""
        fields = body()
        return as_json(self._in_state(vendor, lambda state: state.patch(collection, identifier, fields)))

    def delete_record(self, vendor: str, collection: str, identifier: str) -> Response:
        """Remove a record."""
        self._in_state(vendor, lambda state: state.delete(collection, identifier))
        return no_content()

    def clock(self) -> Response:
        """The sandbox's clock."""
        return as_json(transact(self._site, self._site.engine.clock.describe))

    def set_clock(self) -> Response:
        """Freeze the clock, or let it run."""
        wanted = checked(ClockSchema(), body())
        clock = self._site.engine.clock
        return as_json(transact(self._site, lambda transaction: clock.set(transaction, wanted["mode"], wanted["now"])))

    def advance_clock(self) -> Response:
        """Move the clock forward."""
        seconds = checked(AdvanceSchema(), body())["seconds"]
        return as_json(transact(self._site, lambda transaction: self._site.engine.clock.advance(transaction, seconds)))

    def sandboxes(self) -> Response:
        """The sandboxes that exist."""
        engine = self._site.engine
        now = engine.clock.system()
        listed = [
            {
                "name": info.name,
                "base_path": f"/~{info.name}" if info.name else "",
                "age_seconds": (now - info.born) / SECOND,
                "idle_seconds": (now - info.used) / SECOND,
                "rows": dict(info.rows),
            }
            for info in engine.store.sandboxes()
        ]
        return as_json({"sandboxes": listed})

    def drop_sandboxes(self) -> Response:
        """Forget every sandbox."""
        store = self._site.engine.store
        for info in store.sandboxes():
            store.drop(info.name)
        return no_content()

    def drop_sandbox(self, name: str) -> Response:
        """Forget one sandbox; afterwards there is none of the name, as there was none before its first use."""
        self._site.engine.store.drop(sandbox_name(name))
        return no_content()

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
            return work(State(vendor, world, self._site.engine.bounds))

        return transact(self._site, in_world)
