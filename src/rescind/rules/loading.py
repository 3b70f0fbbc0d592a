"""Load vendors from their files, which are found by the name of the document.

A vendor is a document ``spec/NAME.yaml``, a fixture ``fixtures/NAME.yaml`` and rules. The rules are the module
``NAME.py`` beside the document or, for the vendors that come with Rescind, in ``rescind.vendors``; it defines ``SHAPE``
and ``RULES``. A vendor without rules behaves as its document suggests, see ``rescind.rules.generic``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rescind import __version__
from rescind.contract.compilation import compile_fallbacks, compile_operations
from rescind.contract.document import open_spec
from rescind.documents import shipped
from rescind.documents.fixtures import Fixture, load_fixture, no_fixture
from rescind.documents.schemas import Shape
from rescind.errors import DocumentError, Finding, FixtureError, SpecError, nearest
from rescind.rules import generic
from rescind.rules.findings import client_findings, fixture_findings, refuse, rule_findings
from rescind.rules.modules import rules_module
from rescind.rules.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rescind.contract.document import Spec
    from rescind.contract.operations import Operation

SUFFIXES = (".yaml", ".yml", ".json")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def load_vendors(spec_dirs: Sequence[Path], fixture_dirs: Sequence[Path], only: Iterable[str] = ()) -> list[Vendor]:
    """Load every vendor that the folders hold, or only the named ones; an earlier folder goes before a later one.

    Raises DocumentError with the findings of all vendors together.
    """
    unusable = [finding for folder in (*spec_dirs, *fixture_dirs) for finding in _folder_findings(folder)]
    unusable += [finding for folder in spec_dirs for finding in _emptiness(folder)]
    if unusable:
        raise DocumentError(unusable)
    files, findings = specs_in(spec_dirs)
    wanted = list(dict.fromkeys(only)) or sorted(files)
    for name in wanted:
        if name not in files:
            remedy = f"did you mean {nearest(name, files)!r}? There are: {', '.join(sorted(files))}"
            findings.append(Finding(f"vendor {name!r}", 0, 0, "unknown vendor", remedy))
    findings += _strays(fixture_dirs, files)
    vendors: list[Vendor] = []
    for name in [name for name in wanted if name in files]:
        try:
            vendors.append(load_vendor(name, files[name], _fixture_file(name, fixture_dirs)))
        except DocumentError as error:
            findings.extend(error.findings)
    if findings:
        raise DocumentError(findings)
    return vendors


def _folder_findings(folder: Path) -> Iterator[Finding]:
    if folder.is_file():
        yield Finding(str(folder), 0, 0, "expected a folder, got a file", f"name its folder: {folder.parent}")
    elif not folder.is_dir():
        yield Finding(str(folder), 0, 0, "the folder does not exist", "name a folder that exists")


def _emptiness(folder: Path) -> Iterator[Finding]:
    if folder.is_dir() and not any(path.suffix in SUFFIXES for path in folder.iterdir()):
        remedy = f"put a document NAME.yaml into it, or name another folder; documents end in {', '.join(SUFFIXES)}"
        yield Finding(str(folder), 0, 0, "the folder has no document", remedy)


def version_of(vendors: Iterable[Vendor]) -> str:
    """Hash this version of Rescind with these documents, fixtures and rules beside the documents."""
    content = hashlib.blake2b(__version__.encode(), digest_size=8)
    for vendor in vendors:
        rules = vendor.spec.document.path.with_suffix(".py")
        fixture = vendor.fixture.document
        parts = (vendor.name, vendor.spec.document.text, fixture.text if fixture else "")
        content.update("\0".join(parts).encode() + (rules.read_bytes() if rules.is_file() else b""))
    return content.hexdigest()


def specs_in(folders: Sequence[Path]) -> tuple[dict[str, Path], list[Finding]]:
    """List the documents by vendor name, an earlier folder before a later one, and find invalid names."""
    files: dict[str, Path] = {}
    findings: list[Finding] = []
    for folder in folders:
        mine: dict[str, Path] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix == ".py" and not any(path.with_suffix(suffix).is_file() for suffix in SUFFIXES):
                remedy = "put the document that it belongs to beside it"
                findings.append(Finding(str(path), 0, 0, f"rules without a document {path.stem}.yaml", remedy))
            if path.suffix not in SUFFIXES or not path.is_file() or shipped.is_control(path):
                continue
            findings += _name_findings(path, mine)
            mine.setdefault(path.stem, path)
        files = mine | files
    return files, findings


def load_vendor(name: str, spec_file: Path, fixture_file: Path | None) -> Vendor:
    """Load one vendor. Raises SpecError or FixtureError with every finding."""
    try:
        return _assemble(name, spec_file, fixture_file)
    except (SpecError, FixtureError):
        raise
    except Exception as failure:  # noqa: BLE001 - a document can be wrong in more ways than anybody lists
        problem = f"Rescind does not understand it ({type(failure).__name__}: {failure})"
        remedy = "validate the document with an OpenAPI validator, and the types of SHAPE and RULES if it has rules"
        raise SpecError([Finding(str(spec_file), 0, 0, problem, remedy)]) from None


def _assemble(name: str, spec_file: Path, fixture_file: Path | None) -> Vendor:
    spec = open_spec(spec_file)
    module = rules_module(name, spec_file)
    shape = module.SHAPE if module else Shape()
    fixture = load_fixture(fixture_file, shape) if fixture_file else None
    mount = fixture.mount if fixture else ""
    compiled, fallbacks = compile_operations(spec, name, mount), compile_fallbacks(spec, name, mount)
    if module is None:
        return _vendor_without_rules(name, spec, compiled, fallbacks, fixture)
    operations = {one.id: one for one in compiled}
    callers = getattr(module, "CALLERS", ())
    vendor = Vendor(name, spec, shape, fixture or no_fixture(shape), operations, module.RULES, fallbacks, callers)
    refuse(SpecError, (*rule_findings(vendor), *client_findings(vendor)))
    refuse(FixtureError, fixture_findings(vendor))
    return vendor


def _vendor_without_rules(
    name: str, spec: Spec, compiled: Iterable[Operation], fallbacks: tuple[Operation, ...], fixture: Fixture | None
) -> Vendor:
    operations = {one.id: generic.completed(one) for one in compiled}
    fixture = fixture or no_fixture(Shape(), generic.example_records(operations.values()))
    records = fixture.seeds.collections
    ways = {key: generic.ways_of(one, records) for key, one in operations.items()} | dict(fixture.ways)
    rules = {key: generic.rules_for(one, records) for key, one in operations.items()}
    vendor = Vendor(name, spec, Shape(), replace(fixture, ways=ways), operations, rules, fallbacks)
    refuse(SpecError, client_findings(vendor))
    refuse(FixtureError, fixture_findings(vendor))
    return vendor


def _name_findings(path: Path, others: Mapping[str, Path]) -> Iterator[Finding]:
    if path.stem in others:
        problem = f"{others[path.stem].name} describes the vendor {path.stem!r} too"
        yield Finding(str(path), 0, 0, problem, "keep one of the two")
    if path.stem == shipped.CONTROL_SPEC.stem or not _NAME.fullmatch(path.stem):
        remedy = "name the file with small letters, digits, - and _; control is the name of Rescind's own document"
        yield Finding(str(path), 0, 0, f"{path.stem!r} cannot be the name of a vendor", remedy)


def _strays(folders: Sequence[Path], specs: Mapping[str, Path]) -> list[Finding]:
    strays = [
        path for folder in folders for path in folder.iterdir() if path.suffix in SUFFIXES and path.stem not in specs
    ]
    remedy = f"name it after a vendor: {', '.join(sorted(specs))}"
    # A folder may hold both specs and fixtures.
    return [Finding(str(path), 0, 0, f"found no spec named {path.stem!r}", remedy) for path in strays]


def _fixture_file(name: str, folders: Sequence[Path]) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for folder in folders for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)
