"""A scenario in a test: what the client is given, and a claim whose verdict is the test's result."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from rescind.certify.advice import CLAIMS
from rescind.certify.certification import DEFAULT_TIMEOUT_SECONDS
from rescind.certify.reports import finding_lines
from rescind.certify.scenarios import choose
from rescind.certify.verdict import FAILED
from rescind.errors import SettingsError, nearest
from rescind.settings import Settings, control_token
from rescind.testing.sandbox import Sandbox
from rescind.testing.scenarios import BegunScenario, plan_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.certify.scenarios import ScenarioView
    from rescind.certify.verdict import TrialVerdict

    Claims = Mapping[type[BaseException], str]


class CertificationError(AssertionError):
    """The client broke a MUST; ``verdict`` has the evidence."""

    def __init__(self, verdict: TrialVerdict) -> None:
        self.verdict = verdict
        lines = [line for finding in verdict["findings"] for line in (*finding_lines(verdict, finding), "")]
        super().__init__("\n".join(lines).rstrip())


@dataclass(frozen=True)
class CertifiedCase:
    """One scenario that a test is run for. ``claims`` says what an exception of the client claims."""

    scenario: ScenarioView
    claims: Claims
    timeout_seconds: float


@dataclass
class Scenario:
    """A scenario in a test: where the client sends its calls, which order it deletes, and with which credentials."""

    begun: BegunScenario
    claims: Claims = field(default_factory=dict)
    verdict: TrialVerdict | None = None

    @property
    def id(self) -> str:
        """The name of the scenario: ``vendor.group.name``."""
        return self.begun.id

    @property
    def base_url(self) -> str:
        """What takes the place of the vendor's host."""
        return self.begun.runs[0]["base_url"]

    @property
    def order(self) -> str:
        """The order to delete."""
        return self.begun.runs[0]["order"]

    @property
    def credentials(self) -> dict[str, str]:
        """What else the client is given, by name: account, api_key, token, client_id and so on."""
        return {name: value for name, value in self.begun.runs[0].items() if name not in {"base_url", "order"}}

    def claim(self, claim: str | BaseException | type[BaseException]) -> TrialVerdict:
        """Claim ``gone``, ``refused`` or ``unknown``, or what an exception means; return the verdict.

        Raises CertificationError if the client broke a MUST, and SettingsError for a word that is no claim.
        """
        __tracebackhide__ = True
        self.verdict = self.begun.judge(self._run(claim))
        if self.verdict["result"] == FAILED:
            raise CertificationError(self.verdict)
        return self.verdict

    def _run(self, claim: str | BaseException | type[BaseException]) -> dict[str, Any]:
        kind = claim if isinstance(claim, type) else type(claim)
        if issubclass(kind, BaseException):
            mapped = next((self.claims[one] for one in kind.__mro__ if one in self.claims), None)
            detail = "" if isinstance(claim, type) else str(claim)[:1000]
            if mapped:
                return {"claim": mapped, "detail": detail}
            return {"claim": "unknown", "detail": detail, "uncaught": f"{kind.__name__}: {detail}".rstrip(": ")}
        return {"claim": _claim(claim)}


def certified_cases(
    url: str | None,
    vendor: str,
    only: str | Iterable[str] = (),
    claims: Claims | None = None,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
) -> list[CertifiedCase]:
    """Return the scenarios of a vendor, or those of them that are named, with or without the vendor.

    Raises SettingsError for a vendor, a scenario or a claim that does not exist.
    """
    mapped = claims or {}
    for kind, word in mapped.items():
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise SettingsError(f"claims maps exception classes to claims, and {kind!r} is none")
        _claim(word)
    names = (only,) if isinstance(only, str) else only
    return [CertifiedCase(one, mapped, timeout) for one in choose(_plan(url, vendor), vendor, names)]


@cache
def _plan(url: str | None, vendor: str) -> list[ScenarioView]:
    return plan_of(vendor, Sandbox(url, control_token(os.environ)) if url else None, Settings())


def _claim(word: Any) -> str:
    if word not in CLAIMS:
        near = nearest(str(word), CLAIMS)
        raise SettingsError(f"invalid claim {word!r}; did you mean {near!r}? A claim is {', '.join(CLAIMS)}")
    claim: str = word
    return claim
