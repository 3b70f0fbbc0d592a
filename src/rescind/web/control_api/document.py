"""The document of the control API, with the bounds of this server."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from rescind.contract.document import open_spec
from rescind.control.limits import keywords
from rescind.documents import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.model import Bounds


@cache
def control_document(bounds: Bounds) -> Mapping[str, Any]:
    """Read the document, and put the keywords of each bound beside the ``x-bound`` that names it."""
    bounded: Mapping[str, Any] = _bounded(open_spec(shipped.CONTROL_SPEC).data, keywords(bounds))
    return bounded


def _bounded(part: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    if isinstance(part, list):
        return [_bounded(item, known) for item in part]
    if not isinstance(part, dict):
        return part
    bounded = {key: _bounded(value, known) for key, value in part.items()}
    return {**bounded, **known[part["x-bound"]]} if "x-bound" in part else bounded
