"""The documented outcomes as cases to test: which there are, and how a sandbox is prepared for each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.coverage.catalogue import catalogue
from rescind.documents import shipped
from rescind.errors import SettingsError
from rescind.model import CONTROL_PREFIX
from rescind.rules.loading import load_vendors
from rescind.settings import control_token
from rescind.testing.control_client import SandboxError
from rescind.testing.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rescind.coverage.catalogue import CatalogueEntry, WayRequest


@dataclass(frozen=True)
class OutcomeCase:
    """One documented outcome to test, and the request that meets it.

    ``request`` has method, path, headers and json of the request in a sandbox that was prepared; ``parameters`` its
    path and query parameters by name, and ``before`` what prepares the sandbox.
    """

    vendor: str
    operation: str
    name: str
    status: int
    description: str
    request: WayRequest
    before: tuple[WayRequest, ...]
    override: bool

    @property
    def id(self) -> str:
        """The outcome's name as it is everywhere: ``vendor.operation.outcome``."""
        return f"{self.vendor}.{self.operation}.{self.name}"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The request's path and query parameters by name, credentials included."""
        return self.request.get("parameters", {})

    def prepare(self, sandbox: Sandbox) -> None:
        """Bring the sandbox to where the request meets the outcome."""
        for step in self.before:
            status = sandbox.send(step)
            if step["path"].startswith(CONTROL_PREFIX) and status >= HTTPStatus.BAD_REQUEST:
                raise SandboxError(status, {"detail": f"{step['method']} {step['path']} was refused"})
        if self.override:
            sandbox.override(self.vendor, operation=self.operation, outcome=self.name)


def outcome_cases(
    url: str | None,
    operation: str,
    only: str | Iterable[str] | None = None,
    provenance: str | Iterable[str] | None = None,
) -> list[OutcomeCase]:
    """Return the outcomes of ``VENDOR.OPERATION``, or those of them that are named, or known in one of some ways.

    Raises SettingsError for names that do not exist, and when no outcome has both the name and the provenance.
    """
    entries = _catalogue(url)
    mine = [entry for entry in entries if f"{entry['vendor']}.{entry['operation']}" == operation]
    _refuse_unknown("operation", [operation], {f"{entry['vendor']}.{entry['operation']}" for entry in entries})
    names, marks = _several(only), _several(provenance)
    _refuse_unknown("outcome", names, [entry["outcome"] for entry in mine])
    _refuse_unknown("provenance", marks, {entry["provenance"]["mark"] for entry in entries})
    chosen = [
        entry
        for entry in mine
        if (not names or entry["outcome"] in names) and (not marks or entry["provenance"]["mark"] in marks)
    ]
    if not chosen:  # pytest would skip the test, and nobody would see it
        found = sorted({entry["provenance"]["mark"] for entry in mine if not names or entry["outcome"] in names})
        raise SettingsError(
            f"no outcome of {operation} has provenance {' or '.join(marks)}; expected one of: {', '.join(found)}"
        )
    return [_case(entry) for entry in chosen]


@cache
def _catalogue(url: str | None) -> list[CatalogueEntry]:
    """Return the outcomes of the server at the URL; without one, of the vendors that come with Rescind."""
    if url:
        return Sandbox(url.rstrip("/"), control_token(os.environ)).outcomes()
    return catalogue(load_vendors([shipped.SPEC_DIR], [shipped.FIXTURE_DIR]))


def _case(entry: CatalogueEntry) -> OutcomeCase:
    ways = entry["ways"]
    kind = next(kind for kind in ("natural", "magic", "forced") if kind in ways)
    *before, request = ways[kind]
    headers = {name: value for name, value in request.get("headers", {}).items() if name != "Prefer"}
    return OutcomeCase(
        vendor=entry["vendor"],
        operation=entry["operation"],
        name=entry["outcome"],
        status=entry["status"],
        description=entry["description"],
        request={**request, "headers": headers},
        before=tuple(before),
        override=kind == "forced",
    )


def _several(given: str | Iterable[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _refuse_unknown(what: str, names: Sequence[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(f"unknown {what} {name!r}; expected one of: {', '.join(sorted(known))}")
