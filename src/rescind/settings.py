"""The settings: each a field, an option of ``rescind serve``, and an environment variable of the same name."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import click

from rescind.errors import SettingsError, nearest
from rescind.model import Bounds
from rescind.store import SHARED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

PREFIX: Final = "RESCIND_"
CONTROL_TOKEN_VARIABLE: Final = f"{PREFIX}CONTROL_TOKEN"
OF_THE_HOST: Final = frozenset({"host", "port", "workers", "reload"})
"""The settings that only ``rescind serve`` has: on another host, the host decides on them."""

_OTHERS = ("format", "url", "fail_under", "ignore", "credential", "foreign_order",
    "only", "jobs", "claim", "timeout", "output", "baseline")  # fmt: skip
"""Variables of other commands, of the pytest plugin and of the hooks for Schemathesis."""


def _option(default: Any, text: str, metavar: str | None = None, kind: type | None = None) -> Any:
    return field(default=default, metadata={"help": text, "metavar": metavar, "kind": kind or type(default)})


@dataclass(frozen=True)
class Settings:
    """How to serve. Each field is an option; its help is what ``--help`` prints."""

    host: str = _option("127.0.0.1", "Listen on this address.")
    port: int = _option(8080, "Listen on this port; 0 takes a free one.")
    vendor: tuple[str, ...] = _option((), "Load only this vendor; repeatable.", "NAME")
    spec: Path | None = _option(None, "Search this folder of specs and rules first.", "DIR", Path)
    fixtures: Path | None = _option(None, "Search this folder of fixtures first.", "DIR", Path)
    store: str = _option("memory://", "Keep the state here; redis://HOST:PORT/DB shares it.", "URL")
    workers: int = _option(1, "Run so many processes; more than one need a shared store.", "N")
    reload: bool = _option(default=False, text="Reload edited specs, rules and fixtures.")
    control_token: str | None = _option(
        None, "Require this token for the control API; needed off loopback.", "TOKEN", str
    )
    no_debug_headers: bool = _option(default=False, text="Leave X-Rescind-Outcome out of replies.")
    max_body: int = _option(2 * 1024 * 1024, "Limit the size of a request body.", "BYTES")
    max_connections: int = _option(4096, "Limit the connections at once.", "N")
    idle_seconds: int = _option(75, "Close a connection that is idle for so long.", "N")
    request_seconds: int = _option(60, "Refuse a request that takes so long to come.", "N")
    max_sandboxes: int = _option(Bounds.sandboxes, "Limit the sandboxes at once.", "N")
    sandbox_idle_seconds: int = _option(Bounds.idle_seconds, "Let a sandbox make room after so long without use.", "N")
    max_overrides: int = _option(Bounds.overrides, "Limit the overrides of a sandbox.", "N")
    max_journal: int = _option(Bounds.journal, "Limit the journal entries of a sandbox.", "N")
    max_journal_body: int = _option(Bounds.journal_body, "Limit what the journal keeps of a head or body.", "BYTES")
    max_journal_bytes: int = _option(Bounds.journal_bytes, "Limit the size of a sandbox's journal.", "BYTES")
    max_total_bytes: int = _option(Bounds.total_bytes, "Limit what all sandboxes keep together.", "BYTES")
    max_records: int = _option(Bounds.records, "Limit the changed records of a collection.", "N")
    max_delay_ms: int = _option(Bounds.delay_ms, "Limit the delay of a reply.", "N")
    max_hang_ms: int = _option(Bounds.hang_ms, "Limit the time of a hang.", "N")

    max_rule_seconds: int = _option(Bounds.rule_seconds, "Limit the time of a vendor's rule.", "N")

    @classmethod
    def of(cls, caller: str, given: Mapping[str, Any], refused: Collection[str], reason: str) -> Self:
        """Check the arguments of ``caller``, which does not take the ``refused`` ones for that ``reason``.

        Raises SettingsError for those, for an unknown name, and for a wrong type.
        """
        known = {one.name: one.metadata["kind"] for one in fields(cls) if one.name not in refused}
        chosen: dict[str, Any] = {}
        for name, value in given.items():
            if name in refused:
                raise SettingsError(f"{caller} does not take {name!r}: {reason}")
            if name not in known:
                raise SettingsError(f"{caller} has no setting {name!r}; did you mean {nearest(name, known)!r}?")
            chosen[name] = _typed(name, value, known[name], optional=getattr(cls, name) is None)
        return cls(**chosen)

    @classmethod
    def from_environment(cls, **given: Any) -> Self:
        """Return the settings that the ``RESCIND_*`` variables say; those that are ``given`` go before them.

        Raises SettingsError for a variable that does not exist, or whose value is invalid.
        """
        refuse_unknown_variables(os.environ)
        names = [one.name for one in fields(cls) if one.name not in {*OF_THE_HOST, *given}]
        try:
            context = click.Command("rescind", params=[*options(*names)]).make_context("rescind", [])
        except click.UsageError as wrong:
            raise SettingsError(wrong.format_message()) from None
        return cls(**{**context.params, **given})

    @property
    def bounds(self) -> Bounds:
        """What clients can make the sandbox keep, or do."""
        return Bounds(
            sandboxes=self.max_sandboxes,
            idle_seconds=self.sandbox_idle_seconds,
            overrides=self.max_overrides,
            journal=self.max_journal,
            journal_body=self.max_journal_body,
            journal_bytes=self.max_journal_bytes,
            total_bytes=self.max_total_bytes,
            records=self.max_records,
            delay_ms=self.max_delay_ms,
            hang_ms=self.max_hang_ms,
            rule_seconds=self.max_rule_seconds,
        )

    @property
    def is_shared(self) -> bool:
        """Whether many processes can share the store."""
        return self.store.partition("://")[0] in SHARED

    def check(self) -> None:
        """Raise SettingsError for settings that are out of range, or do not go together."""
        if not 0 <= self.port <= 65_535:  # noqa: PLR2004 - the range of ports
            raise SettingsError(f"invalid port {self.port}: use 0 (a free port) to 65535")
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, int) and not isinstance(value, bool) and one.name != "port" and value < 1:
                raise SettingsError(f"invalid {one.name.replace('_', '-')} {value}: use a number from 1")
        if self.workers > 1 and not self.is_shared:
            raise SettingsError(
                f"{self.workers} workers would have {self.workers} worlds, since each process has a memory of its own; "
                "share one with --store redis://HOST:PORT/DB, or use one worker"
            )
        if self.control_token is not None and not _is_token(self.control_token):
            raise SettingsError("invalid control token: use visible ASCII text, or leave it out on loopback")
        if self.control_token is None and not is_loopback(self.host):
            raise SettingsError(
                f"{self.host} is not loopback, and the control API would be open to everyone who reaches it; "
                f"give it a token: --control-token TOKEN or {CONTROL_TOKEN_VARIABLE}"
            )


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the address, which may stand in brackets."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def control_token(environment: Mapping[str, str]) -> str | None:
    """Return the control token of the environment, for those who call a server that runs already."""
    return environment.get(CONTROL_TOKEN_VARIABLE)


def refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for a ``RESCIND_*`` variable that does not exist, with the nearest that does."""
    known = [PREFIX + name.upper() for name in (*(one.name for one in fields(Settings)), *_OTHERS)]
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(f"unknown setting {name}; did you mean {nearest(name, known)}?")


