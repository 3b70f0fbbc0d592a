"""Joining the parts: from settings to a site that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind import data
from rescind.control.clock import Clock
from rescind.engine import Engine
from rescind.store import open_store
from rescind.vendors import load_vendors, version_of
from rescind.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rescind.settings import ServeSettings


def assemble(settings: ServeSettings) -> tuple[Site, Callable[[], Engine]]:
    """The site, and what builds its engine anew from the files as they are then.

    Raises SettingsError for settings that do not go together, DocumentError for files that are wrong, and StoreError
    for a store that does not answer.
    """
    settings.check()
    store, clock = open_store(settings.store, settings.bounds), Clock()

    def build() -> Engine:
        vendors = load_vendors(spec_dirs(settings.spec), fixture_dirs(settings.fixtures), settings.vendor)
        debug_headers = not settings.no_debug_headers
        return Engine(vendors, store.of(version_of(vendors)), clock, settings.bounds, debug_headers=debug_headers)

    return Site(build(), settings), build


def spec_dirs(more: Path | None) -> list[Path]:
    """The folders of specs and rules, in the order in which they are searched."""
    return [*filter(None, [more]), data.SPEC_DIR]


def fixture_dirs(more: Path | None) -> list[Path]:
    """The folders of fixtures, in the order in which they are searched."""
    return [*filter(None, [more]), data.FIXTURE_DIR]
