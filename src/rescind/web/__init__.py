"""The Flask app: the vendors' view, the control API, pages, sandboxes by prefix, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

    from rescind.assembly import Service


def flask_loader(service: Service) -> Callable[[], WSGIApplication]:
    """Return a function that makes the app of a service. Flask takes a while to import: the first call does it."""

    def load() -> WSGIApplication:
        from rescind.web.app import flask_app  # noqa: PLC0415

        return flask_app(service)

    return load
