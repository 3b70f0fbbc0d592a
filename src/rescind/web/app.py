"""``create_app``: Rescind as a Flask application, for any WSGI host, a test client, or somebody else's app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.routing import Rule

from rescind.assembly import assemble
from rescind.settings import OF_THE_HOST, Settings
from rescind.web import control_api, errors, guard, vendors
from rescind.web.converters import CONVERTERS
from rescind.web.current import EXTENSION
from rescind.web.delivery import Response, normalise, stream
from rescind.web.sandboxes import Sandboxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rescind.assembly import Service


def create_app(**settings: Any) -> Flask:
    """Make the application that answers everything: vendors, sandboxes, the control API, pages.

    ``settings`` are those of ``rescind.start()`` but for ``host`` and ``port``, which the WSGI host decides on; those
    that are not given are read from ``RESCIND_*``. Raises RescindError for settings and files that are wrong.

    >>> app = create_app(vendor="rxuniverse")
    >>> app.test_client().delete("/api/v2/orders/72544").status
    '200 OK'
    """
    given = Settings.of("create_app()", settings, OF_THE_HOST, "the WSGI host decides on it")
    chosen = Settings.from_environment(**{name: getattr(given, name) for name in settings})
    return flask_app(assemble(chosen))


def flask_app(service: Service) -> Flask:
    """Make the application of a service."""
    app = Flask("rescind.web", static_folder=None)
    app.extensions[EXTENSION] = service
    # One more than the bound: where Werkzeug does not know the length, it stops there without a word (see ``body``).
    app.config["MAX_CONTENT_LENGTH"] = service.settings.max_body + 1
    app.json = _Json(app)
    app.response_class = Response
    app.url_map.merge_slashes = False
    app.url_map.converters |= CONVERTERS
    app.register_blueprint(control_api.blueprint)
    # No Flask route for each operation: a second matcher would disagree with the engine's on %2F, slashes and HEAD.
    # Without methods, since a vendor answers whatever is sent.
    app.url_map.add(Rule("/<vendor_path:path>", endpoint=vendors.ENDPOINT))
    app.view_functions[vendors.ENDPOINT] = vendors.call_vendor
    app.before_request(guard.refuse_early)
    app.before_request(vendors.hand_over)
    app.register_error_handler(Exception, errors.respond_to_error)
    app.after_request(normalise)
    app.wsgi_app = Sandboxes(app.wsgi_app)  # type: ignore[method-assign]
    return app


_encode = json.JSONEncoder(allow_nan=False).encode


class _Json(DefaultJSONProvider):
    """JSON as ``rescind`` writes it everywhere: keys in their own order, on one line."""

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Return a response with the value as its body."""
        value = self._prepare_response_obj(args, kwargs)
        return stream(self._pieces(value, 2), "application/json")

    def _pieces(self, value: Any, depth: int) -> Iterator[str]:
        """Encode in pieces, since encoding holds Python's lock: a large state must not hold up other threads."""
        if depth == 0 or not value or not isinstance(value, dict | list):
            yield _encode(value)
            return
        start, end = "{}" if isinstance(value, dict) else "[]"
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for index, (key, part) in enumerate(parts):
            name = f"{_encode(key)}: " if isinstance(value, dict) else ""
            yield f"{', ' if index else start}{name}"
            yield from self._pieces(part, depth - 1)
        yield end
