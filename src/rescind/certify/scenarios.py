"""Scenarios: what a client is put into, and what must happen so that it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from rescind.errors import SettingsError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rescind.certify.advice import ClientContract
    from rescind.coverage.catalogue import WayRequest

GROUPS = ("answers", "limits", "credentials", "lost", "tolerance", "races")


@dataclass(frozen=True)
class Condition:
    """The exchange without which a client was never in the situation; what is None may be anything.

    ``calls`` says how many there must be; ``is_followed``, that another call came after it.
    """

    outcomes: frozenset[str] | None = None
    fault: str | None = None
    has_rival: bool = False
    calls: int = 1
    is_followed: bool = False


@dataclass(frozen=True)
class Scenario:
    """One situation of one vendor, and how a sandbox is prepared for it.

    ``before`` are requests that lead to it, ``overrides`` what the client's calls meet, ``gives`` the placeholders.
    ``targets`` has the order of each run. ``rate`` says how many calls are left of the rate when the client starts;
    None leaves it alone. ``is_natural`` says that state and placeholders alone lead to the outcome.
    """

    vendor: str
    group: str
    name: str
    title: str
    met: Condition
    gives: Mapping[str, str]
    targets: tuple[str, ...]
    before: tuple[WayRequest, ...] = ()
    overrides: tuple[Mapping[str, Any], ...] = ()
    rate: int | None = None
    is_together: bool = False
    is_natural: bool = True
    is_renewable: bool = False
    outcome: str | None = None

    @property
    def id(self) -> str:
        """The name of the scenario: ``vendor.group.name``."""
        return f"{self.vendor}.{self.group}.{self.name}"

    @property
    def has_same_order_twice(self) -> bool:
        """Whether the runs are about one order."""
        return len(self.targets) > len(set(self.targets))

    @property
    def order(self) -> str:
        """The order of the first run."""
        return self.targets[0]


class ScenarioView(TypedDict):
    """A scenario as ``GET /_rescind/scenarios`` and ``rescind certify --list`` show it.

    ``met`` is ``natural`` where state and placeholders lead to the situation, else ``override``. ``outcome`` is the
    documented outcome that it is about, None for other situations. ``placeholders`` are what a client can be given.
    """

    id: str
    vendor: str
    group: str
    name: str
    title: str
    outcome: str | None
    met: str
    runs: int
    at_once: bool
    placeholders: list[str]


def view(scenario: Scenario) -> ScenarioView:
    """Format a scenario for the control API."""
    return {
        "id": scenario.id,
        "vendor": scenario.vendor,
        "group": scenario.group,
        "name": scenario.name,
        "title": scenario.title,
        "outcome": scenario.outcome,
        "met": "natural" if scenario.is_natural else "override",
        "runs": len(scenario.targets),
        "at_once": scenario.is_together,
        "placeholders": ["base_url", *scenario.gives],
    }


def choose(plan: Sequence[ScenarioView], vendor: str, only: Iterable[str]) -> list[ScenarioView]:
    """Return the scenarios that are named, with or without the vendor, or whose group is; all of them without a name.

    Raises SettingsError for a name that does not exist.
    """
    by_id = {one["id"]: one for one in plan}
    chosen: dict[str, ScenarioView] = {}
    for wanted in only:
        name = wanted.removeprefix(f"{vendor}.")
        found = {one["id"]: one for one in plan if name in {one["group"], f"{one['group']}.{one['name']}"}}
        if not found:
            near = nearest(f"{vendor}.{name}", by_id)
            raise SettingsError(f"unknown scenario {vendor}.{name}; did you mean {near}? --list shows all")
        chosen |= found
    return list(chosen.values()) or list(plan)


@dataclass(frozen=True)
class Plan:
    """All scenarios of a vendor, by their ids; ``gone`` are the outcomes of a deletion of an order that is gone."""

    contract: ClientContract
    scenarios: Mapping[str, Scenario]
    gone: frozenset[str]
