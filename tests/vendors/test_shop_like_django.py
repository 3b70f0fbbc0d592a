"""The shop answers like Django REST framework with SimpleJWT: the same requests to the sandbox and to the real thing.

Status, headers and body are equal, but for these differences, each with its reason:

- ``Content-Length`` of a 204: Django sends 0; RFC 9110, section 8.6, forbids the field there.
- The bodies of orders, and name and description of OPTIONS on their paths: they are the vendor's own views'.
- Tokens: the values are the sandbox's own; their claims but ``user_id`` are compared.
- HTML for ``Accept: text/html`` and ``?format=api``: DRF's browsable pages are no part of the API; JSON is sent.
- ``Accept: application/json; indent=4``: DRF indents; the sandbox writes JSON on one line.
- ``billing_address`` of POST in a form: DRF reads it as text and refuses it as no dictionary, with the type's name.
- Methods that nobody knows: 501 (RFC 9110, section 9.1), where DRF says 405 to whatever it is sent.
- PUT: the vendor's own serializer decides; what its page says goes before its source (vendors.md, 4d).
- A limit or an offset beyond 64 bits: the database of Django fails, with a 500.
- Paths that begin with two slashes: no vendor's prefix, so that Rescind itself answers.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.utils import timezone
from django_shop.wsgi import Customer, Order, application
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
from werkzeug.test import Client

from rescind import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.test import TestResponse

OWN = "a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d"
OTHERS = "c8f7e6d5-4b3c-4d2e-8f90-1b2c3d4e5f60"
CUSTOMER, PASSWORD = "customer@example.com", "rescind-password"
ORDERS = {
    "d9a8f7e6-5c4d-4e3f-9a01-2c3d4e5f6071": "paid", "b7e6d5c4-3a2b-4c1d-9e8f-0a1b2c3d4e5f": "delivered",
    "e0b9a8f7-6d5e-4f40-8b12-3d4e5f607182": "cancelled", OWN: "awaiting_payment",
}  # fmt: skip
"""The customer's orders of the fixtures, the newest first."""
UNKNOWN = "00000000-0000-4000-8000-0000000000ff"
SANDBOX = Client(create_app(vendor="ecommerce"))
HEADERS = {
    "Allow", "Content-Type", "Cross-Origin-Opener-Policy", "Location", "Referrer-Policy", "Vary", "WWW-Authenticate",
    "X-Content-Type-Options", "X-Frame-Options",
}  # fmt: skip


def django_tokens() -> dict[str, str]:
    Order.objects.all().delete()
    Customer.objects.all().delete()
    emails = (CUSTOMER, "grace@example.com", "inactive@example.com", "gone@example.com")
    john, grace, ivy, gone = (Customer.objects.create(email=email, cart=1) for email in emails)
    for customer in (john, ivy):
        customer.set_password(PASSWORD)
        customer.save()
    for number, (identifier, status) in enumerate(ORDERS.items()):
        created = timezone.now() - timedelta(days=number)
        Order.objects.create(pk=UUID(identifier), customer=john, status=status, created=created)
    Order.objects.create(pk=UUID(OTHERS), customer=grace, created=timezone.now())
    expired = AccessToken.for_user(john)
    expired.set_exp(lifetime=-timedelta(hours=1))
    tokens = {
        "good": AccessToken.for_user(john), "expired": expired, "refresh": RefreshToken.for_user(john),
        "inactive": AccessToken.for_user(ivy), "orphan": AccessToken.for_user(gone), "unknown": "nobodys-token",
    }  # fmt: skip
    Customer.objects.filter(pk=ivy.pk).update(is_active=False)
    gone.delete()
    return {name: str(token) for name, token in tokens.items()}


