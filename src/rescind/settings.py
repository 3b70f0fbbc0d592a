"""The settings of ``rescind serve``: each an option and an environment variable of the same name."""

from __future__ import annotations

import difflib
import ipaddress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from rescind.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PREFIX = "RESCIND_"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


@dataclass(frozen=True)
class ServeSettings:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 8080
    vendor: tuple[str, ...] = ()
    spec: Path | None = None
    fixtures: Path | None = None
    store: str = "memory://"
    reload: bool = False
    control_token: str | None = None
    no_debug_headers: bool = False
    max_body: int = 2 * 1024 * 1024

    def check(self) -> None:
        """Raise SettingsError for settings that do not go together."""
        if not 0 <= self.port <= 65_535:  # noqa: PLR2004 - the range of ports
            raise SettingsError(f"port {self.port} is none; use 0 (a free one) to 65535")
        if self.max_body < 1:
            raise SettingsError(f"max-body {self.max_body} lets nothing in; use a number of bytes from 1")
        if self.store != "memory://":
            raise SettingsError(f"there is no store {self.store!r}; use memory://")
        if self.control_token == "":
            raise SettingsError("the control token is empty; give it a value, or leave it out on loopback")
        if self.control_token is None and not is_loopback(self.host):
            raise SettingsError(
                f"{self.host} is not loopback, and the control API would be open to everyone who reaches it; "
                f"give it a token: --control-token TOKEN or {PREFIX}CONTROL_TOKEN"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def from_environment(environment: Mapping[str, str], others: Iterable[str] = ()) -> dict[str, str]:
    """The ``RESCIND_*`` variables by the name of the setting. ``others`` are names that belong to other commands.

    Raises SettingsError for a name that does not exist, with the nearest that does.
    """
    known = {PREFIX + field.name.upper() for field in fields(ServeSettings)} | {
        PREFIX + name.upper() for name in others
    }
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
