from __future__ import annotations

import json

import pytest

from support import World, both_doors, header

pytestmark = both_doors


def test_unknown_path_lists_the_nearest_known_ones(world: World) -> None:
    reply = world.call("DELETE", "/v3/order?API_KEY=demo-key")
    problem = json.loads(reply.body)
    assert (reply.status, header(reply, "content-type")) == (404, "application/problem+json")
    assert problem["nearest"][0] == "/v2/orders"
    assert "/v3/order" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/v2/orders", "DELETE, GET, PUT"),
        ("TRACE", "/api/v3/orders/x", "DELETE, GET, HEAD"),
        ("PUT", "/api/v2/orders/72544/status", "GET, HEAD"),
        ("TRACE", "/api/v1/oauth2/token", "POST"),
        ("HEAD", "/v2/orders", "DELETE, GET, PUT"),
    ],
)
def test_known_path_with_another_method_says_exactly_what_is_allowed(
    world: World, method: str, path: str, allow: str
) -> None:
    reply = world.call(method, path)
    assert (reply.status, header(reply, "Allow")) == (405, allow)


@pytest.mark.parametrize(
    "path", ["/", "//", "/API/v2/orders/1", "/api/v2/orders/1/", "/api/v2/orders/", "/api/v2/orders/a/b"]
)
def test_paths_are_matched_exactly(world: World, path: str) -> None:
    assert world.call("DELETE", path).status == 404


def test_unknown_path_belongs_to_the_vendor_with_the_closest_prefix(world: World) -> None:
    for path, vendor in (("/api/v1/oauth2/x", "exsited"), ("/api/v1/x", "ecommerce"), ("/api/v2/x", "rxuniverse")):
        assert header(world.call("GET", path), "X-Rescind-Outcome") == f"{vendor}.otherPaths.path_not_found"
