"""The plan of a vendor: its scenarios, made from its document, the ways of its fixture, and the situations."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind.certify.advice import AFTER, BACKOFF, RENEW
from rescind.certify.scenarios import GROUPS, Condition, Plan, Scenario
from rescind.certify.survey import as_request, survey
from rescind.contract.http import redirects
from rescind.coverage.catalogue import plain_request, ways_of
from rescind.documents import reading
from rescind.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.certify.advice import ClientContract
    from rescind.certify.survey import Survey
    from rescind.coverage.catalogue import WayRequest
    from rescind.model import Outcome

DELAY_MS = 200
"""How late each deletion is answered, so that a call before the answer differs from a retry after it."""

_RETRIES = {"$after": AFTER, "$backoff": BACKOFF, "$renew": RENEW}


def make_plan(contract: ClientContract) -> Plan:
    """Make the plan of a vendor."""
    found = survey(contract)
    scenarios = list(_answers(contract))
    for group, situations in _situations().items():
        for name, stated in situations.items():
            if _has(contract, found, stated.get("needs")):
                scenarios.append(_situation(contract, found, group, name, stated))
    scenarios.sort(key=lambda scenario: GROUPS.index(scenario.group))
    return Plan(contract, {scenario.id: scenario for scenario in scenarios}, found.gone)


@cache
def _situations() -> Mapping[str, Mapping[str, Any]]:
    data: Mapping[str, Mapping[str, Any]] = reading.load(
        Path(__file__).with_name("situations.yaml"), DocumentError
    ).data
    return data


def _answers(contract: ClientContract) -> Iterator[Scenario]:
    """Make a scenario of each documented outcome of the deletion, but for those that the limits have."""
    for name, example in contract.deletion.examples.items():
        advice = contract.advice(contract.deletion.id, name)
        if advice is None or advice.retry != AFTER:
            yield _natural(contract, example.outcome) or _forced(contract, example.outcome)


def _natural(contract: ClientContract, outcome: Outcome) -> Scenario | None:
    """Make the scenario in which state and placeholders lead to the outcome; None if the request itself has to."""
    ways = contract.vendor.fixture.ways.get(contract.deletion.id, {})
    steps = ways.get("outcomes", {}).get(outcome.name, {}).get("natural")
    if outcome.name == contract.success:
        last: Mapping[str, Any] = {"parameters": {}}
        way = [plain_request(contract.vendor, contract.deletion)]
    elif steps:
        last, way = steps[-1], ways_of(contract.vendor, contract.deletion, outcome)["natural"]
    else:
        return None
    changes = {name: contract.written(name, value or "") for name, value in last["parameters"].items()}
    is_other = any(last.get(part) for part in ("operation", "path", "headers", "json", "control"))
    if is_other or not all(changes.values()) or changes.keys() - contract.placeholders.keys():
        return None
    if _is_invalid(contract, way[-1]):
        return None
    gives = {**contract.gives, **{contract.placeholders[name]: value for name, value in changes.items()}}
    return _about(outcome, gives, before=tuple(way[:-1]), overrides=(_delayed(contract),))


def _about(outcome: Outcome, gives: Mapping[str, str], **more: Any) -> Scenario:
    """Make a scenario about a documented outcome."""
    return Scenario(
        vendor=outcome.vendor,
        group="answers",
        name=outcome.name,
        title=outcome.description,
        met=Condition(frozenset({outcome.name})),
        gives=gives,
        targets=(gives["order"],),
        outcome=outcome.id,
        **more,
    )


def _is_invalid(contract: ClientContract, way: WayRequest) -> bool:
    """Return whether the document forbids the request, so that no client can be asked for it."""
    path = {name: value for name, value in way["parameters"].items() if contract.deletion.locations[name] == "path"}
    return bool(contract.deletion.read(contract.deletion.receive(as_request(way), path))[2])


def _forced(contract: ClientContract, outcome: Outcome) -> Scenario:
    """Make the scenario in which an override leads to the outcome, always; a redirect once, since it is followed."""
    advice = contract.advice(contract.deletion.id, outcome.name)
    effect = True if advice and advice.claims == ("gone",) else None
    override = {"outcome": outcome.name, "times": 1 if redirects(outcome.status) else None, "effect": effect}
    overrides = _of_deletion(contract, override), _delayed(contract)
    return _about(outcome, contract.gives, overrides=overrides, is_natural=False)


def _situation(contract: ClientContract, found: Survey, group: str, name: str, stated: Mapping[str, Any]) -> Scenario:
    replaced = getattr(contract.vendor.fixture.client, stated["gives"]) if "gives" in stated else {}
    gives = {**contract.gives, **replaced}
    if stated.get("order") == "foreign" and found.foreign:
        gives["order"] = found.foreign
    runs = stated.get("runs", 1)
    targets = found.deletable[:runs] if stated.get("orders") else (gives["order"],) * runs
    role = partial(_outcome, contract, found)
    overrides = [_of_deletion(contract, _resolved(one, role, gives)) for one in stated.get("answers", ())]
    if "others" in stated:
        overrides.append({"delay_ms": 0, **stated["others"], "vendor": contract.vendor.name})
    met = stated["met"]
    return Scenario(
        vendor=contract.vendor.name,
        group=group,
        name=name,
        title=stated["title"],
        met=Condition(
            frozenset(role(met["outcome"])) if "outcome" in met else None,
            met.get("fault"),
            met.get("rival", False),
            met.get("calls", 1),
            met.get("followed", False),
        ),
        gives=gives,
        targets=tuple(targets),
        overrides=(*overrides, _delayed(contract)),
        rate={"none": 0, "one": 1}.get(stated.get("rate", "")),
        is_together=stated.get("together", False),
        is_natural=not stated.get("answers"),
        is_renewable=stated.get("renewable", False),
    )


def _has(contract: ClientContract, found: Survey, need: str | None) -> bool:
    """Return whether the vendor has what a situation needs."""
    client, limit = contract.vendor.fixture.client, contract.deletion.rate_limit
    has_rate = limit is not None and limit.refusal is not None
    success = contract.deletion.examples[contract.success].body
    known = {
        "foreign": found.foreign is not None,
        "rate": has_rate,
        "rate and second order": has_rate and len(found.deletable) > 1,
        "expired": bool(client.expired) and contract.can_renew,
        "spent": bool(client.spent) and contract.can_renew,
        "renewal": contract.can_renew and contract.first(RENEW) is not None,
        "body": bool(success.start or success.gaps),
    }
    if need is None:
        return True
    return contract.first(_RETRIES[need]) is not None if need in _RETRIES else known[need]


def _outcome(contract: ClientContract, found: Survey, role: str) -> tuple[str, ...]:
    """Return the outcomes that a situation calls by their role."""
    if role == "$success":
        return (contract.success,)
    if role == "$gone":
        return tuple(found.gone)
    if role == "$transient":
        first = contract.first(BACKOFF) or contract.first(AFTER) or (contract.can_renew and contract.first(RENEW))
        return (first,) if first else ()
    first = contract.first(_RETRIES[role])
    others = [name for name in contract.deletion.examples if contract.can_retry(name, _RETRIES[role])]
    return tuple(dict.fromkeys([first, *others])) if first else ()


def _resolved(stated: Mapping[str, Any], role: Any, gives: Mapping[str, str]) -> dict[str, Any]:
    """Return an override of a situation with the vendor's own outcome."""
    resolved = dict(stated)
    if "outcome" in resolved:
        names = role(resolved["outcome"])
        resolved["outcome"] = names[0] if names else None
    if resolved.pop("match", None):
        resolved["credential"] = gives.get("token", gives.get("api_key"))
    return resolved


def _of_deletion(contract: ClientContract, override: Mapping[str, Any]) -> dict[str, Any]:
    whole = {"delay_ms": DELAY_MS, **override, "vendor": contract.vendor.name, "operation": contract.deletion.id}
    credential = whole.pop("credential", None)
    if credential:
        whole["match"] = {contract.deletion.schemes[0].name: credential}
    return whole


def _delayed(contract: ClientContract) -> dict[str, Any]:
    return _of_deletion(contract, {"times": None})
