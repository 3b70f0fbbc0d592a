"""Looking around in a vendor's world before a plan is made: which orders can be deleted, and what a second try says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from rescind.control.clock import Clock
from rescind.control.journal import LOG
from rescind.control.matching import url_text
from rescind.coverage.catalogue import plain_request
from rescind.engine import Engine
from rescind.model import EFFECT, Bounds, Request
from rescind.store import open_store

if TYPE_CHECKING:
    from rescind.certify.advice import ClientContract
    from rescind.coverage.catalogue import WayRequest
    from rescind.model import Decision


class Survey(NamedTuple):
    """What was found: orders that can be deleted, somebody else's order, the outcomes of one that is gone."""

    deletable: tuple[str, ...]
    foreign: str | None
    gone: frozenset[str]


def survey(contract: ClientContract) -> Survey:
    """Try the deletion of every order of the fixtures, each in a world of its own."""
    engine = Engine([contract.vendor], open_store("memory://", Bounds()), Clock())
    absent = _outcome(engine, "absent", deletion_of(contract, _unknown(contract)))
    known = {order: engine.foresee(order, deletion_of(contract, order)) for order in _orders(contract)}
    deletable = [order for order, decision in known.items() if decision and decision.stage == EFFECT]
    foreign = [order for order, decision in known.items() if _is_foreign(contract, decision, absent)]
    gone: set[str] = set()
    for order in deletable[:1]:
        engine.answer("gone", deletion_of(contract, order))
        again = engine.foresee("gone", deletion_of(contract, order))
        gone |= {again.outcome} if again and again.outcome else set()
    plain = contract.gives["order"]
    return Survey(
        tuple(sorted(deletable, key=lambda order: order != plain)), foreign[-1] if foreign else None, frozenset(gone)
    )


def deletion_of(contract: ClientContract, order: str) -> Request:
    """Return the plain request that deletes an order."""
    return as_request(plain_request(contract.vendor, contract.deletion, {contract.order: order}))


def as_request(way: WayRequest) -> Request:
    """Return a request of the catalogue as it would come."""
    path, _, query = way["path"].partition("?")
    headers = {name.lower(): value for name, value in way.get("headers", {}).items()}
    body = b""
    if "json" in way:
        body = json.dumps(way["json"]).encode()
        headers.setdefault("content-type", "application/json")
    return Request(way["method"], path, query, headers, body)


def _orders(contract: ClientContract) -> list[str]:
    records = contract.vendor.fixture.seeds.collections.get("orders", {})
    return [identifier for identifier, record in records.items() if not record.get("magic")]


def _is_foreign(contract: ClientContract, decision: Decision | None, absent: str | None) -> bool:
    """Return whether a client is told of an order, which exists, what it is told of one that does not."""
    if decision is None or decision.outcome is None or decision.stage == EFFECT:
        return False
    examples = contract.deletion.examples
    same = absent and examples[decision.outcome].outcome.status == examples[absent].outcome.status
    return bool(same)


def _unknown(contract: ClientContract) -> str:
    """Return the identifier of an order that the natural way to a missing one uses, or one that nobody has."""
    outcomes = contract.vendor.fixture.ways.get(contract.deletion.id, {}).get("outcomes", {})
    for ways in outcomes.values():
        steps = ways.get("natural")
        if isinstance(steps, list) and len(steps) == 1 and set(steps[0]["parameters"]) == {contract.order}:
            value = url_text(steps[0]["parameters"][contract.order] or "")
            if value and value not in contract.vendor.fixture.seeds.collections.get("orders", {}):
                return value
    return contract.gives["order"]


def _outcome(engine: Engine, sandbox: str, request: Request) -> str | None:
    engine.answer(sandbox, request)
    return engine.transact(sandbox, lambda transaction: transaction.entries(LOG)[-1].outcome)
