"""Joining the parts: from settings to the service that every door hands its requests to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind.control.clock import Clock
from rescind.documents import shipped
from rescind.engine import Engine
from rescind.rules.loading import load_vendors, version_of
from rescind.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rescind.settings import Settings


class Service:
    """The engine of one process with its settings. ``reload`` replaces the engine while requests are answered."""

    def __init__(self, settings: Settings, build: Callable[[], Engine]) -> None:
        self.settings = settings
        self._build = build
        self.engine = build()

    def reload(self) -> None:
        """Build the engine anew from the files as they are now. Raises RescindError, and keeps the old, if it fails."""
        self.engine = self._build()


def assemble(settings: Settings) -> Service:
    """Load the vendors and open the store.

    Raises SettingsError for settings that do not go together, DocumentError for files that are wrong, and StoreError
    for a store that does not answer.
    """
    settings.check()
    store, clock = open_store(settings.store, settings.bounds), Clock()

    def build() -> Engine:
        vendors = load_vendors(spec_dirs(settings.spec), fixture_dirs(settings.fixtures), settings.vendor)
        debug_headers = not settings.no_debug_headers
        return Engine(vendors, store.of(version_of(vendors)), clock, settings.bounds, debug_headers=debug_headers)

    return Service(settings, build)


def spec_dirs(more: Path | None) -> list[Path]:
    """Return the folders of specs and rules, in the order in which they are searched."""
    return [*filter(None, [more]), shipped.SPEC_DIR]


def fixture_dirs(more: Path | None) -> list[Path]:
    """Return the folders of fixtures, in the order in which they are searched."""
    return [*filter(None, [more]), shipped.FIXTURE_DIR]
