from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rescind.contract.compilation import compile_operations
from rescind.contract.document import open_spec
from rescind.contract.operations import Operation
from rescind.contract.received import Received
from rescind.model import Request

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS = [
    {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
    {"name": "n", "in": "query", "schema": {"$ref": "#/components/schemas/N"}},
    {"name": "x", "in": "query", "schema": {"type": "number"}},
    {"name": "b", "in": "query", "schema": {"type": "boolean", "default": False}},
    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}, "maxItems": 3}},
    {"name": "X-Kind", "in": "header", "schema": {"enum": ["a", "b"]}},
    {"name": "crumb", "in": "cookie", "schema": {"type": "integer"}},
]


@pytest.fixture(scope="module")
def operation(tmp_path_factory: pytest.TempPathFactory) -> Operation:
    path: Path = tmp_path_factory.mktemp("spec") / "some.yaml"
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a/{id}": {"delete": {"parameters": PARAMETERS, "responses": {"204": {"description": "d"}}}}},
        "components": {"schemas": {"N": {"type": "integer", "minimum": 1, "maximum": 9}}},
    }
    path.write_text(yaml.safe_dump(document))
    return compile_operations(open_spec(path), "some")[0]


def read(operation: Operation, query: str = "", **headers: str) -> tuple[dict[str, Any], dict[str, str]]:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    path = {"id": "00000000-0000-4000-8000-000000000001"}
    values, _, violations = operation.read(Received(Request("DELETE", "/", query, named, b""), path))
    return dict(values), {violation.parameter: violation.problem for violation in violations}


def test_values_have_the_types_of_their_schemas(operation: Operation) -> None:
    values, wrong = read(operation, "n=7&x=1.5e1&b=true&tags=1&tags=2,3", X_Kind="b", Cookie="crumb=4; other=x")
    assert wrong == {}
    assert values == {
        "id": "00000000-0000-4000-8000-000000000001",
        "n": 7, "x": 15.0, "b": True, "tags": [1, 2, 3], "X-Kind": "b", "crumb": 4,
    }  # fmt: skip


def test_absent_values_are_absent_or_the_default(operation: Operation) -> None:
    values, wrong = read(operation)
    assert set(values) == {"id", "b"}
    assert values["b"] is False
    assert wrong == {}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("n=0", "n"), ("n=10", "n"), ("n=1.0", "n"), ("n=+1", "n"), ("n=", "n"), ("n", "n"), ("n=%C2%B2", "n"),
        ("n=1&n=2", "n"), ("n=" + "1" * 5000, "n"), ("x=nan", "x"), ("x=inf", "x"), ("x=1_0", "x"), ("b=True", "b"),
        ("b=1", "b"), ("tags=1,x", "tags"), ("tags=1,2,3,4", "tags"), ("n=%FF", "n"), ("n=1%00", "n"),
    ],
)  # fmt: skip
def test_value_that_does_not_fit_is_a_violation(operation: Operation, query: str, name: str) -> None:
    assert read(operation, query)[1].keys() == {name}


@given(query=st.text(max_size=60), header=st.text(max_size=20))
def test_any_query_reads_or_is_a_violation(operation: Operation, query: str, header: str) -> None:
    values, wrong = read(operation, query, X_Kind=header, Cookie=header)
    assert values.keys().isdisjoint(wrong)
