"""What can be wrong between a vendor's document, its rules and its fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.contract.http import OWN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rescind.contract.operations import Operation
    from rescind.documents.reading import Document, Pointer
    from rescind.errors import DocumentError, Finding
    from rescind.rules.vendor import Vendor


def refuse(error: type[DocumentError], findings: Iterable[Finding]) -> None:
    """Raise ``error`` with the findings, if there are any."""
    found = tuple(findings)
    if found:
        raise error(found)


def rule_findings(vendor: Vendor) -> Iterator[Finding]:
    """Find outcomes of the rules without an example, and examples that nothing leads to."""
    spec, operations, rules = vendor.spec, vendor.operations, vendor.rules
    for name in rules.keys() - operations.keys():
        known = ", ".join(operations)
        yield spec.document.finding(("paths",), f"unknown operation {name!r} in RULES", f"the operations are: {known}")
    for name, operation in operations.items():
        if name not in rules:
            yield spec.document.finding(operation.place, f"{name} has no rules", "add it to RULES of the rules module")
            continue
        named = rules[name].outcomes() | operation.named_by_contract()
        named |= {refusal.__name__ for refusal in vendor.callers} if operation.security else set()
        where = (*operation.place, "responses")
        for outcome in sorted(named - operation.examples.keys()):
            problem = f"the rules of {name} name the outcome {outcome!r}, which has no example"
            yield spec.document.finding(where, problem, f"the examples are: {', '.join(operation.examples)}")
        for outcome in sorted(operation.examples.keys() - named):
            if "natural" not in operation.examples[outcome].outcome.why_absent:
                yield spec.document.finding(
                    operation.examples[outcome].place,
                    f"the outcome {outcome!r} of {name} has no rule",
                    "write a rule, name it in an x-refusal, or say in x-why-absent.natural why nothing leads to it",
                )


def client_findings(vendor: Vendor) -> Iterator[Finding]:
    """Find what a document says of clients that cannot be used: unknown parameters, a deletion without a success."""
    document = vendor.spec.document
    tasks = vendor.client_tasks
    deletions = [name for name, task in tasks.items() if task["task"] == "delete"]
    for name in deletions[1:]:
        place = (*vendor.operations[name].place, "x-client")
        remedy = f"a client is certified for one deletion: keep the one of {deletions[0]}"
        yield document.finding(place, f"{name} is a second deletion", remedy)
    for name, task in tasks.items():
        operation = vendor.operations[name]
        for key in ("order", "account"):
            if key in task and task[key] not in operation.locations:
                problem = f"{name} has no parameter {task[key]!r}"
                remedy = f"the parameters are: {', '.join(operation.locations)}"
                yield document.finding((*operation.place, "x-client", key), problem, remedy)
    for name in deletions[:1]:
        statuses = [example.outcome.status for example in vendor.operations[name].examples.values()]
        if not any(200 <= status < 300 for status in statuses):  # noqa: PLR2004 - the class of success
            remedy = "document the 2xx response that says that the order is gone, or take x-client away"
            yield document.finding(vendor.operations[name].place, f"{name} has no success for a client to meet", remedy)


def informational_findings(vendor: Vendor) -> Iterator[Finding]:
    """Find documented responses that are no answers, and so can never be met (RFC 9110, section 15.2)."""
    for place, code, _ in _responses(vendor):
        if code.startswith("1"):
            remedy = "document the final response; Rescind sends 100 Continue itself"
            yield vendor.spec.document.finding((*place, code), f"{code} is no final status", remedy)


def ignored_headers(vendor: Vendor) -> Iterator[Finding]:
    """Find documented headers that are not sent, since the server or the media type decides on them."""
    for place, code, response in _responses(vendor):
        part, part_place = vendor.spec.follow(response, (*place, code))
        for name in part.get("headers", {}):
            if name.lower() in OWN_FIELDS:
                remedy = "leave it out: the server writes it, or the media type of the content says it"
                yield vendor.spec.document.finding(
                    (*part_place, "headers", name), f"the header {name} is ignored", remedy
                )


def _responses(vendor: Vendor) -> Iterator[tuple[Pointer, str, Any]]:
    """Yield every response of every operation: the place of its like, its code, and what the document says."""
    for operation in vendor.operations.values():
        place = (*operation.place, "responses")
        for code, response in vendor.spec.at(place).items():
            yield place, code, response


def fixture_findings(vendor: Vendor) -> Iterator[Finding]:
    """Find settings, magic orders and ways that do not fit the operations."""
    fixture, operations = vendor.fixture, vendor.operations
    document = fixture.document or vendor.spec.document
    for setting, problem in vendor.wrong_settings(fixture.seeds.settings):
        yield document.finding(("settings", setting), problem, f"write {setting}: 120 below settings of the fixture")
    if fixture.document is None:
        return
    for collection, records in fixture.seeds.collections.items():
        for identifier, record in records.items():
            magic = record.get("magic")
            if magic and magic not in vendor.outcomes:
                remedy = f"the outcomes are: {', '.join(vendor.outcomes)}"
                place = (collection, identifier, "magic")
                yield document.finding(place, f"no operation has an outcome {magic!r}", remedy)
    for name, ways in fixture.ways.items():
        yield from _way_findings(document, operations, name, ways)


def _way_findings(
    document: Document, operations: Mapping[str, Operation], name: str, ways: Mapping[str, Any]
) -> Iterator[Finding]:
    if name not in operations:
        remedy = f"the operations are: {', '.join(operations)}"
        yield document.finding(("ways", name), f"unknown operation {name!r}", remedy)
        return
    known = operations[name].examples
    for outcome, kinds in ways["outcomes"].items():
        place: Pointer = ("ways", name, "outcomes", outcome)
        if outcome not in known:
            yield document.finding(place, f"{name} has no outcome {outcome!r}", f"expected one of: {', '.join(known)}")
        for kind, steps in kinds.items():
            for index, step in enumerate(steps if isinstance(steps, list) else ()):
                where: Pointer = (*place, kind, index)
                called = step.get("operation", name)
                if called not in operations:
                    remedy = f"the operations are: {', '.join(operations)}"
                    yield document.finding((*where, "operation"), f"unknown operation {called!r}", remedy)
                else:
                    yield from _parameter_findings(document, operations[called], step["parameters"], (*where, "with"))
    yield from _parameter_findings(document, operations[name], ways["request"], ("ways", name, "request"))


def _parameter_findings(
    document: Document, operation: Operation, parameters: Mapping[str, Any], place: Pointer
) -> Iterator[Finding]:
    for name in parameters.keys() - operation.locations.keys():
        remedy = f"the parameters are: {', '.join(operation.locations)}"
        yield document.finding((*place, name), f"{operation.id} has no parameter {name!r}", remedy)