class Names(click.ParamType[str]):
    """A name; in a variable they are separated by commas."""

    name = "name"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Split the value of a variable at its commas."""
        return [name for name in rv.split(",") if name.strip()]

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        """Return the name without spaces around it."""
        return value.strip()


def options(*names: str) -> Iterator[click.Option]:
    """Yield the options of these settings, for a command; their variables and types are click's work."""
    types = {Path: click.Path(path_type=Path), tuple: Names()}
    for one in fields(Settings):
        if one.name in names:
            kind = one.metadata["kind"]
            yield click.Option(
                [f"--{one.name.replace('_', '-')}"],
                type=types.get(kind, kind),
                default=one.default,
                is_flag=kind is bool,
                multiple=kind is tuple,
                envvar=PREFIX + one.name.upper(),
                show_envvar=True,
                show_default=one.default not in (None, (), False),
                metavar=one.metadata["metavar"],
                help=one.metadata["help"],
            )


def _typed(name: str, value: Any, kind: type, *, optional: bool) -> Any:
    if isinstance(value, str) and kind is Path:
        return Path(value)
    if isinstance(value, str) and kind is tuple:
        return (value,)
    if isinstance(value, list) and kind is tuple:
        return tuple(value)
    if value is None and optional:
        return None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SettingsError(f"invalid {name} {value!r}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def _is_token(text: str) -> bool:
    return text != "" and text.isascii() and text.isprintable() and " " not in text
