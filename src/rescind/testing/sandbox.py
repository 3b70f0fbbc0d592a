"""A sandbox, as a test holds it in its hands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from rescind.testing.control_client import ControlClient, SandboxError
from rescind.testing.parts import Clock, Settings, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rescind.control.journal import EntryView
    from rescind.control.overrides import Override
    from rescind.control.verification import Verdict
    from rescind.coverage.catalogue import CatalogueEntry, WayRequest
    from rescind.coverage.counting import Report

    Json = Mapping[str, Any]


class VerificationError(AssertionError):
    """The journal is not as a test says that it is; ``report`` has the exchanges that came nearest."""

    def __init__(self, report: Verdict) -> None:
        self.report = report
        super().__init__(f"verification failed: {json.dumps(report, indent=2)}")


class Credentials(NamedTuple):
    """What a client must send to authenticate: query parameters, and headers."""

    params: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Sandbox:
    """One isolated world of a server. Its ``base_url`` takes the place of the vendor's host; nothing else changes.

    ``token`` is the control token of a server that asks for one. Every method raises SandboxError, with the words of
    the problem detail, for what is refused.
    """

    base_url: str
    token: str | None = field(default=None, repr=False)

    @property
    def control(self) -> ControlClient:
        """The control API of this sandbox."""
        return ControlClient(self.base_url.rstrip("/"), self.token)

    @property
    def state(self) -> State:
        """The vendors' worlds: look at them, and change them."""
        return State(self.control)

    @property
    def settings(self) -> Settings:
        """The vendors' settings: look at them, and change them."""
        return Settings(self.control)

    @property
    def clock(self) -> Clock:
        """The time: freeze it, advance it."""
        return Clock(self.control)

    def credentials(self, vendor: str, identifier: str | None = None) -> Credentials:
        """Return what a client of this vendor must send, with the first credential of the fixtures or with another one.

        >>> sandbox.credentials("alephee").params
        {'API_KEY': 'demo-key'}
        >>> sandbox.credentials("ecommerce", "grace-token").headers
        {'Authorization': 'Bearer grace-token'}
        """
        known = self.state.get(vendor).get("credentials", {})
        if identifier is not None and identifier not in known:
            detail = f"{vendor} has no credential {identifier!r}"
            raise SandboxError(404, {"detail": detail, "remedy": f"there are: {', '.join(known) or 'none'}"})
        chosen = identifier or next(iter(known), None)
        document = self.control.call("GET", f"/specs/{quote(vendor)}.json")
        schemes = document.get("components", {}).get("securitySchemes", {}).values()
        return credentials_for(schemes, chosen)

    def override(  # noqa: PLR0913 - the fields of an override, each by its name
        self,
        vendor: str,
        *,
        operation: str | None = None,
        match: Json | None = None,
        outcome: str | None = None,
        fault: str | None = None,
        effect: bool | None = None,
        rival: bool = False,
        delay_ms: Any = None,
        times: int | None = 1,
        seed: int = 0,
    ) -> Override:
        """Order the answer to the next calls that match: an outcome, a fault, a delay; ``times`` None is for good.

        With ``effect`` the call takes effect before the outcome; with ``rival`` somebody else makes it just before.

        >>> sandbox.override("alephee", outcome="rate_limited", times=2)["id"]
        '1'
        """
        given = {"operation": operation, "outcome": outcome, "fault": fault, "effect": effect, "delay_ms": delay_ms}
        wanted = {name: value for name, value in given.items() if value is not None}
        wanted |= {"vendor": vendor, "match": match or {}, "times": times, "seed": seed, "rival": rival}
        override: Override = self.control.call("POST", "/overrides", wanted)
        return override

    def fault(self, vendor: str, fault: str, *, times: int | None = 1, **more: Any) -> Override:
        """Order a fault on the wire; ``more`` is as for ``override``.

        >>> sandbox.fault("rxuniverse", "reply_lost", operation="cancelOrder")["fault"]
        'reply_lost'
        """
        return self.override(vendor, fault=fault, times=times, **more)

    def overrides(self) -> list[Override]:
        """Return all overrides, and how often each was used."""
        found: list[Override] = self.control.call("GET", "/overrides")["overrides"]
        return found

    def journal(self, **wanted: Any) -> list[EntryView]:
        """Return the exchanges, oldest first: by vendor, operation, outcome, status, since or limit.

        >>> sandbox.journal(vendor="alephee", status=429)
        []
        """
        entries: list[EntryView] = []
        after: int | None = 0
        pages = wanted if "limit" in wanted else {**wanted, "after": after}
        while after is not None:
            page = self.control.call("GET", "/journal", query=pages.items())
            entries += page["entries"]
            after = page["next"]
            pages["after"] = after
        return entries

    def verify(self, match: Json | None = None, **wanted: Any) -> Verdict:
        """Check that the exchanges are as ``wanted`` says: count, at_least, at_most, min_interval_ms or order.

        Raises VerificationError, which has the exchanges that came nearest, if they are not.

        >>> sandbox.verify({"vendor": "alephee"}, count=0)["verified"]
        True
        """
        asked = wanted | ({"match": match} if match is not None else {})
        report: Verdict = self.control.call("POST", "/journal/verify", asked)
        if not report["verified"]:
            raise VerificationError(report)
        return report

    def coverage(self, vendor: Sequence[str] = (), ignore: Sequence[str] = (), operation: Sequence[str] = ()) -> Report:
        """Return which documented outcomes were met here: of all vendors, of some, or of some operations.

        >>> sandbox.coverage(operation=["rxuniverse.cancelOrder"])["total"]
        {'outcomes': 11, 'met': 0, 'percent': 0.0}
        """
        chosen = {"vendor": vendor, "ignore": ignore, "operation": operation}
        query = [(kind, name) for kind, names in chosen.items() for name in names]
        report: Report = self.control.call("GET", "/coverage", query=[*query, ("format", "json")])
        return report

    def outcomes(self) -> list[CatalogueEntry]:
        """Return the catalogue: every outcome, with the requests that lead to it."""
        found: list[CatalogueEntry] = self.control.call("GET", "/outcomes")["outcomes"]
        return found

    def send(self, request: WayRequest) -> int:
        """Send a request of the catalogue, to a vendor or to the control API, and return the status.

        >>> sandbox.send({"method": "DELETE", "path": "/api/v2/orders/72544"})
        200
        """
        return self.control.send(request)

    def reset(self) -> None:
        """Make the sandbox as new.

        >>> sandbox.reset()
        """
        self.control.call("POST", "/reset")

    def drop(self) -> None:
        """Forget the sandbox; its next use begins another of the name. The one without a name is reset."""
        _, has_name, name = self.base_url.rstrip("/").rpartition("/~")
        if has_name:
            self.control.call("DELETE", f"/sandboxes/{quote(name, safe='')}")
        else:
            self.reset()


def credentials_for(schemes: Iterable[Json], credential: str | None) -> Credentials:
    """Return where the security schemes of a document want the credential; empty without a credential."""
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    for scheme in schemes if credential else ():
        if scheme["type"] == "apiKey":
            if scheme["in"] == "cookie":
                headers["Cookie"] = f"{scheme['name']}={credential}"
            else:
                (params if scheme["in"] == "query" else headers)[scheme["name"]] = str(credential)
        else:
            headers["Authorization"] = f"{scheme.get('scheme', 'bearer').capitalize()} {credential}"
    return Credentials(params, headers)