SANDBOX_TOKENS = {
    "good": "ada-token", "expired": "expired-token", "refresh": "refresh-token", "inactive": "inactive-token",
    "orphan": "orphan-token", "unknown": "nobodys-token",
}  # fmt: skip
AUTHORIZATIONS = [
    None, "", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "Token {good}", "bearer {good}", "BEARER {good}",
    "Bearer  {good}", "Bearer {good} ", " Bearer {good}", "Bearer\t{good}", "Bearer {good} x", "Bearer {expired}",
    "Bearer {refresh}", "Bearer {inactive}", "Bearer {orphan}", "Bearer {unknown}", "Bearer {good}",
]  # fmt: skip
PATHS = [
    f"/api/v1/i/orders/{OWN}/", f"/api/v1/i/orders/{OTHERS}/", f"/api/v1/i/orders/{UNKNOWN}/", f"/api/v1/i/orders/{OWN}",
    f"/api/v1/i/orders/{UNKNOWN}?a=b&c=%20d", f"/api/v1/i/orders/{OWN.upper()}/", f"/api/v1/i/orders/{OWN.replace('-', '')}/",
    "/api/v1/i/orders/123/", "/api/v1/i/orders/123", "/api/v1/i/orders/%20/", f"/api/v1/i/orders//{OWN}/",
    f"/api/v1/i/orders/{OWN}//", f"/api/v1/i/orders/{OWN}/items/", f"/api/v1/i/Orders/{OWN}/", "/api/v1/i/nothing/",
    "/api/v1/i", "/api/v1/nothing/", f"/api/v1//i/orders/{OWN}/", f"/api/v1/i/orders/{OWN}/?format=json", f"/api/v1/i/orders/{OWN}/?format=xml",
    f"/api/v1/i/orders/{OWN}?format=xml", "/api/v1/i/orders/123/?format=xml", f"/api/v1/i/orders/{OWN}/?page=1",
]  # fmt: skip
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "TRACE"]
ACCEPTS = [
    None, "", "*/*", "application/*", "application/json", "application/json;q=0", "application/xml", "application/xml, */*",
    "text/plain, application/json", "APPLICATION/JSON", "application", "*", "a/b/c", ",",
]  # fmt: skip


def both(
    method: str, path: str, headers: Mapping[str, str], body: str | bytes = b""
) -> tuple[TestResponse, TestResponse]:
    """Send the request to a new sandbox and to a new database; ``{good}`` and its like are filled in."""
    SANDBOX.post("/_rescind/reset")
    replies = []
    for client, tokens in ((SANDBOX, SANDBOX_TOKENS), (Client(application), django_tokens())):
        filled = {name: value.format(**tokens) for name, value in headers.items()}
        data = body.replace("{refresh}", tokens["refresh"]) if isinstance(body, str) else body
        data = data.replace("{good}", tokens["good"]) if isinstance(data, str) else data
        replies.append(client.open(path, method=method, headers=filled, data=data))
    return replies[0], replies[1]


def assert_alike(method: str, path: str, headers: Mapping[str, str], body: str | bytes = b"") -> None:
    ours, theirs = both(method, path, headers, body)
    asked = (method, path, dict(headers), body)
    assert ours.status_code == theirs.status_code, asked
    assert {name: ours.headers.get(name) for name in HEADERS} == {name: theirs.headers.get(name) for name in HEADERS}, (
        asked
    )
    if method == "HEAD":
        assert ours.data == b""
    elif theirs.status_code == 200 and method == "OPTIONS":
        assert described(ours, path) == described(theirs, path)
    elif theirs.status_code == 200 and path.startswith("/api/v1/i/orders/?"):
        assert listed(ours) == listed(theirs), asked
    elif theirs.status_code != 200:
        assert ours.data == theirs.data, asked
        assert (ours.status_code == 204) == ("Content-Length" not in ours.headers)


def described(reply: TestResponse, path: str) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads(reply.data)
    own = () if path.startswith("/auth/") else ("name", "description")
    return {name: value for name, value in metadata.items() if name not in own}


def listed(reply: TestResponse) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(reply.data)
    return page | {"results": [(one["id"], one["status"]) for one in page["results"]]}


def header(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("authorization", AUTHORIZATIONS)
def test_credentials_are_answered_alike(method: str, authorization: str | None) -> None:
    assert_alike(method, PATHS[0], header("Authorization", authorization))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_paths_are_answered_alike(method: str, path: str) -> None:
    assert_alike(method, path, {"Authorization": "Bearer {good}"})
    assert_alike(method, path, {})


@pytest.mark.parametrize("method", ["DELETE", "GET", "PATCH"])
@pytest.mark.parametrize("accept", ACCEPTS)
def test_accept_is_answered_alike(method: str, accept: str | None) -> None:
    assert_alike(method, PATHS[0], {"Authorization": "Bearer {good}"} | header("Accept", accept))
    assert_alike(method, PATHS[0], header("Accept", accept))


WORDS = st.text("abAB0-_. ,;=\t/*", max_size=12)
IDS = st.one_of(
    st.uuids().map(str), st.uuids().map(lambda one: str(one).upper()), st.text("0123456789abcdefABCDEF-", min_size=1)
)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(METHODS),
    path=st.builds(
        "/api/v1/i/orders/{}{}{}".format,
        st.sampled_from([OWN, OTHERS]) | IDS,
        st.sampled_from(["/", "", "//", "/x", "/x/"]),
        st.sampled_from(["", "?format=json", "?format=xml", "?a=1"]),
    ),
    authorization=st.sampled_from(AUTHORIZATIONS) | st.builds("Bearer {}".format, WORDS) | WORDS,
    accept=st.none() | WORDS | st.sampled_from(ACCEPTS),
)
def test_any_request_is_answered_alike(method: str, path: str, authorization: str | None, accept: str | None) -> None:
    assert_alike(method, path, header("Authorization", authorization) | header("Accept", accept))


