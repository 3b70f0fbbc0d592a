"""Finding the vendor that a path of the control API names."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.errors import Problem
from rescind.web.current import engine

if TYPE_CHECKING:
    from rescind.rules.vendor import Vendor


def vendor_of(name: str) -> Vendor:
    """Return the vendor of that name. Raises Problem with the known names if it is unknown."""
    vendors = engine().vendors
    if name not in vendors:
        detail = f"unknown vendor {name!r}"
        raise Problem(HTTPStatus.NOT_FOUND, detail, f"expected one of: {', '.join(vendors)}")
    return vendors[name]
