"""Certification in a sandbox: the plans of the vendors, the beginning of a scenario, the verdict on a claim."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from marshmallow import RAISE, Schema, validate

from rescind.certify.advice import client_contract
from rescind.certify.calls import Reading, client_calls
from rescind.certify.plan import make_plan
from rescind.certify.preparation import Asked, Beginning, Preparation, begun_in, state_of
from rescind.certify.runs import parse_claim, runs_of
from rescind.certify.scenarios import ScenarioView, view
from rescind.certify.survey import other_names
from rescind.certify.trial import Trial
from rescind.certify.verdict import TrialVerdict, judge
from rescind.control.journal import LOG, abandoned
from rescind.control.payloads import Seconds, checked
from rescind.documents.schemas import Truth
from rescind.errors import Problem, nearest
from rescind.model import CONTROL_PREFIX, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rescind.certify.preparation import Begun
    from rescind.certify.scenarios import Plan, Scenario
    from rescind.engine import Engine
    from rescind.model import JournalEntry
    from rescind.store import Transaction

DEFAULT_TIMEOUT_SECONDS = 60
_LONGEST_TIMEOUT_SECONDS = 600


def parse_begin(body: Mapping[str, Any], *, has_socket: bool) -> Asked:
    """Return what a body asks of a beginning. Raises Problem for one that does not fit."""
    return Asked(**checked(BeginSchema(), body), has_socket=has_socket)


class BeginSchema(Schema):
    """What ``POST /scenarios/ID/begin`` takes."""

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE

    timeout_seconds = Seconds(
        load_default=DEFAULT_TIMEOUT_SECONDS,
        validate=validate.Range(min=0, min_inclusive=False, max=_LONGEST_TIMEOUT_SECONDS),
    )
    processes = Truth(load_default=False)


class Ended(NamedTuple):
    """What a scenario leaves: how it was begun, the journal, the entries that were given up, the last serial."""

    begun: Begun
    entries: list[JournalEntry]
    abandoned: dict[int, int]
    serial: int


class Certification:
    """Certifies clients of the vendors of an engine. The plans are made when they are first asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @cached_property
    def plans(self) -> Mapping[str, Plan]:
        """The plan of each vendor whose document says what a good client does."""
        contracts = [client_contract(vendor) for vendor in self._engine.vendors.values()]
        return {contract.vendor.name: make_plan(contract) for contract in contracts if contract}

    def scenarios(self, vendor: str | None = None) -> list[ScenarioView]:
        """List the scenarios of all vendors, or of one. Raises Problem for a vendor without a plan."""
        if vendor is not None and vendor not in self.plans:
            raise Problem(HTTPStatus.BAD_REQUEST, *self._without_plan(vendor))
        plans = [plan for name, plan in self.plans.items() if vendor in (None, name)]
        return [view(scenario) for plan in plans for scenario in plan.scenarios.values()]

    def begin(self, sandbox: str, scenario_id: str, asked: Asked, base_url: str) -> Beginning:
        """Begin a scenario in a sandbox. Raises Problem for an unknown one, and a fault that this host cannot make."""
        plan, scenario = self._find(scenario_id)
        gives = Preparation(self._engine, sandbox, plan, scenario, asked).begin()
        url = base_url + plan.contract.vendor.fixture.mount
        return {
            "scenario": scenario.id,
            "vendor": scenario.vendor,
            "base_url": url,
            "timeout_seconds": asked.timeout_seconds,
            "gives": [{"base_url": url, **given} for given in gives],
            "at_once": scenario.is_together,
        }

    def claim(self, sandbox: str, scenario_id: str, body: dict[str, Any]) -> TrialVerdict:
        """Judge what the client claims. Raises Problem for a scenario that was not begun here, and a wrong claim."""
        plan, scenario = self._find(scenario_id)
        claimed = parse_claim(body)  # a claim that does not fit must not end the scenario
        now = self._engine.clock.system()

        def end(transaction: Transaction) -> Ended:
            begun = begun_in(transaction, scenario, len(claimed))
            serial = transaction.read("serials", LOG, 0)
            return Ended(begun, list(transaction.entries(LOG)), abandoned(transaction), serial)

        begun, entries, left, serial = self._engine.transact(sandbox, end)
        after = {order: state_of(self._engine, sandbox, plan, order) for order in begun["before"]}
        aliases = other_names(plan.contract, begun["before"])
        bound = self._engine.bounds.journal_body
        reading = Reading(self._engine.router, plan.contract, begun["at"], aliases, left, bound)
        trial = Trial(
            scenario=scenario,
            contract=plan.contract,
            runs=runs_of(claimed, (now - begun["at"]) / SECOND * 1000),
            calls=client_calls(entries, reading),
            before=begun["before"],
            after=after,
            hang_ms=begun["hang_ms"],
            is_complete=len(entries) == serial + 1 - begun["first"],
        )
        return judge(trial)

    def _find(self, scenario_id: str) -> tuple[Plan, Scenario]:
        vendor = scenario_id.partition(".")[0]
        if vendor not in self.plans:
            raise Problem(HTTPStatus.NOT_FOUND, *self._without_plan(vendor))
        plan = self.plans[vendor]
        if scenario_id not in plan.scenarios:
            remedy = f"did you mean {nearest(scenario_id, plan.scenarios)}? GET {CONTROL_PREFIX}/scenarios lists all"
            raise Problem(HTTPStatus.NOT_FOUND, f"unknown scenario {scenario_id!r}", remedy)
        return plan, plan.scenarios[scenario_id]

    def _without_plan(self, vendor: str) -> tuple[str, str]:
        """Return why a vendor has no scenarios, and what to do."""
        if vendor in self._engine.vendors:
            remedy = "say in its document, as x-client, what a good client does; see docs/certify.md"
            return f"the document of {vendor} names no deletion to certify clients of", remedy
        known: Sequence[str] = list(self.plans)
        return f"unknown vendor {vendor!r}", f"expected one of: {', '.join(known)}"
