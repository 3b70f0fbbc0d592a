"""Looking around in a vendor's world before a plan is made: which orders can be deleted, and what a second try says."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.control.clock import Clock
from rescind.control.matching import url_text
from rescind.coverage.catalogue import plain_request
from rescind.engine import Engine
from rescind.model import EFFECT, Bounds, Request
from rescind.store import open_store

_MOST_RECORDS = 1_000
"""How many records of a collection are tried."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rescind.certify.advice import ClientContract
    from rescind.coverage.catalogue import WayRequest
    from rescind.model import Decision


class Survey(NamedTuple):
    """What was found: orders that can be deleted, the plain one first, and an order of somebody else.

    ``gone`` are the outcomes of a second deletion; it is empty where that succeeds like the first.
    """

    deletable: tuple[str, ...]
    foreign: str | None
    gone: frozenset[str]


def survey(contract: ClientContract) -> Survey:
    """Try the deletion of the records of the fixture, each in a world of its own."""
    engine = Engine([contract.vendor], open_store("memory://", Bounds()), Clock())
    tried = [_try_all(engine, contract, identifiers) for identifiers in _collections(contract)]
    orders = max(tried, key=lambda decisions: sum(map(_is_effect, decisions.values())), default={})
    plain = contract.gives["order"]
    deletable = sorted((order for order in orders if _is_effect(orders[order])), key=lambda order: order != plain)
    hidden = [order for order, decision in orders.items() if _is_hidden(contract, decision)]
    return Survey(tuple(deletable), hidden[-1] if hidden else None, frozenset(_second(engine, contract, deletable[:1])))


def _collections(contract: ClientContract) -> Iterator[list[str]]:
    """Yield the identifiers of each collection, without those of magic records."""
    for records in contract.vendor.fixture.seeds.collections.values():
        yield [identifier for identifier, record in records.items() if not record.get("magic")][:_MOST_RECORDS]


def _try_all(engine: Engine, contract: ClientContract, identifiers: list[str]) -> dict[str, Decision | None]:
    return {name: engine.foresee("survey", deletion_of(contract, name)) for name in identifiers}


def _is_effect(decision: Decision | None) -> bool:
    return decision is not None and decision.stage == EFFECT


def _is_hidden(contract: ClientContract, decision: Decision | None) -> bool:
    """Return whether the vendor says of an order, which exists, that it does not."""
    if decision is None or decision.outcome is None or decision.stage == EFFECT:
        return False
    return contract.deletion.examples[decision.outcome].outcome.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def _second(engine: Engine, contract: ClientContract, orders: list[str]) -> Iterator[str]:
    """Yield what a second deletion of an order is answered, unless it succeeds."""
    for order in orders:
        engine.answer("second", deletion_of(contract, order))
        again = engine.foresee("second", deletion_of(contract, order))
        if again and again.outcome and again.stage != EFFECT:
            yield again.outcome


def deletion_of(contract: ClientContract, order: str) -> Request:
    """Return the plain request that deletes an order."""
    return as_request(plain_request(contract.vendor, contract.deletion, {contract.order: order}))


def other_names(contract: ClientContract, orders: Iterable[str]) -> dict[str, str]:
    """Return what else names each order: the values of the fields of its record, such as a tray number."""
    names: dict[str, str] = {}
    for records in contract.vendor.fixture.seeds.collections.values():
        for order in orders:
            values = [value for value in records.get(order, {}).values() if isinstance(value, str | int)]
            names |= {url_text(value): order for value in values if url_text(value) not in records}
    return names


def as_request(way: WayRequest) -> Request:
    """Return a request of the catalogue as it would come."""
    path, _, query = way["path"].partition("?")
    headers = {name.lower(): value for name, value in way.get("headers", {}).items()}
    body = b""
    if "json" in way:
        body = json.dumps(way["json"]).encode()
        headers.setdefault("content-type", "application/json")
    return Request(way["method"], path, query, headers, body)
