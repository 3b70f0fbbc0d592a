"""OpenAPI documents: what Rescind cannot serve is refused, with its place and the remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from rescind.contract.compilation import compile_operations
from rescind.contract.document import open_spec
from rescind.documents import reading, shipped
from rescind.errors import DocumentError, SpecError
from rescind.rules.loading import load_vendor

ALEPHEE = (shipped.SPEC_DIR / "alephee.yaml").read_text()


def refusal(folder: Path, text: str) -> str:
    path = folder / "alephee.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load_vendor("alephee", path, shipped.FIXTURE_DIR / "alephee.yaml")
    return str(caught.value)


def line(text: str, marker: str) -> int:
    return text.partition(marker)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "marker", "what", "remedy"),
    [
        ("openapi: 3.1.0", "swagger: '2.0'", "swagger", '"openapi" is a required property', "openapi, info and paths"),
        ("openapi: 3.1.0", "openapi: 2.0.0", "openapi", "does not match", "write openapi: 3.1.0"),
        ("\npaths:", "\npath:", "openapi", '"paths" is a required property', "openapi, info and paths"),
        ("  /v2/orders:", "  v2/orders:", "  v2/orders", "('v2/orders' was unexpected)", "begins with a slash"),
        ("    delete:\n", "    remove:\n", "    remove", "('remove' was unexpected)", "one operation for each method"),
        ("in: query\n        required", "in: qery\n        required", "in: qery", '"qery" is not one of', "path, query"),
        ('"204":\n', "204:\n", "204:", "the key 204 is not a string", 'write it in quotes: "204"'),
        ('"204":\n', '"2O4":\n', '"2O4"', "('2O4' was unexpected)", "named by a status"),
        ("#/components/schemas/Error", "#/components/schemas/Eror", "Eror", "does not resolve", "refer to a part"),
        ('$ref: "#/components/schemas/Error"', '$ref: "error.yaml#/Error"', "error.yaml", "does not resolve", "by #/"),
        ("mark: vendor-docs", "mark: hearsay", "hearsay", '"hearsay" is not one of', "documented | vendor-docs"),
        ("summary: The order was deleted before.", "sumary: x", "sumary", "'sumary' was unexpected", "summary, value"),
        ("x-refusals: {missing", "x-refusals: {mising", "mising", "'mising' was unexpected", "missing: OUTCOME"),
        ("{$violation.parameter} is not", "{$request.qery.x} is not", "invalid_parameter:", "$request.qery.x is not", "x-values"),
        ('x-values: {/Message: "The v', 'x-values: {/Text: "The v', "invalid_parameter:", "the value has no 'Text'", "x-values"),
        ("type: boolean, default", "type: bool, default", "schema: {type: bool", "invalid JSON Schema", "correct the schema"),
        ("x-refusal: invalid_parameter", "x-refusal: invalid_param", "    delete:", "refuses with 'invalid_param'", "missing_order"),
        ("refusal: rate_limited", "refusal: rate_limit", "    delete:", "refuses with 'rate_limit'", "rate_limited"),
        ("  - apiKey: []", "  - apikey: []", "    delete:", "unknown security scheme 'apikey'", "apiKey"),
        ("operationId: deleteOrder\n      summary", "operationID: x\n      summary", "operationID", "does not match", "spelled"),
        ("operationId: deleteOrder\n      summary", "operationId: removeOrder\n      summary", "paths:\n  /v2",
         "unknown operation 'deleteOrder' in RULES", "removeOrder"),
        ("                forbidden:", "                forbiden:", "forbiden", "'forbiden' of deleteOrder has no rule", "write a rule"),
        ("setting: requests_per_minute", "setting: rate", "settings", "the rate limit of otherMethods needs a number", "write rate: 120"),
        ("rate_limited, setting: requests_per_minute", "rate_limited, setting: rate", "settings",
         "the rate limit of deleteOrder needs a number", "write rate: 120"),
        ("x-refusal: invalid_parameter", "x-refussal: invalid_parameter", "x-refussal", "did you mean x-refusal", "correct it"),
        ("        x-ratelimit-limit:", '        "x-a\\r\\nx-b":', '"x-a', "does not match", "letters, digits and hyphens"),
        ("application/json; charset=utf-8:", '"application/json\\r\\nSet-Cookie: a":', '"application/json', "does not match", "by media type"),
        ("x-rate-limit:", "x-ratelimit:", "x-ratelimit:", "did you mean x-rate-limit", "correct it"),
        ('x-value: "{$rate.limit}"', 'x-vaule: "{$rate.limit}"', "x-vaule", "did you mean x-value", "correct it"),
        ("{$request.query.orderId} was", "{$request.query.order} was", "order_not_found:", "no parameter 'order' in the query", "orderId"),
        ("natural: No request", "naturally: No request", "naturally", "'naturally' was unexpected", "natural: TEXT"),
    ],
)  # fmt: skip
def test_typo_is_refused_with_place_and_remedy(
    tmp_path: Path, old: str, new: str, marker: str, what: str, remedy: str
) -> None:
    assert old in ALEPHEE
    text = ALEPHEE.replace(old, new, 1)
    message = refusal(tmp_path, text)
    finding = next(part for part in message.split("\n/") if what in part)
    assert remedy in finding.partition("remedy:")[2]
    if marker == "settings":
        assert "fixtures/alephee.yaml:13:1:" in finding
    else:
        assert f"alephee.yaml:{line(text, marker)}:" in finding


def test_missing_example_of_a_rule_is_refused(tmp_path: Path) -> None:
    text = ALEPHEE[: ALEPHEE.index('        "404":')] + ALEPHEE[ALEPHEE.index('        "412":') :]
    message = refusal(tmp_path, text)
    assert "the rules of deleteOrder name the outcome 'order_not_found', which has no example" in message
    assert f"alephee.yaml:{line(text, '      responses:')}:7:" in message


def test_two_outcomes_of_one_name_are_refused(tmp_path: Path) -> None:
    text = ALEPHEE.replace("missing_order_id:", "forbidden:", 1)
    assert "deleteOrder has two outcomes named 'forbidden'" in refusal(tmp_path, text)


@pytest.mark.parametrize("content", ["", "- a", "text", "42", "{}"])
def test_other_yaml_is_no_openapi(tmp_path: Path, content: str) -> None:
    assert "openapi, info and paths" in refusal(tmp_path, content)


def test_reference_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    text = ALEPHEE.replace(
        "    RateLimit:\n", '    Loop: {$ref: "#/components/headers/Loop"}\n    RateLimit:\n'
    ).replace("#/components/headers/RateLimit", "#/components/headers/Loop")
    assert "refers to itself" in refusal(tmp_path, text)


@pytest.mark.parametrize("name", ["alephee", "control", "ecommerce", "exsited", "rxuniverse"])
def test_documents_are_valid_openapi(name: str) -> None:
    validate(reading.load(shipped.SPEC_DIR / f"{name}.yaml", SpecError).data)


def test_openapi_3_0_and_json_are_read(tmp_path: Path) -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Old", "version": "1"},
        "paths": {
            "/things/{id}": {
                "delete": {
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0,
                                                                                 "exclusiveMinimum": True}},
                        {"name": "why", "in": "query", "schema": {"type": "string", "nullable": True}},
                    ],
                    "responses": {"204": {"description": "Gone."}, "404": {"description": "None."}},
                }
            }
        },
    }  # fmt: skip
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    (operation,) = compile_operations(open_spec(path), "old")
    assert operation.id == "delete_things_id"
    assert not operation.parameters[0].validator.is_valid(0)
    assert operation.parameters[0].validator.is_valid(1)
    assert operation.parameters[1].validator.is_valid(None)
    assert list(operation.examples) == ["no_content", "not_found"]
