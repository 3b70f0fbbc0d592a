"""The catalogue is executable: every way of every outcome, run over real HTTP, gives what the spec says."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
import jsonschema_rs
import pytest
import yaml

from rescind.coverage.catalogue import catalogue
from rescind.documents import shipped
from rescind.rules.loading import load_vendors
from support import Server, request_of

ENTRIES = catalogue(load_vendors([shipped.SPEC_DIR], [shipped.FIXTURE_DIR]))
WAYS = [(entry, kind) for entry in ENTRIES for kind in entry["ways"]]
FRAMEWORK = {
    # vendors.md, 4a, rows 0a to 2c, and the format of 4a's order of checks: what the shop's framework does by itself.
    "invalid_path_id": 404, "missing_trailing_slash": 301, "unknown_format": 404, "not_acceptable": 406,
    "not_authenticated": 401, "bad_authorization_header": 401, "invalid_token": 401, "wrong_token_type": 401,
    "user_not_found": 401, "user_inactive": 401,
}  # fmt: skip
OF_A_LIST = {name: status for name, status in FRAMEWORK.items() if name != "invalid_path_id"}
OF_TOKENS = {name: FRAMEWORK[name] for name in ("missing_trailing_slash", "unknown_format", "not_acceptable")}
TOKEN = {"missing_token": 401, "invalid_token": 401, "expired_token": 401}
FACTS = {
    # vendors.md, table by table: outcome and status.
    "alephee.deleteOrder": {
        "missing_api_key": 401, "unknown_api_key": 401, "rate_limited": 429, "invalid_parameter": 400,
        "account_not_associated": 401, "forbidden": 403, "missing_order_id": 400, "order_not_found": 404,
        "already_deleted": 304, "native_marketplace_order": 412, "not_created_by_api": 412, "server_error": 500,
        "deleted": 204,
    },
    "alephee.listOrders": {
        "missing_api_key": 401, "unknown_api_key": 401, "rate_limited": 429, "invalid_parameter": 400,
        "account_not_associated": 401, "server_error": 500, "orders": 200,
    },
    "alephee.updateOrders": {
        "missing_api_key": 401, "unknown_api_key": 401, "rate_limited": 429, "invalid_parameter": 400,
        "invalid_order_status": 400, "account_not_associated": 401, "forbidden": 403, "order_not_found": 404,
        "not_modified": 304, "native_marketplace_order": 412, "not_created_by_api": 412, "multiple_choices": 300,
        "range_not_satisfiable": 416, "server_error": 500, "updated": 200,
    },
    "rxuniverse.getOrder": {"order": 200, "marked_for_cancellation": 200, "not_found": 404},
    "rxuniverse.cancelOrder": {
        "not_found": 404, "job_tracker_missing": 400, "already_cancelled": 400, "delete_reasons_empty": 400,
        "delete_reason_missing": 400, "delete_reason_invalid": 400, "non_cancel_station": 400, "cancelled": 200,
        "cancelled_reason_ignored": 200, "already_completed": 400, "invalid_delete_reason": 400,
    },
    "rxuniverse.completeOrder": {
        "order_not_found": 404, "order_deleted": 400, "order_unvalid": 400, "order_already_completed": 400,
        "order_on_hold": 400, "job_flow_refused": 400, "completed": 201,
    },
    "rxuniverse.checkIn": {"checked_in": 200, "job_not_found": 200, "invalid_station": 200, "invalid_arguments": 400},
    "rxuniverse.getOrderStatus": {"status": 200, "marked_for_cancellation": 200, "not_found": 404},
    "exsited.deleteOrder": TOKEN | {"order_not_found": 404, "deleted": 204},
    "exsited.getOrder": TOKEN | {"order_not_found": 404, "order": 200},
    "exsited.cancelOrder": TOKEN | {"invalid_cancellation": 400, "order_not_found": 404, "cancelled": 200},
    "exsited.createOrder": TOKEN | {"invalid_order": 400, "unknown_account": 400, "unknown_item": 400, "created": 201},
    "exsited.listOrders": TOKEN | {"invalid_parameter": 400, "orders": 200},
    "exsited.issueToken": {
        "issued": 200, "refreshed": 200, "invalid_request": 400, "unsupported_grant_type": 400, "invalid_grant": 400,
        "invalid_client": 401, "invalid_client_redirect": 302,
    },
    "ecommerce.deleteOrder": FRAMEWORK | {"order_not_found": 404, "not_owner": 404, "deleted": 204},
    "ecommerce.getOrder": FRAMEWORK | {"order_not_found": 404, "not_owner": 404, "order": 200},
    "ecommerce.updateOrder": FRAMEWORK | {
        "order_not_found": 404, "not_owner": 404, "updated": 200, "malformed_json": 400, "invalid_address": 400,
        "not_awaiting_payment": 403, "unsupported_media_type": 415,
    },
    "ecommerce.describeOrder": FRAMEWORK | {"metadata": 200, "metadata_without_actions": 200},
    "ecommerce.listOrders": OF_A_LIST | {"invalid_status": 400, "orders": 200},
    "ecommerce.createOrder": OF_A_LIST | {
        "malformed_json": 400, "unsupported_media_type": 415, "invalid_action": 400, "empty_cart": 400,
        "no_billing_address": 400, "invalid_address": 400, "saved": 201, "checkout": 302,
    },
    "ecommerce.describeOrders": OF_A_LIST | {"metadata": 200},
    "ecommerce.obtainToken": OF_TOKENS | {
        "malformed_json": 400, "unsupported_media_type": 415, "invalid_fields": 400, "no_active_account": 401,
        "tokens": 200,
    },
    "ecommerce.refreshToken": OF_TOKENS | {
        "malformed_json": 400, "unsupported_media_type": 415, "invalid_fields": 400, "invalid_refresh_token": 401,
        "wrong_refresh_token_type": 401, "refreshed": 200,
    },
    "ecommerce.describeTokens": OF_TOKENS | {"metadata": 200},
    "ecommerce.describeRefresh": OF_TOKENS | {"metadata": 200},
}  # fmt: skip
_serial = count()


@pytest.fixture(scope="module")
def contracts() -> dict[str, Any]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in shipped.SPEC_DIR.glob("*.yaml")}


@pytest.mark.parametrize(("entry", "kind"), WAYS, ids=[f"{entry['id']}-{kind}" for entry, kind in WAYS])
def test_way_leads_to_its_outcome(
    entry: dict[str, Any], kind: str, server: Server, client: httpx.Client, contracts: dict[str, Any]
) -> None:
    base_url = f"{server.url}/~way-{next(_serial)}"
    for step in entry["ways"][kind]:
        reply = client.request(url=base_url + step["path"], **request_of(step))
    assert reply.headers["x-rescind-outcome"] == entry["id"]
    assert reply.status_code == entry["status"]
    assert ("preference-applied" in reply.headers) == (kind == "forced")
    _assert_fits_the_document(contracts[entry["vendor"]], entry, reply)


def _assert_fits_the_document(document: dict[str, Any], entry: dict[str, Any], reply: httpx.Response) -> None:
    operation = next(
        operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and operation.get("operationId") == entry["operation"]
    )
    response = operation["responses"][str(entry["status"])]
    for name, part in response.get("headers", {}).items():
        declared = document["components"]["headers"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        if name in reply.headers or declared.get("required"):
            text = reply.headers[name]
            value = int(text) if declared["schema"].get("type") == "integer" else text
            jsonschema_rs.validate(declared["schema"], value)
    if "content" not in response:
        assert reply.content == b""
        shown = response["x-examples"][entry["outcome"]].get("x-headers", {})
        assert reply.headers.get("content-type") == shown.get("Content-Type")
        return
    media_type, media = next(
        (name, media) for name, media in response["content"].items() if entry["outcome"] in media["examples"]
    )
    assert reply.headers["content-type"] == media_type
    value = reply.json() if media_type.startswith("application/json") else reply.text
    jsonschema_rs.validate({**media["schema"], "components": document["components"]}, value)
    example = media["examples"][entry["outcome"]]
    if "x-values" not in example:
        assert value == example["value"]


def test_every_outcome_of_the_vendors_is_there_with_its_status() -> None:
    found: dict[str, dict[str, int]] = {}
    for entry in ENTRIES:
        found.setdefault(f"{entry['vendor']}.{entry['operation']}", {})[entry["outcome"]] = entry["status"]
    assert found == FACTS


def test_every_outcome_can_be_met_three_ways_or_says_why_not() -> None:
    for entry in ENTRIES:
        assert entry["ways"].keys() | entry.get("why_absent", {}).keys() == {"natural", "magic", "forced"}, entry["id"]
    absent = {entry["id"]: set(entry["why_absent"]) for entry in ENTRIES if "why_absent" in entry}
    assert absent == {
        "alephee.deleteOrder.server_error": {"natural"},
        "alephee.listOrders.server_error": {"natural", "magic"},
        "alephee.updateOrders.server_error": {"natural"},
        "alephee.updateOrders.multiple_choices": {"natural"},
        "alephee.updateOrders.range_not_satisfiable": {"natural"},
        "ecommerce.updateOrder.malformed_json": {"natural", "magic"},
        "ecommerce.createOrder.malformed_json": {"natural", "magic"},
        "ecommerce.obtainToken.malformed_json": {"natural", "magic"},
        "ecommerce.refreshToken.malformed_json": {"natural", "magic"},
        "exsited.issueToken.invalid_client": {"natural", "magic"},
        "rxuniverse.completeOrder.job_flow_refused": {"natural"},
    }


def test_every_outcome_says_where_it_is_known_from() -> None:
    for entry in ENTRIES:
        assert entry["provenance"]["mark"] in {"documented", "vendor-docs", "convention", "assumed"}
        assert entry["provenance"]["source"]
        assert entry["description"]


def test_http_answers_the_same_catalogue(server: Server, client: httpx.Client) -> None:
    assert client.get(f"{server.url}/_rescind/outcomes").json() == {"outcomes": ENTRIES}


def test_forced_answers_change_nothing(server: Server, client: httpx.Client) -> None:
    for entry in ENTRIES:
        base_url = f"{server.url}/~still-{next(_serial)}"
        before = client.get(f"{base_url}/_rescind/state/{entry['vendor']}").json()
        for step in entry["ways"]["forced"]:
            client.request(url=base_url + step["path"], **request_of(step))
        after = client.get(f"{base_url}/_rescind/state/{entry['vendor']}").json()
        assert after == before, entry["id"]


def test_magic_orders_always_end_the_same_way(server: Server, client: httpx.Client) -> None:
    for entry in ENTRIES:
        for step in entry["ways"].get("magic", [])[-1:]:
            if entry["operation"] in {"deleteOrder", "cancelOrder"}:
                base_url = f"{server.url}/~again-{next(_serial)}"
                for one in entry["ways"]["magic"][:-1]:
                    client.request(url=base_url + one["path"], **request_of(one))
                for _ in range(3):
                    reply = client.request(url=base_url + step["path"], **request_of(step))
                    assert reply.headers["x-rescind-outcome"] == entry["id"]


@pytest.mark.parametrize("name", ["alephee", "ecommerce", "exsited", "rxuniverse"])
def test_every_example_of_a_document_is_an_outcome(name: str) -> None:
    document = yaml.safe_load((shipped.SPEC_DIR / f"{name}.yaml").read_text())
    shown = {
        f"{name}.{operation['operationId']}.{outcome}"
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
        for response in operation["responses"].values()
        for examples in (
            response.get("x-examples", {}),
            *(media.get("examples", {}) for media in response.get("content", {}).values()),
        )
        for outcome in examples
    }
    assert shown == {entry["id"] for entry in ENTRIES if entry["vendor"] == name}


KNOWN_FROM = {
    # vendors.md, 1a
    "alephee.deleteOrder": {
        "missing_api_key": "documented H · vendor-docs M · assumed L",
        "unknown_api_key": "documented H · vendor-docs M · assumed L",
        "rate_limited": "documented H · vendor-docs H · assumed L",
        "invalid_parameter": "documented H · assumed M · assumed L",
        "account_not_associated": "documented M · vendor-docs H · assumed L",
        "forbidden": "documented H · assumed M · assumed L",
        "missing_order_id": "assumed M · vendor-docs M · assumed L",
        "order_not_found": "documented H · assumed M · assumed L",
        "already_deleted": "documented H · assumed M · documented H",
        "native_marketplace_order": "documented M · vendor-docs H · assumed L",
        "not_created_by_api": "documented M · vendor-docs H · assumed L",
        "server_error": "documented H · assumed L · assumed L",
        "deleted": "documented H · documented H · -",
    },
    # vendors.md, 2a
    "rxuniverse.cancelOrder": {
        "not_found": "documented H · documented H · documented H",
        "job_tracker_missing": "documented H · documented H · documented H",
        "already_cancelled": "documented H · documented H · documented H",
        "already_completed": "assumed M · vendor-docs M · documented M",
        "delete_reasons_empty": "documented H · documented H · vendor-docs H",
        "delete_reason_missing": "documented H · documented M · assumed L",
        "delete_reason_invalid": "documented H · documented H · vendor-docs H",
        "non_cancel_station": "documented H · documented H · vendor-docs H",
        "cancelled": "documented H · documented H · documented M",
        "cancelled_reason_ignored": "documented H · documented H · assumed L",
    },
    # vendors.md, 3a
    "exsited.deleteOrder": {
        "missing_token": "vendor-docs H · vendor-docs H · vendor-docs L",
        "invalid_token": "vendor-docs H · vendor-docs H · vendor-docs L",
        "expired_token": "vendor-docs H · vendor-docs H · vendor-docs L",
        "order_not_found": "assumed M · assumed M · assumed L",
        "deleted": "documented H · documented H · -",
    },
    # vendors.md, 4a: status, reason, text, and the confidence of each.
    "ecommerce.deleteOrder": {
        "invalid_path_id": "convention H · vendor-docs H · convention H",
        "missing_trailing_slash": "convention H · convention H · convention H",
        "not_acceptable": "convention H · convention H · convention H",
        "not_authenticated": "convention H · documented H · convention H",
        "bad_authorization_header": "convention H · convention H · convention H",
        "invalid_token": "convention H · vendor-docs H · convention H",
        "user_not_found": "convention H · convention H · convention H",
        "user_inactive": "convention H · convention H · convention H",
        "order_not_found": "convention H · convention H · convention H",
        "not_owner": "documented H · documented H · convention H",
        "deleted": "documented H · documented H · -",
    },
}


def test_outcomes_are_known_from_where_the_facts_say() -> None:
    found = {entry["id"]: entry["provenance"]["summary"] for entry in ENTRIES}
    for operation, outcomes in KNOWN_FROM.items():
        for outcome, summary in outcomes.items():
            assert found[f"{operation}.{outcome}"] == summary, outcome
