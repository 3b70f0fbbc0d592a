"""What a part of a URL may be, beyond Flask's own converters."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

from rescind.model import CONTROL_PREFIX


class VendorPath(BaseConverter):
    """Any path but those of the control API."""

    regex = rf"(?!{CONTROL_PREFIX[1:]}(?:/|\Z))(?s:.*)"
    part_isolating = False


class Identifier(BaseConverter):
    """The identifier of a record: any text, slashes too, which a client sends as %2F."""

    regex = "(?s:.+)"
    part_isolating = False


CONVERTERS = {"vendor_path": VendorPath, "identifier": Identifier}
