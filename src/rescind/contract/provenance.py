"""Where an outcome is known from, as ``x-provenance`` says it: its status, its reason and its text, each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.model import Evidence, Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_provenance(stated: Mapping[str, Any], *, has_body: bool) -> Provenance:
    """Parse an ``x-provenance``; one without parts stands for all of them."""
    if "mark" in stated:
        evidence = _evidence(stated)
        return Provenance(evidence, evidence, evidence if has_body else None)
    text = _evidence(stated["text"]) if "text" in stated else None
    return Provenance(_evidence(stated["status"]), _evidence(stated["reason"]), text)


def of_document(title: str, *, is_text_made_up: bool = False) -> Provenance:
    """Return the provenance of an outcome that says nothing of it: the document itself."""
    documented = Evidence("documented", f"the document of {title}")
    made_up = Evidence("assumed", f"made up from the schema in the document of {title}")
    return Provenance(documented, documented, made_up if is_text_made_up else documented)


def _evidence(part: Mapping[str, Any]) -> Evidence:
    source = part.get("source", "")
    title, url = (source, "") if isinstance(source, str) else (source["title"], source["url"])
    return Evidence(part["mark"], title, url, part.get("confidence", ""), part.get("note", ""))