def test_second_deletion_is_answered_alike() -> None:
    sandbox, django = create_app(vendor="ecommerce").test_client(), Client(application)
    tokens = django_tokens()
    for status in (204, 404, 404):
        ours = sandbox.delete(PATHS[0], headers={"Authorization": f"Bearer {SANDBOX_TOKENS['good']}"})
        theirs = django.delete(PATHS[0], headers={"Authorization": f"Bearer {tokens['good']}"})
        assert ours.status_code == theirs.status_code == status
        assert ours.data == theirs.data


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=x"}
BODIES: list[tuple[dict[str, str], str | bytes]] = [
    (JSON, ""), (JSON, "{}"), (JSON, "[]"), (JSON, '"x"'), (JSON, "1"), (JSON, "1.5"), (JSON, "true"), (JSON, "null"), (JSON, "{"),
    (JSON, '{"a":}'), (JSON, '{"email": "", "password": null, "refresh": ""}'), (JSON, '{"email": [1], "password": {}, "refresh": []}'),
    (JSON, '{"email": 5, "password": true, "refresh": 7}'), (JSON, '{"email": " ", "password": "x", "refresh": "abc"}'),
    (JSON, f'{{"email": "{CUSTOMER}", "password": "wrong", "refresh": "{{good}}"}}'),
    (JSON, f'{{"email": "inactive@example.com", "password": "{PASSWORD}"}}'), (JSON, '{"refresh": null}'),
    (FORM, "email=a&password=b&refresh=c"), (FORM, ""), (FORM, "email=&password=+&refresh=+"), (FORM, "x"),
    (PARTS, b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na\r\n--x--\r\n'),
    ({"Content-Type": "text/plain"}, "x"), ({"Content-Type": "text/plain"}, ""), ({}, ""), ({}, "x"),
    ({"Content-Type": "Application/JSON; charset=utf-8"}, "{}"), ({"Content-Type": "application/xml"}, "<a/>"),
]  # fmt: skip


@pytest.mark.parametrize("path", ["/auth/token/", "/auth/token/refresh/", "/auth/token", "/auth/token/?format=xml"])
@pytest.mark.parametrize(("headers", "body"), BODIES)
def test_token_requests_are_answered_alike(path: str, headers: dict[str, str], body: str | bytes) -> None:
    assert_alike("POST", path, headers, body)
    assert_alike("POST", path, headers | {"Authorization": "Bearer {unknown}", "Accept": "application/xml"}, body)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/auth/token/", "/auth/token/refresh/", "/auth/token", "/auth/", "/auth/token/x/"])
def test_other_methods_of_tokens_are_answered_alike(method: str, path: str) -> None:
    assert_alike(method, path, {})
    assert_alike(method, path, {"Accept": "text/plain", "Authorization": "Bearer"})


def claims(token: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    lifetime = parsed.pop("exp") - parsed.pop("iat")
    assert len(parsed.pop("jti")) == 32
    del parsed["user_id"]
    return parsed | {"lifetime": lifetime}


@pytest.mark.parametrize(
    "encode", [lambda fields: (JSON, json.dumps(fields)), lambda fields: (FORM, urlencode(fields))]
)
def test_tokens_are_alike_and_open_the_orders(encode: Callable[[dict[str, str]], tuple[dict[str, str], str]]) -> None:
    ours, theirs = both("POST", "/auth/token/", *encode({"email": CUSTOMER, "password": PASSWORD}))
    assert (ours.status_code, theirs.status_code) == (200, 200)
    pairs = [json.loads(reply.data) for reply in (ours, theirs)]
    assert list(pairs[0]) == list(pairs[1])
    for client, pair in zip((SANDBOX, Client(application)), pairs, strict=True):
        headers, body = encode({"refresh": pair["refresh"]})
        refreshed = client.post("/auth/token/refresh/", headers=headers, data=body)
        assert list(json.loads(refreshed.data)) == ["access"]
        for token in (pair["access"], json.loads(refreshed.data)["access"]):
            reply = client.get(PATHS[0], headers={"Authorization": f"Bearer {token}"})
            assert reply.status_code == 200
            pair["refreshed"] = token
    assert [{name: claims(token) for name, token in pair.items()} for pair in pairs[:1]] == [
        {name: claims(token) for name, token in pairs[1].items()}
    ]


LIST = "/api/v1/i/orders/"
QUERIES = [
    "", "limit=2", "limit=2&offset=1", "limit=2&offset=2", "limit=2&offset=4", "limit=2&offset=5", "offset=9", "limit=0", "limit=-1",
    "limit=x", "limit=", "offset=-1", "offset=x", "offset=", "limit=+2", "limit=%202%20", "limit=1_0", "limit=2&limit=1", "limit=1.5",
    "status=paid", "status=", "status=bogus", "status=PAID", "status=paid&status=cancelled",
    "status=paid&limit=1&a=b&a=c", "b=%C3%A9&limit=1&a=%2F", "status=%3Cb%3E", "limit=%D9%A1", "status=+paid",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_lists_are_answered_alike(query: str) -> None:
    assert_alike("GET", f"{LIST}?{query}", {"Authorization": "Bearer {good}"})


@settings(max_examples=150, deadline=None)
@given(
    limit=st.none() | st.integers(-2, 6).map(str) | st.text("0123456789 +-_.e", max_size=4),
    offset=st.none() | st.integers(-2, 6).map(str) | st.text("0123456789 +-_.e", max_size=4),
    status=st.none() | st.sampled_from(["", *ORDERS.values(), "x", "Paid"]),
)
def test_any_list_is_answered_alike(limit: str | None, offset: str | None, status: str | None) -> None:
    asked = {"limit": limit, "offset": offset, "status": status}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    assert_alike("GET", f"{LIST}?{query}", {"Authorization": "Bearer {good}"})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer {good}"}, {"Authorization": "Bearer {refresh}", "Accept": "a/b"}]
)
@pytest.mark.parametrize("path", [LIST, LIST[:-1], f"{LIST}?format=xml", f"{LIST}?a=b"])
def test_methods_of_the_list_are_answered_alike(method: str, headers: dict[str, str], path: str) -> None:
    assert_alike(method, path, headers)


STREET = {"street_address": "5 Side St", "postal_code": 54321, "city": "Anytown", "state": "CA", "country": "Canada"}
CREATIONS: list[tuple[dict[str, str], Any]] = [
    (JSON, {}), (JSON, {"action": "pay"}), (JSON, {"action": None}), (JSON, {"action": "save_order", "billing_address": STREET}),
    (JSON, {"action": "save_order", "billing_address": {"city": ""}}), (JSON, {"action": "save_order", "billing_address": STREET | {"city": "x" * 51}}),
    (JSON, {"action": "checkout", "billing_address": STREET | {"postal_code": "x", "state": None, "city": [], "street_address": True}}),
    (JSON, "{"), (FORM, {"action": "pay"}), (PARTS, b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\npay\r\n--x--\r\n'),
    ({"Content-Type": "text/plain"}, "x"), ({}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "body"), CREATIONS)
def test_creations_are_answered_alike(headers: dict[str, str], body: Any) -> None:
    if isinstance(body, dict):
        body = json.dumps(body) if headers is JSON else urlencode(body)
    assert_alike("POST", LIST, headers, body)
    assert_alike("POST", LIST, headers | {"Authorization": "Bearer {good}"}, body)
    assert_alike("POST", LIST, headers | {"Authorization": "Bearer {good}", "Accept": "image/png"}, body)


def test_checkout_is_redirected_alike() -> None:
    body = json.dumps({"action": "checkout", "billing_address": STREET})
    ours, theirs = both("POST", LIST, JSON | {"Authorization": "Bearer {good}"}, body)
    assert ours.status_code == theirs.status_code == 302
    own = {"Location"}
    same = [{name: reply.headers.get(name) for name in HEADERS - own} for reply in (ours, theirs)]
    assert same[0] == same[1]
    places = [re.sub("[0-9a-f-]{36}", "ID", reply.headers["Location"]) for reply in (ours, theirs)]
    assert places[0] == places[1] == "/api/v1/payments/checkout/order/ID/"
