"""A scenario, as a test or a runner holds it: begun in a sandbox, with what the client is given, until the claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rescind.assembly import assemble
from rescind.certify.certification import Certification
from rescind.errors import Problem, SettingsError
from rescind.testing.control_client import SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rescind.certify.preparation import Beginning
    from rescind.certify.scenarios import ScenarioView
    from rescind.certify.verdict import TrialVerdict
    from rescind.settings import Settings
    from rescind.testing.sandbox import Sandbox


class BegunScenario:
    """A scenario that was begun in a sandbox. Raises SandboxError if it cannot be.

    ``runs`` has the placeholders of each run; where the client runs in no ``processes``, there is one.
    """

    def __init__(self, sandbox: Sandbox, identifier: str, timeout_seconds: float, *, processes: bool = False) -> None:
        self.sandbox = sandbox
        self.id = identifier
        self._path = f"/scenarios/{quote(identifier, safe='')}"
        asked = {"timeout_seconds": timeout_seconds, "processes": processes}
        beginning: Beginning = sandbox.control.call("POST", f"{self._path}/begin", asked)
        self.runs: Sequence[Mapping[str, str]] = beginning["gives"]
        self.at_once = beginning["at_once"]

    def judge(self, *runs: Mapping[str, Any]) -> TrialVerdict:
        """Claim what each run claims, and return the verdict."""
        body = {"runs": list(runs)} if len(runs) > 1 else dict(runs[0])
        verdict: TrialVerdict = self.sandbox.control.call("POST", f"{self._path}/claim", body)
        return verdict


def plan_of(vendor: str, sandbox: Sandbox | None, settings: Settings) -> list[ScenarioView]:
    """Return the plan of a vendor: that of a server that runs already, else the one that ``settings`` lead to.

    Raises SettingsError for a vendor without one, and for a server that does not answer.
    """
    try:
        if sandbox is None:
            return Certification(assemble(settings).engine).scenarios(vendor)
        found: list[ScenarioView] = sandbox.control.call("GET", "/scenarios", query=[("vendor", vendor)])["scenarios"]
    except SandboxError as refusal:
        raise SettingsError(str(refusal)) from None
    except Problem as problem:
        raise SettingsError(f"{problem.detail}; {problem.remedy}") from None
    return found
