"""The control API, views of the world: health, catalogue, specs, reset, state, clock, sandboxes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from rescind import __version__, data, documents
from rescind.contract.document import open_spec
from rescind.control.catalogue import catalogue
from rescind.control.payloads import AdvanceSchema, ClockSchema, checked
from rescind.control.state import State
from rescind.moments import SECOND
from rescind.problems import Problem
from rescind.store.world import World
from rescind.web.addresses import sandbox_name
from rescind.web.exchange import as_json, as_text, no_content

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import Reply
    from rescind.store import Transaction
    from rescind.vendors.vendor import Vendor
    from rescind.web.exchange import Exchange

T = TypeVar("T")


def health(call: Exchange) -> Reply:
    """That the server answers, its version, and whom it simulates."""
    return as_json({"status": "ok", "version": __version__, "vendors": list(call.engine.vendors)})


def outcomes(call: Exchange) -> Reply:
    """The catalogue."""
    return as_json({"outcomes": catalogue(call.engine.vendors.values())})


def spec(call: Exchange, name: str, suffix: str) -> Reply:
    """A vendor's OpenAPI document, or that of the control API, with this sandbox's base URL as its first server."""
    base_url = call.base_url
    if suffix not in {"json", "yaml"}:
        raise Problem(HTTPStatus.NOT_FOUND, f"no document comes as .{suffix}", "ask for .yaml or .json")
    if name == "control":
        shown = open_spec(data.CONTROL_SPEC).data
    else:
        vendor = _vendor(call, name)
        shown, base_url = vendor.spec.data, base_url + vendor.fixture.mount
    document = {**shown, "servers": [{"url": base_url}, *shown.get("servers", [])]}
    if suffix == "json":
        return as_json(document)
    return as_text(documents.write(document), "application/yaml")


def reset(call: Exchange) -> Reply:
    """Make the sandbox as new."""
    engine = call.engine
    engine.store.reset(call.sandbox, engine.clock.system())
    return no_content()


def everything(call: Exchange, vendor: str) -> Reply:
    """A vendor's whole state."""
    return as_json(_in_state(call, vendor, lambda state: state.everything()))


def settings(call: Exchange, vendor: str) -> Reply:
    """A vendor's settings."""
    return as_json(_in_state(call, vendor, lambda state: state.settings()))


def change_settings(call: Exchange, vendor: str) -> Reply:
    """Change some of a vendor's settings."""
    changes = call.body()
    return as_json(_in_state(call, vendor, lambda state: state.change_settings(changes)))


def record(call: Exchange, vendor: str, collection: str, identifier: str) -> Reply:
    """One record."""
    return as_json(_in_state(call, vendor, lambda state: state.get(collection, identifier)))


def put_record(call: Exchange, vendor: str, collection: str, identifier: str) -> Reply:
    """Add or replace a record."""
    fields = call.body()
    record, is_new = _in_state(call, vendor, lambda state: state.put(collection, identifier, fields))
    return as_json(record, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


def patch_record(call: Exchange, vendor: str, collection: str, identifier: str) -> Reply:
    """Change some fields of a record."""
    fields = call.body()
    return as_json(_in_state(call, vendor, lambda state: state.patch(collection, identifier, fields)))


def delete_record(call: Exchange, vendor: str, collection: str, identifier: str) -> Reply:
    """Remove a record."""
    _in_state(call, vendor, lambda state: state.delete(collection, identifier))
    return no_content()


def clock(call: Exchange) -> Reply:
    """The sandbox's clock."""
    return as_json(call.transact(call.engine.clock.describe))


def set_clock(call: Exchange) -> Reply:
    """Freeze the clock, or let it run."""
    wanted = checked(ClockSchema(), call.body())
    clock = call.engine.clock
    return as_json(call.transact(lambda transaction: clock.set(transaction, wanted["mode"], wanted["now"])))


def advance_clock(call: Exchange) -> Reply:
    """Move the clock forward."""
    seconds = checked(AdvanceSchema(), call.body())["seconds"]
    return as_json(call.transact(lambda transaction: call.engine.clock.advance(transaction, seconds)))


def sandboxes(call: Exchange) -> Reply:
    """The sandboxes that exist."""
    engine = call.engine
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


def drop_sandboxes(call: Exchange) -> Reply:
    """Forget every sandbox."""
    store = call.engine.store
    for info in store.sandboxes():
        store.drop(info.name)
    return no_content()


def drop_sandbox(call: Exchange, name: str) -> Reply:
    """Forget one sandbox; afterwards there is none of the name, as there was none before its first use."""
    call.engine.store.drop(sandbox_name(name))
    return no_content()


def _vendor(call: Exchange, name: str) -> Vendor:
    vendors = call.engine.vendors
    if name not in vendors:
        detail = f"there is no vendor {name!r}"
        raise Problem(HTTPStatus.NOT_FOUND, detail, f"it is one of: {', '.join(vendors)}")
    return vendors[name]


def _in_state(call: Exchange, name: str, work: Callable[[State], T]) -> T:
    vendor, clock = _vendor(call, name), call.engine.clock

    def in_world(transaction: Transaction) -> T:
        world = World(transaction, vendor.name, vendor.fixture.seeds, clock.now(transaction))
        return work(State(vendor, world, call.engine.bounds))

    return call.transact(in_world)
