"""Certification bites the broken exactly, and does not bite the honest: every client as a process, in every scenario."""

from __future__ import annotations

import pytest
from zoo import ARGUMENTS, BROKEN, CLIENTS, HONEST, NODE, broken_requirements, certified, python

from rescind.certify.requirements import requirements

pytestmark = pytest.mark.slow
MUSTS = {requirement.name for requirement in requirements() if requirement.is_must}


@pytest.mark.parametrize("vendor", ARGUMENTS)
def test_model_client_is_certified_without_a_recommendation(vendor: str) -> None:
    certificate = certified(vendor, *python(f"{vendor}.py", *ARGUMENTS[vendor]))
    assert broken_requirements(certificate) == {}
    assert (certificate["verdict"], certificate["certified"]) == ("certified", True)
    assert certificate["counts"]["not met"] <= 1
    assert certificate["seconds"] < 60


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_model_client_in_node_is_certified_without_a_recommendation() -> None:
    certificate = certified("rxuniverse", str(NODE), str(CLIENTS / "rxuniverse.mjs"), "{base_url}", "{order}")
    assert broken_requirements(certificate) == {}
    assert certificate["verdict"] == "certified"


def test_table_has_every_broken_client() -> None:
    assert {path.stem for path in (CLIENTS / "broken").glob("*.py")} == BROKEN.keys()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_client_breaks_exactly_its_requirements(name: str) -> None:
    vendor, expected = BROKEN[name]
    certificate = certified(vendor, *python(f"broken/{name}.py", *ARGUMENTS[vendor]))
    found = broken_requirements(certificate)
    assert found.keys() == expected, found
    assert certificate["certified"] is not bool(expected & MUSTS)


@pytest.mark.parametrize("vendor", ARGUMENTS)
@pytest.mark.parametrize("name", HONEST)
def test_honest_client_breaks_no_must(name: str, vendor: str) -> None:
    certificate = certified(vendor, *python(f"honest/{name}.py", vendor))
    found = broken_requirements(certificate)
    assert not found.keys() & MUSTS, found
    assert certificate["certified"]
