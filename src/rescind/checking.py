"""Validating specs and fixtures that a user wrote, without serving them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rescind import data, documents
from rescind.contract.document import open_spec
from rescind.errors import DocumentError, Finding
from rescind.vendors import SUFFIXES, load_vendor, specs_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Report:
    """The files that were looked at, and everything that is wrong in them."""

    files: tuple[Path, ...]
    findings: tuple[Finding, ...]


def check(paths: Iterable[Path]) -> Report:
    """Validate files and folders of specs and fixtures. A fixture goes with the spec of its name."""
    files, findings = _files(paths)
    specs: dict[str, Path] = {}
    fixtures: dict[str, Path] = {}
    for path in files:
        try:
            is_spec = _is_spec(path)
        except DocumentError as error:
            findings += error.findings
            continue
        (specs if is_spec else fixtures)[path.stem] = path
    known = specs_in([data.SPEC_DIR]) | specs
    for name in sorted(specs.keys() | fixtures.keys()):
        folders = [fixtures[name].parent] if name in fixtures else [data.FIXTURE_DIR]
        findings += _findings(name, known.get(name), folders, fixtures.get(name))
    return Report(tuple(files), tuple(sorted(set(findings))))


def _files(paths: Iterable[Path]) -> tuple[list[Path], list[Finding]]:
    files: list[Path] = []
    findings: list[Finding] = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        elif path.is_file():
            files.append(path)
        else:
            findings.append(Finding(str(path), 0, 0, "there is no such file or folder", "name one that exists"))
    return files, findings


def _is_spec(path: Path) -> bool:
    content = documents.load(path, DocumentError).data
    return isinstance(content, dict) and bool({"openapi", "swagger", "paths", "info"} & content.keys())


def _findings(name: str, spec: Path | None, fixture_dirs: list[Path], fixture: Path | None) -> Iterable[Finding]:
    try:
        if spec is None:
            remedy = f"name it after its spec, and check both: rescind check SPEC {fixture}"
            return [Finding(str(fixture), 0, 0, f"there is no spec named {name!r}", remedy)]
        if name == "control":
            open_spec(spec)
        else:
            load_vendor(name, spec, fixture_dirs)
    except DocumentError as error:
        return error.findings
    return []
