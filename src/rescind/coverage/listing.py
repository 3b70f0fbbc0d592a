"""The catalogue as people read it: in a terminal, in a README, at start-up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rescind.coverage.catalogue import plain_request
from rescind.coverage.reports import curl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rescind.coverage.catalogue import CatalogueEntry, EvidenceView, ProvenanceView
    from rescind.rules.vendor import Vendor

_DOT = " \N{MIDDLE DOT} "
_KNOWN_FROM = _DOT.join(("status", "reason", "text known from"))


def as_table(entries: Sequence[CatalogueEntry]) -> str:
    """Format the outcomes as aligned columns."""
    rows = [("OUTCOME", "STATUS", _KNOWN_FROM.upper(), "WAYS", "DESCRIPTION")]
    rows += [
        (
            entry["id"],
            str(entry["status"]),
            entry["provenance"]["summary"],
            " ".join(entry["ways"]),
            entry["description"],
        )
        for entry in entries
    ]
    return columns(rows)


def as_json(entries: Sequence[CatalogueEntry]) -> str:
    """Format what ``GET /_rescind/outcomes`` answers."""
    return json.dumps({"outcomes": entries}, indent=2)


def as_markdown(entries: Sequence[CatalogueEntry]) -> str:
    """Format one table for each operation, with a curl line for each outcome."""
    operations: dict[str, list[CatalogueEntry]] = {}
    for entry in entries:
        operations.setdefault(f"{entry['vendor']}.{entry['operation']}", []).append(entry)
    sections = []
    for name, group in operations.items():
        lines = [
            f"### `{name}`",
            "",
            f"| outcome | status | when | {_KNOWN_FROM} | try it |",
            "| --- | --- | --- | --- | --- |",
        ]
        for entry in group:
            cells = (
                f"`{entry['outcome']}`",
                str(entry["status"]),
                entry["description"],
                _linked(entry["provenance"]),
                f"`{_shortest(entry)}`",
            )
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
        sections.append("\n".join(lines))
    return "\n\n".join(sections)


def _linked(provenance: ProvenanceView) -> str:
    """Format the marks of the parts, each with a link to its source."""
    parts = (provenance["status"], provenance["reason"], provenance["text"])
    return _DOT.join(_link(part) if part else "-" for part in parts)


def _link(part: EvidenceView) -> str:
    source = part["source"]
    return f"[{part['summary']}]({source['url']})" if source and source["url"] else part["summary"]


LISTINGS: dict[str, Callable[[Sequence[CatalogueEntry]], str]] = {
    "table": as_table,
    "json": as_json,
    "markdown": as_markdown,
}


def welcome(vendors: Iterable[Vendor], base_url: str) -> str:
    """Format what ``rescind serve`` prints: the vendors, their credentials, and a command to try."""
    rows = [("VENDOR", "CREDENTIALS", "TRY")]
    for vendor in vendors:
        credentials = list(vendor.fixture.seeds.collections.get("credentials", {}))
        named = ", ".join(credentials[:2]) + (", ..." if len(credentials) > 2 else "")  # noqa: PLR2004 - a line's worth
        operations = vendor.operations.values()
        first = next((one for one in operations if one.method == "DELETE"), next(iter(operations)))
        asks = any(operation.security for operation in operations)
        rows.append(
            (vendor.name, named or ("any" if asks else "none needed"), curl(plain_request(vendor, first), base_url))
        )
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows in columns; the last one is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _shortest(entry: CatalogueEntry) -> str:
    """Return the way that one line of shell can take: the first of magic, natural and forced that is one request."""
    ways = entry["ways"]
    single = [ways[kind][0] for kind in ("magic", "natural", "forced") if len(ways.get(kind, ())) == 1]
    return curl(single[0])
