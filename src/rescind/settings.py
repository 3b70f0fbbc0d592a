"""The settings of ``rescind serve``: each an option and an environment variable of the same name."""

from __future__ import annotations

import difflib
import ipaddress
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rescind.errors import SettingsError
from rescind.model import Bounds
from rescind.store import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "RESCIND_"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def _option(default: Any, text: str, metavar: str | None = None, kind: type | None = None) -> Any:
    return field(default=default, metadata={"help": text, "metavar": metavar, "kind": kind or type(default)})


@dataclass(frozen=True)
class ServeSettings:
    """How to serve. Each field is an option; its help is what ``--help`` prints."""

    host: str = _option("127.0.0.1", "address to listen on")
    port: int = _option(8080, "port; 0 takes a free one")
    vendor: tuple[str, ...] = _option((), "only this vendor; may be repeated", "NAME")
    spec: Path | None = _option(None, "folder of more specs and rules, searched first", "DIR", Path)
    fixtures: Path | None = _option(None, "folder of more fixtures, searched first", "DIR", Path)
    store: str = _option("memory://", "where the world lives; redis://HOST:PORT/DB shares it", "URL")
    workers: int = _option(1, "processes that answer on the port; more than one need a shared store", "N")
    reload: bool = _option(default=False, text="pick up edited specs, rules and fixtures")
    control_token: str | None = _option(None, "bearer token of the control API; needed off loopback", "TOKEN", str)
    no_debug_headers: bool = _option(default=False, text="leave X-Rescind-Outcome out of replies")
    max_body: int = _option(2 * 1024 * 1024, "largest request body", "BYTES")
    max_connections: int = _option(4096, "connections at once", "N")
    idle_seconds: int = _option(75, "how long an idle connection is kept", "N")
    max_sandboxes: int = _option(Bounds.sandboxes, "sandboxes at once", "N")
    sandbox_idle_seconds: int = _option(Bounds.idle_seconds, "how long a sandbox must be unused to make room", "N")
    max_overrides: int = _option(Bounds.overrides, "overrides of a sandbox", "N")
    max_journal: int = _option(Bounds.journal, "journal entries of a sandbox", "N")
    max_journal_body: int = _option(Bounds.journal_body, "bytes of a body that the journal keeps", "BYTES")
    max_records: int = _option(Bounds.records, "records of a collection that differ from the fixtures", "N")
    max_delay_ms: int = _option(Bounds.delay_ms, "longest delay of a reply", "N")
    max_hang_ms: int = _option(Bounds.hang_ms, "longest hang", "N")

    @property
    def bounds(self) -> Bounds:
        """What clients can make the sandbox keep, or do."""
        return Bounds(
            sandboxes=self.max_sandboxes,
            idle_seconds=self.sandbox_idle_seconds,
            overrides=self.max_overrides,
            journal=self.max_journal,
            journal_body=self.max_journal_body,
            records=self.max_records,
            delay_ms=self.max_delay_ms,
            hang_ms=self.max_hang_ms,
        )

    def check(self) -> None:
        """Raise SettingsError for settings that do not go together."""
        if not 0 <= self.port <= 65_535:  # noqa: PLR2004 - the range of ports
            raise SettingsError(f"port {self.port} is none; use 0 (a free one) to 65535")
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int) and not isinstance(value, bool) and one.name != "port" and value < 1:
                raise SettingsError(f"{one.name.replace('_', '-')} {value} lets nothing in; use a number from 1")
        if self.workers > 1 and self.store.partition("://")[0] not in SHARED:
            raise SettingsError(
                f"{self.workers} workers would have {self.workers} worlds, since each process has a memory of its own; "
                "share one with --store redis://HOST:PORT/DB, or use one worker"
            )
        if self.control_token is not None and not _is_token(self.control_token):
            raise SettingsError("the control token is no visible ASCII text; give it another, or none on loopback")
        if self.control_token is None and not is_loopback(self.host):
            raise SettingsError(
                f"{self.host} is not loopback, and the control API would be open to everyone who reaches it; "
                f"give it a token: --control-token TOKEN or {PREFIX}CONTROL_TOKEN"
            )


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address, which may stand in brackets."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def from_environment(environment: Mapping[str, str], others: Iterable[str] = ()) -> dict[str, str]:
    """The ``RESCIND_*`` variables by the name of the setting. ``others`` are names that belong to other commands.

    Raises SettingsError for a name that does not exist, with the nearest that does.
    """
    known = {PREFIX + one.name.upper() for one in fields(ServeSettings)} | {PREFIX + name.upper() for name in others}
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise SettingsError(f"there is no setting {name}; did you mean {nearest}?")
    return {name.removeprefix(PREFIX).lower(): value for name, value in given.items()}


def truth(name: str, text: str) -> bool:
    """A switch from the environment. Raises SettingsError if it is neither on nor off."""
    if text.lower() not in TRUE | FALSE:
        raise SettingsError(f"{name} is {text!r}; write 1 or 0")
    return text.lower() in TRUE


def _is_token(text: str) -> bool:
    return text != "" and text.isascii() and text.isprintable() and " " not in text
