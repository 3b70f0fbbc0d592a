"""How vendors behave: one module of rules each, found by the name of the vendor's document.

A vendor is a document ``spec/NAME.yaml``, a fixture ``fixtures/NAME.yaml`` and rules. The rules are the module
``NAME.py`` beside the document or, for the vendors that come with Rescind, in this package; it defines ``SHAPE`` and
``RULES``. A vendor without rules behaves as its document suggests, see ``plain``.
"""

from __future__ import annotations

import importlib.util
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rescind.contract.document import open_spec
from rescind.contract.operations import compile_operations
from rescind.errors import DocumentError, Finding, FixtureError, SpecError
from rescind.fixtures import Fixture, Shape, load_fixture, no_fixture
from rescind.vendors import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from rescind.contract.document import Spec
    from rescind.contract.operations import Operation
    from rescind.documents import Document, Pointer
    from rescind.vendors.rules import Rules

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Vendor:
    """One simulated API, compiled: what it promises, how it behaves, the world that it begins with."""

    name: str
    spec: Spec
    shape: Shape
    fixture: Fixture
    operations: Mapping[str, Operation]
    rules: Mapping[str, Rules]


def load_vendors(spec_dirs: Sequence[Path], fixture_dirs: Sequence[Path], only: Iterable[str] = ()) -> list[Vendor]:
    """Load every vendor that the folders hold, or only the named ones; an earlier folder goes before a later one.

    Raises DocumentError with the findings of all vendors together.
    """
    missing = [str(folder) for folder in (*spec_dirs, *fixture_dirs) if not folder.is_dir()]
    if missing:
        remedy = "name a folder that exists"
        raise DocumentError([Finding(folder, 0, 0, "there is no such folder", remedy) for folder in missing])
    files = specs_in(spec_dirs)
    wanted = list(only) or sorted(files)
    unknown = [name for name in wanted if name not in files]
    if unknown:
        remedy = f"name one of: {', '.join(sorted(files))}"
        raise SpecError([Finding(f"vendor {name!r}", 0, 0, "there is no such vendor", remedy) for name in unknown])
    vendors: list[Vendor] = []
    findings: list[Finding] = []
    for name in wanted:
        try:
            vendors.append(load_vendor(name, files[name], fixture_dirs))
        except DocumentError as error:
            findings.extend(error.findings)
    if findings:
        raise DocumentError(findings)
    return vendors


def specs_in(folders: Sequence[Path]) -> dict[str, Path]:
    """The vendors' documents by vendor name; an earlier folder goes before a later one."""
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix in SUFFIXES and path.stem != "control":
                files.setdefault(path.stem, path)
    return files


def load_vendor(name: str, spec_file: Path, fixture_dirs: Sequence[Path]) -> Vendor:
    """Load one vendor. Raises SpecError or FixtureError with every finding."""
    spec = open_spec(spec_file)
    module = _rules_module(name, spec_file)
    shape: Shape = getattr(module, "SHAPE", Shape())
    fixture_file = _fixture_file(name, fixture_dirs)
    fixture = load_fixture(fixture_file, shape) if fixture_file else None
    compiled = compile_operations(spec, name, fixture.mount if fixture else "")
    if module is None:
        return _plain_vendor(name, spec, compiled, fixture)
    rules: Mapping[str, Rules] = getattr(module, "RULES", {})
    vendor = Vendor(name, spec, shape, fixture or no_fixture(shape), {one.id: one for one in compiled}, rules)
    _refuse(SpecError, _rule_findings(vendor))
    _refuse(FixtureError, _fixture_findings(vendor))
    return vendor


def _plain_vendor(name: str, spec: Spec, compiled: Iterable[Operation], fixture: Fixture | None) -> Vendor:
    operations = {one.id: plain.completed(one) for one in compiled}
    fixture = fixture or no_fixture(Shape(), plain.things_shown(operations.values()))
    things = fixture.seeds.collections
    ways = {key: plain.ways_of(one, things) for key, one in operations.items()} | dict(fixture.ways)
    rules = {key: plain.rules_for(one, things) for key, one in operations.items()}
    vendor = Vendor(name, spec, Shape(), replace(fixture, ways=ways), operations, rules)
    _refuse(FixtureError, _fixture_findings(vendor))
    return vendor


def _refuse(error: type[DocumentError], findings: Iterable[Finding]) -> None:
    found = tuple(findings)
    if found:
        raise error(found)


def _fixture_file(name: str, folders: Sequence[Path]) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for folder in folders for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _rules_module(name: str, spec_file: Path) -> ModuleType | None:
    beside = spec_file.with_suffix(".py")
    if beside.is_file():
        found = importlib.util.spec_from_file_location(f"rescind_rules_{name}", beside)
    elif name.isidentifier() and name not in {"plain", "rules"}:
        found = importlib.util.find_spec(f"{__name__}.{name}")
    else:
        found = None
    if found is None or found.loader is None:
        return None
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as failure:  # noqa: BLE001 - whatever a user's module raises is a finding about it
        raise SpecError([_import_finding(beside, failure)]) from None
    return module


