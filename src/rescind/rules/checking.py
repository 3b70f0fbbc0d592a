"""Validating specs and fixtures that a user wrote, without serving them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rescind.contract.document import open_spec
from rescind.contract.routing import Router
from rescind.documents import reading, shipped
from rescind.errors import DocumentError, Finding
from rescind.rules.findings import ignored_headers, informational_findings
from rescind.rules.loading import SUFFIXES, load_vendor, specs_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rescind.rules.vendor import Vendor


@dataclass(frozen=True)
class CheckReport:
    """The files that were looked at, everything that is wrong in them, and ``notes`` on what has no effect."""

    files: tuple[Path, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()


def check(paths: Sequence[Path]) -> CheckReport:
    """Validate files and folders of specs and fixtures. A fixture goes with the spec of its name."""
    files, findings = _files(paths)
    specs: list[Path] = []
    fixtures: list[Path] = []
    for path in files:
        try:
            (specs if _is_spec(path) else fixtures).append(path)
        except DocumentError as error:
            findings += error.findings
    vendors: dict[Path, Vendor] = {}
    for spec, fixture, wrong in _pairs(specs, fixtures):
        findings += [wrong] if wrong else []
        try:
            if spec is not None and shipped.is_control(spec):
                open_spec(spec)
            elif spec is not None:
                vendors[spec] = load_vendor(spec.stem, spec, fixture)
        except DocumentError as error:
            findings += error.findings
    findings += _conflicts(vendors)
    notes: list[Finding] = []
    for vendor in vendors.values():
        findings += informational_findings(vendor)
        notes += ignored_headers(vendor)
    for folder in dict.fromkeys(spec.parent for spec in specs):
        findings += [finding for finding in specs_in([folder])[1] if folder in paths]
    return CheckReport(tuple(files), tuple(sorted(set(findings))), tuple(sorted(set(notes))))


def _files(paths: Iterable[Path]) -> tuple[list[Path], list[Finding]]:
    files: list[Path] = []
    findings: list[Finding] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
            if not found:
                findings.append(
                    Finding(str(path), 0, 0, "found nothing to check", f"put {' or '.join(SUFFIXES)} there")
                )
            files += found
        elif path.suffix not in SUFFIXES and path.exists():
            remedy = "name documents and fixtures; rules are checked with the document beside them"
            findings.append(
                Finding(str(path), 0, 0, f"unexpected file type: expected one of {', '.join(SUFFIXES)}", remedy)
            )
        elif path.exists():
            files.append(path)
        else:
            findings.append(Finding(str(path), 0, 0, "the file or folder does not exist", "name one that exists"))
    return files, findings


def _is_spec(path: Path) -> bool:
    content = reading.load(path, DocumentError).data
    return isinstance(content, dict) and bool({"openapi", "swagger", "paths", "info"} & content.keys())


def _pairs(specs: list[Path], fixtures: list[Path]) -> Iterable[tuple[Path | None, Path | None, Finding | None]]:
    """Yield each spec with each fixture of its name; a fixture alone goes with the spec that comes with Rescind."""
    ours = {path.stem: path for path in shipped.SPEC_DIR.glob("*.yaml")}
    for spec in specs:
        mine: list[Path | None] = [path for path in fixtures if path.stem == spec.stem]
        yield from ((spec, fixture, None) for fixture in mine or [None])
    names = {spec.stem for spec in specs}
    for fixture in fixtures:
        if fixture.stem in names:
            continue
        if fixture.stem in ours:
            yield ours[fixture.stem], fixture, None
        else:
            remedy = f"name it after its spec, and check both: rescind check SPEC {fixture}"
            yield None, None, Finding(str(fixture), 0, 0, f"found no spec named {fixture.stem!r}", remedy)


def _conflicts(vendors: dict[Path, Vendor]) -> Iterable[Finding]:
    """Find two vendors, those that come with Rescind included, on one method and path."""
    names = {path.stem for path in vendors}
    others = [path for path in shipped.SPEC_DIR.glob("*.yaml") if path.stem not in {*names, shipped.CONTROL_SPEC.stem}]
    together = [*vendors.values(), *(load_vendor(path.stem, path, None) for path in others)]
    try:
        operations = (
            operation for vendor in together for operation in (*vendor.operations.values(), *vendor.fallbacks)
        )
        Router(operations, {vendor.name: vendor.spec.document.path for vendor in together})
    except DocumentError as error:
        return error.findings
    return ()
