"""The shop answers like Django REST framework with SimpleJWT: the same requests to the sandbox and to the real thing.

Status, headers and body are equal, but for these differences, each with its reason:

- ``Content-Length`` of a 204: Django sends 0; RFC 9110, section 8.6, forbids the field there.
- The body of an order, and name and description of OPTIONS: they are the vendor's own view's.
- HTML for ``Accept: text/html`` and ``?format=api``: DRF's browsable pages are no part of the API; JSON is sent.
- ``Accept: application/json; indent=4``: DRF indents; the sandbox writes JSON on one line.
- Methods that nobody knows: 501 (RFC 9110, section 9.1), where DRF says 405 to whatever it is sent.
- PUT: the vendor's own serializer decides; what its page says goes before its source (vendors.md, 4d).
- Paths that begin with two slashes: no vendor's prefix, so that Rescind itself answers.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django_shop.wsgi import Customer, Order, application
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
from werkzeug.test import Client

from rescind import create_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.test import TestResponse

OWN = "a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d"
OTHERS = "c8f7e6d5-4b3c-4d2e-8f90-1b2c3d4e5f60"
UNKNOWN = "00000000-0000-4000-8000-0000000000ff"
SANDBOX = Client(create_app(vendor="ecommerce"))
HEADERS = {
    "Allow", "Content-Type", "Cross-Origin-Opener-Policy", "Location", "Referrer-Policy", "Vary", "WWW-Authenticate",
    "X-Content-Type-Options", "X-Frame-Options",
}  # fmt: skip


def django_tokens() -> dict[str, str]:
    Order.objects.all().delete()
    Customer.objects.all().delete()
    john, grace, ivy, gone = (Customer.objects.create(email=f"{name}@example.com") for name in ("j", "g", "i", "o"))
    Order.objects.create(pk=UUID(OWN), customer=john)
    Order.objects.create(pk=UUID(OTHERS), customer=grace)
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
    "/api/v1/i", f"/api/v1/i/orders/{OWN}/?format=json", f"/api/v1/i/orders/{OWN}/?format=xml",
    f"/api/v1/i/orders/{OWN}?format=xml", "/api/v1/i/orders/123/?format=xml", f"/api/v1/i/orders/{OWN}/?page=1",
]  # fmt: skip
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "TRACE"]
ACCEPTS = [
    None, "", "*/*", "application/*", "application/json", "application/json;q=0", "application/xml", "application/xml, */*",
    "text/plain, application/json", "APPLICATION/JSON", "application", "*", "a/b/c", ",",
]  # fmt: skip


def both(method: str, path: str, headers: Mapping[str, str]) -> tuple[TestResponse, TestResponse]:
    """Send the request to a new sandbox and to a new database; ``{good}`` and its like are filled in."""
    SANDBOX.post("/_rescind/reset")
    replies = []
    for client, tokens in ((SANDBOX, SANDBOX_TOKENS), (Client(application), django_tokens())):
        filled = {name: value.format(**tokens) for name, value in headers.items()}
        replies.append(client.open(path, method=method, headers=filled))
    return replies[0], replies[1]


def assert_alike(method: str, path: str, headers: Mapping[str, str]) -> None:
    ours, theirs = both(method, path, headers)
    asked = (method, path, dict(headers))
    assert ours.status_code == theirs.status_code, asked
    assert {name: ours.headers.get(name) for name in HEADERS} == {name: theirs.headers.get(name) for name in HEADERS}, (
        asked
    )
    if method == "HEAD":
        assert ours.data == b""
    elif theirs.status_code == 200 and method == "OPTIONS":
        same = ("renders", "parses")
        assert {name: json.loads(ours.data)[name] for name in same} == {
            name: json.loads(theirs.data)[name] for name in same
        }
    elif theirs.status_code != 200:
        assert ours.data == theirs.data, asked
        assert (ours.status_code == 204) == ("Content-Length" not in ours.headers)


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
