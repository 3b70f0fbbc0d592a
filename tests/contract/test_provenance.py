from __future__ import annotations

from pathlib import Path

import pytest

from rescind.contract.compilation import compile_operations
from rescind.contract.document import open_spec
from rescind.errors import SpecError
from rescind.model import Provenance

DOCUMENT = """
openapi: 3.1.0
info: {{title: Zoo, version: "1"}}
paths:
  /animals:
    delete:
      operationId: empty
      responses:
        "204": {{description: Gone., x-examples: {{gone: {{x-provenance: {bodiless}}}}}}}
        "404":
          description: None.
          content: {{application/json: {{examples: {{none: {{value: 1, x-provenance: {provenance}}}}}}}}}
"""
PAGE = "{mark: documented, source: {title: Page, url: https://zoo.example/page}, confidence: high}"
SDK = "{mark: vendor-docs, source: {title: SDK, url: https://zoo.example/sdk}, confidence: medium, note: by its name}"
NOWHERE = "{mark: assumed, confidence: low}"


def provenances(folder: Path, provenance: str, bodiless: str = PAGE) -> list[Provenance]:
    path = folder / "zoo.yaml"
    path.write_text(DOCUMENT.format(provenance=provenance, bodiless=bodiless))
    (operation,) = compile_operations(open_spec(path), "zoo")
    return [example.outcome.provenance for example in operation.examples.values()]


def test_status_reason_and_text_are_known_from_sources_of_their_own(tmp_path: Path) -> None:
    _, none = provenances(tmp_path, f"{{status: {PAGE}, reason: {SDK}, text: {NOWHERE}}}")
    assert str(none) == "documented H · vendor-docs M · assumed L"
    assert none.mark == "assumed"
    assert none.reason.source == "SDK (https://zoo.example/sdk), by its name"
    assert none.source == (
        "status: Page (https://zoo.example/page); reason: SDK (https://zoo.example/sdk), by its name; text: assumed"
    )


@pytest.mark.parametrize(
    ("parts", "weakest"),
    [
        ((PAGE, PAGE, PAGE), "documented"),
        ((PAGE, SDK, PAGE), "vendor-docs"),
        ((SDK, PAGE, PAGE.replace("documented", "convention")), "convention"),
        ((NOWHERE, PAGE, PAGE), "assumed"),
    ],
)
def test_weakest_part_is_the_mark_of_the_whole(tmp_path: Path, parts: tuple[str, str, str], weakest: str) -> None:
    status, reason, text = parts
    _, none = provenances(tmp_path, f"{{status: {status}, reason: {reason}, text: {text}}}")
    assert none.mark == weakest


def test_one_part_stands_for_all(tmp_path: Path) -> None:
    gone, none = provenances(tmp_path, "{mark: convention, source: RFC 9110}", "{mark: convention, source: RFC 9110}")
    assert str(none) == "convention · convention · convention"
    assert str(gone) == "convention · convention · -"


@pytest.mark.parametrize(
    ("provenance", "problem"),
    [
        ("{mark: documented}", '"source" is a required property'),
        (f"{{status: {PAGE}, reason: {{mark: convention}}, text: {NOWHERE}}}", '"source" is a required property'),
        ("{mark: documented, source: {title: Page}}", '"url" is a required property'),
        ("{mark: documented, source: {title: Page, url: zoo}}", '"zoo" does not match'),
        ("{mark: rumour, source: Page}", '"rumour" is not one of'),
        ("{mark: assumed, confidence: high}", '"high" is not one of'),
        (f"{{status: {PAGE}, text: {PAGE}}}", '"reason" is a required property'),
        (f"{{status: {PAGE}, reason: {PAGE}}}", "the provenance of the text is missing"),
        (f"{{status: {PAGE}, reason: {PAGE}, txt: {PAGE}}}", "'txt' was unexpected"),
    ],
)
def test_wrong_provenance_is_refused_where_it_stands(tmp_path: Path, provenance: str, problem: str) -> None:
    with pytest.raises(SpecError) as refused:
        provenances(tmp_path, provenance)
    (finding,) = refused.value.findings
    assert problem in finding.problem
    assert finding.line == 12
