"""Picking up edited specs, rules and fixtures while requests are answered."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rescind.assembly import Service

_log = logging.getLogger("rescind")


class Reload:
    """Builds a new engine whenever a watched file has changed; keeps the old one while the new one is broken."""

    def __init__(self, service: Service, folders: Iterable[Path]) -> None:
        self._service = service
        self._folders = tuple(folders)
        self._seen = self._snapshot()

    def check(self) -> None:
        """Look once."""
        try:
            now = self._snapshot()
        except OSError:  # a folder that is being replaced: the next look sees it
            return
        if now == self._seen:
            return
        changed = ", ".join(sorted(str(path) for path in dict(now.items() ^ self._seen.items())))
        self._seen = now
        try:
            self._service.reload()
        except BaseException as error:  # noqa: BLE001 - whatever is wrong with an edit, the old world goes on
            _log.error("Not reloaded, still serving what was there before %s changed:\n%s", changed, error)
        else:
            _log.info("Reloaded: %s", changed)

    def _snapshot(self) -> Mapping[Path, tuple[int, int]]:
        snapshot = {}
        for folder in self._folders:
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.suffix in {".yaml", ".yml", ".json", ".py"}:
                    with suppress(OSError):  # gone between two looks, or a broken link
                        status = path.stat()
                        snapshot[path] = (status.st_mtime_ns, status.st_size)
        return snapshot
