"""The parts of a sandbox's world: state, settings, clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.testing.control_client import ControlClient


@dataclass(frozen=True)
class State:
    """The vendors' worlds in a sandbox."""

    control: ControlClient

    def get(self, vendor: str, collection: str | None = None, identifier: str | None = None) -> Any:
        """Return a vendor's whole state, one of its collections, or one record.

        >>> sandbox.state.get("alephee", "products", "MUG-BLUE")["available"]
        40
        """
        if collection is None or identifier is None:
            everything = self.control.call("GET", f"/state/{quote(vendor)}")
            return everything if collection is None else everything[collection]
        return self.control.call("GET", _record(vendor, collection, identifier))

    __call__ = get
    """The same, for short: ``sandbox.state("alephee")``."""

    def put(self, vendor: str, collection: str, identifier: str, record: Mapping[str, Any]) -> Any:
        """Add a record, or replace it, and return it as it is kept.

        >>> sandbox.state.put("alephee", "orders", "9", {"account": 1001})["deleted"] is None
        True
        """
        return self.control.call("PUT", _record(vendor, collection, identifier), record)

    def patch(self, vendor: str, collection: str, identifier: str, **fields: Any) -> Any:
        """Change fields of a record, and return it whole.

        >>> sandbox.state.patch("alephee", "products", "MUG-BLUE", available=1)["name"]
        'Mug, blue'
        """
        return self.control.call("PATCH", _record(vendor, collection, identifier), fields)

    def delete(self, vendor: str, collection: str, identifier: str) -> None:
        """Remove a record.

        >>> sandbox.state.delete("exsited", "orders", "ORD-10001")
        """
        self.control.call("DELETE", _record(vendor, collection, identifier))


@dataclass(frozen=True)
class Settings:
    """The vendors' settings in a sandbox."""

    control: ControlClient

    def get(self, vendor: str) -> dict[str, Any]:
        """Return a vendor's settings.

        >>> sandbox.settings.get("alephee")
        {'requests_per_minute': 120}
        """
        settings: dict[str, Any] = self.control.call("GET", f"/state/{quote(vendor)}/settings")
        return settings

    __call__ = get
    """The same, for short: ``sandbox.settings("alephee")``."""

    def change(self, vendor: str, **settings: Any) -> dict[str, Any]:
        """Change some settings, and return them all.

        >>> sandbox.settings.change("rxuniverse", job_tracker_installed=False)["job_tracker_installed"]
        False
        """
        changed: dict[str, Any] = self.control.call("PATCH", f"/state/{quote(vendor)}/settings", settings)
        return changed


@dataclass(frozen=True)
class Clock:
    """The time of a sandbox: it drives rate windows, token expiry and every timestamp."""

    control: ControlClient

    def now(self) -> str:
        """Return the sandbox's time, in RFC 3339."""
        return str(self.control.call("GET", "/clock")["now"])

    def freeze(self, now: str | None = None) -> str:
        """Stop the clock where it is, or at a moment, and return the time.

        >>> sandbox.clock.freeze("2026-11-20T12:00:00Z")
        '2026-11-20T12:00:00Z'
        """
        return self._set("frozen", now)

    def advance(self, seconds: float) -> str:
        """Move the clock forward, and return the time.

        >>> _ = sandbox.clock.freeze("2026-11-20T12:00:00Z")
        >>> sandbox.clock.advance(90)
        '2026-11-20T12:01:30Z'
        """
        return str(self.control.call("POST", "/clock/advance", {"seconds": seconds})["now"])

    def run(self, now: str | None = None) -> str:
        """Let the clock run, from the system's time or from a moment, and return the time."""
        return self._set("real", now)

    def _set(self, mode: str, now: str | None) -> str:
        wanted = {"mode": mode} | ({"now": now} if now else {})
        return str(self.control.call("PUT", "/clock", wanted)["now"])


def _record(vendor: str, collection: str, identifier: str) -> str:
    return f"/state/{quote(vendor)}/{quote(collection)}/{quote(identifier, safe='')}"