def _import_finding(file: Path, failure: Exception) -> Finding:
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(failure.__traceback__) if frame.filename == str(file)]
    line = (getattr(failure, "lineno", None) if isinstance(failure, SyntaxError) else None) or next(iter(lines), 0)
    return Finding(str(file), line, 1, f"{type(failure).__name__}: {failure}", "correct the rules module")


def _rule_findings(vendor: Vendor) -> Iterator[Finding]:
    """Every outcome that the rules name has an example, and every example a way to be reached."""
    spec, operations, rules = vendor.spec, vendor.operations, vendor.rules
    for name in rules.keys() - operations.keys():
        known = ", ".join(operations)
        yield spec.document.finding(
            ("paths",), f"the rules speak of an operation {name!r}", f"the operations are: {known}"
        )
    for name, operation in operations.items():
        if name not in rules:
            yield spec.document.finding(operation.place, f"{name} has no rules", "add it to RULES of the rules module")
            continue
        named = rules[name].outcomes() | operation.named_by_contract()
        where = (*operation.place, "responses")
        for outcome in sorted(named - operation.examples.keys()):
            problem = f"the rules of {name} name the outcome {outcome!r}, which has no example"
            yield spec.document.finding(where, problem, f"the examples are: {', '.join(operation.examples)}")
        for outcome in sorted(operation.examples.keys() - named):
            if "natural" not in operation.examples[outcome].outcome.why_absent:
                yield spec.document.finding(
                    _example_place(spec, operation, outcome),
                    f"the outcome {outcome!r} of {name} has no rule",
                    "write a rule, name it in an x-refusal, or say in x-why-absent.natural why nothing leads to it",
                )


def _example_place(spec: Spec, operation: Operation, outcome: str) -> tuple[str | int, ...]:
    where = (*operation.place, "responses")
    for code, response in spec.data["paths"][operation.place[1]][operation.place[2]]["responses"].items():
        if outcome in response.get("x-examples", {}):
            return (*where, code, "x-examples", outcome)
        for media_type, media in response.get("content", {}).items():
            if outcome in media.get("examples", {}):
                return (*where, code, "content", media_type, "examples", outcome)
    return where


def _fixture_findings(vendor: Vendor) -> Iterator[Finding]:
    """Magic orders and ways speak of operations, outcomes and parameters that exist."""
    fixture, operations = vendor.fixture, vendor.operations
    if fixture.document is None:
        return
    outcomes = sorted({name for operation in operations.values() for name in operation.examples})
    for collection, records in fixture.seeds.collections.items():
        for identifier, record in records.items():
            magic = record.get("magic")
            if magic and magic not in outcomes:
                place = (collection, identifier, "magic")
                remedy = f"the outcomes are: {', '.join(outcomes)}"
                yield fixture.document.finding(place, f"no operation has an outcome {magic!r}", remedy)
    for operation in operations.values():
        setting = operation.rate_limit and operation.rate_limit.setting
        if setting and setting not in fixture.seeds.settings:
            problem = f"the settings have no {setting!r}, which the rate limit of {operation.id} needs"
            yield fixture.document.finding(("settings",), problem, f"write {setting}: 120")
    for name, ways in fixture.ways.items():
        yield from _way_findings(fixture.document, operations, name, ways)


def _way_findings(
    document: Document, operations: Mapping[str, Operation], name: str, ways: Mapping[str, Any]
) -> Iterator[Finding]:
    if name not in operations:
        remedy = f"the operations are: {', '.join(operations)}"
        yield document.finding(("ways", name), f"there is no operation {name!r}", remedy)
        return
    known = operations[name].examples
    for outcome, kinds in ways["outcomes"].items():
        place: Pointer = ("ways", name, "outcomes", outcome)
        if outcome not in known:
            yield document.finding(place, f"{name} has no outcome {outcome!r}", f"it is one of: {', '.join(known)}")
        for kind, steps in kinds.items():
            for index, step in enumerate(steps if isinstance(steps, list) else ()):
                where: Pointer = (*place, kind, index)
                called = step.get("operation", name)
                if called not in operations:
                    remedy = f"the operations are: {', '.join(operations)}"
                    yield document.finding((*where, "operation"), f"there is no operation {called!r}", remedy)
                else:
                    yield from _parameter_findings(document, operations[called], step["parameters"], (*where, "with"))
    yield from _parameter_findings(document, operations[name], ways["request"], ("ways", name, "request"))


def _parameter_findings(
    document: Document, operation: Operation, parameters: Mapping[str, Any], place: Pointer
) -> Iterator[Finding]:
    for name in parameters.keys() - operation.locations.keys():
        remedy = f"the parameters are: {', '.join(operation.locations)}"
        yield document.finding((*place, name), f"{operation.id} has no parameter {name!r}", remedy)
