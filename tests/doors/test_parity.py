"""Both doors end in the same engine: replies of the socket server and of the Flask app are equal, byte for byte.

Exempt, each with its reason:

- ``Date`` and ``Server``: the host's own, and the time is another.
- ``Connection``, ``Transfer-Encoding``, and where ``Content-Length`` stands among the headers: the host's framing.
- What a host's parser refuses or rewrites before the application sees it: framing, limits, ``Expect``, ``Upgrade``,
  ``OPTIONS *``, absolute-form targets, a Host that IDNA refuses.
- Hosts that give no raw target (neither RAW_URI nor REQUEST_URI): ``%2F`` and ``/`` are the same to them.
- Repeated headers, which hosts join with other separators, and header names with underscores, which PEP 3333 cannot tell
  from hyphens.
- Faults on the wire, which need a socket: see ``test_hosts``.
- Clocks that run: the tests freeze them.
"""

from __future__ import annotations

import json
import re
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rescind import create_app
from rescind.coverage.catalogue import catalogue
from rescind.documents import shipped
from rescind.rules.loading import load_vendors
from support import Server, raw_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

ENTRIES = catalogue(load_vendors([shipped.SPEC_DIR], [shipped.FIXTURE_DIR]))
WAYS = [(entry, kind) for entry in ENTRIES for kind in entry["ways"]]
EXEMPT = {"date", "server", "connection"}
HOST = "parity.localhost"
_serial = count()


class Seen(NamedTuple):
    """A reply as it is compared: the status line's code and phrase, the headers in their order, the body."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z")


def by_wsgi(app: Flask, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Seen:
    """Call the app with an environ as gunicorn would build it."""
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "RAW_URI": target, "QUERY_STRING": query,
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
    }  # fmt: skip
    reply = app.test_client().open(
        environ_overrides=environ, method=method, headers={"Host": HOST, **headers}, data=body or None
    )
    return seen(reply.status, list(reply.headers), reply.data)


def by_socket(server: Server, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Seen:
    """Call ``rescind serve`` with the very bytes."""
    fields = {"Host": HOST, **headers} | ({"Content-Length": str(len(body))} if body else {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head, _, content = raw_exchange(
        server, f"{method} {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode("latin-1") + body
    ).partition(b"\r\n\r\n")
    status, *rest = head.decode("latin-1").split("\r\n")
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
    if ("Transfer-Encoding", "chunked") in pairs:
        pairs.remove(("Transfer-Encoding", "chunked"))
        content = b"".join(chunks(content))
    return seen(status.partition(" ")[2], pairs, content)


def chunks(content: bytes) -> Iterator[bytes]:
    while content:
        size, _, rest = content.partition(b"\r\n")
        length = int(size, 16)
        yield rest[:length]
        content = rest[length + 2 :]


def seen(status: str, headers: list[tuple[str, str]], body: bytes) -> Seen:
    kept = [(name, value) for name, value in headers if name.lower() not in EXEMPT]
    lengths = [pair for pair in kept if pair[0].lower() == "content-length"]
    return Seen(status, (*(pair for pair in kept if pair not in lengths), *lengths), body)


def timeless(reply: Seen) -> Seen:
    """The reply without moments of a clock that runs: those that a fixture counts from the sandbox's beginning."""
    return reply._replace(body=MOMENT.sub(b"", reply.body))


def rateless(reply: Seen) -> Seen:
    """The reply without the rate of a clock that runs."""
    return reply._replace(headers=tuple(pair for pair in reply.headers if not pair[0].startswith("x-ratelimit-")))


def frozen(server: Server, app: Flask) -> str:
    """The path of a sandbox that is new through both doors, and whose clock stands still."""
    prefix = f"/~parity-{next(_serial)}"
    clock, headers = b'{"mode": "frozen"}', {"Content-Type": "application/json"}
    target = f"{prefix}/_rescind/clock"
    for reply in (by_socket(server, "PUT", target, headers, clock), by_wsgi(app, "PUT", target, headers, clock)):
        assert reply.status == "200 OK"
    return prefix


@pytest.mark.parametrize(("entry", "kind"), WAYS, ids=[f"{entry['id']}-{kind}" for entry, kind in WAYS])
def test_catalogue_is_answered_alike(server: Server, app: Flask, entry: dict[str, Any], kind: str) -> None:
    prefix = frozen(server, app)
    for step in entry["ways"][kind]:
        headers, body = dict(step.get("headers", {})), b""
        if "json" in step:
            headers, body = {"Content-Type": "application/json"} | headers, json.dumps(step["json"]).encode()
        target = prefix + step["path"]
        socket_reply = by_socket(server, step["method"], target, headers, body)
        assert timeless(by_wsgi(app, step["method"], target, headers, body)) == timeless(socket_reply)
    assert dict(socket_reply.headers)["X-Rescind-Outcome"] == entry["id"]


CONTROL = [
    ("GET", "/health", None), ("GET", "/outcomes", None), ("GET", "/specs/alephee.yaml", None), ("GET", "/specs/control.json", None),
    ("HEAD", "/health", None), ("OPTIONS", "/health", None), ("POST", "/health", None), ("GET", "/healt", None), ("GET", "", None),
    ("GET", "/", None), ("GET", "/health/", None), ("GET", "//health", None), ("GET", "/state/nobody", None),
    ("GET", "/state/alephee", None), ("GET", "/state/alephee/orders/72001", None), ("GET", "/state/alephee/orders/%FF", None),
    ("PUT", "/state/alephee/orders/a%2Fb", {"account": 1001}), ("GET", "/state/alephee/orders/a%2Fb", None),
    ("GET", "/state/alephee/orders/a%2fb%20c%3F", None), ("PATCH", "/state/alephee/orders/72001", {"account": 1002}),
    ("PUT", "/state/alephee/orders/1", {"acount": 1}), ("PUT", "/state/alephee/orders/1", [1]), ("DELETE", "/state/alephee/orders/a%2Fb", None),
    ("PATCH", "/state/rxuniverse/settings", {"job_tracker_installed": False}), ("GET", "/state/rxuniverse/settings", None),
    ("GET", "/clock", None), ("PUT", "/clock", {"mode": "warp"}), ("POST", "/clock/advance", {"seconds": 60}),
    ("POST", "/overrides", {"vendor": "alephee", "outcome": "rate_limited", "times": 2}), ("POST", "/overrides", {"vendor": "alephee"}),
    ("POST", "/overrides", {"vendor": "alephe", "outcome": "x"}), ("GET", "/overrides", None), ("DELETE", "/overrides/1", None),
    ("DELETE", "/overrides/1", None), ("DELETE", "/overrides", None), ("GET", "/journal?limit=0", None),
    ("GET", "/coverage?vendor=exsited", None), ("GET", "/coverage?format=markdown", None), ("GET", "/coverage?format=html&vendor=exsited", None),
    ("GET", "/coverage?format=junit", None), ("GET", "/coverage?format=pdf", None), ("DELETE", "/sandboxes/no%20name", None),
    ("POST", "/journal/verify", {"match": {"vendor": "alephee"}, "count": 0}), ("POST", "/journal/verify", {}), ("POST", "/reset", None),
]  # fmt: skip


def test_control_api_is_answered_alike(server: Server, app: Flask) -> None:
    prefix = frozen(server, app)
    for method, path, value in CONTROL:
        body = b"" if value is None else json.dumps(value).encode()
        headers = {} if value is None else {"Content-Type": "application/json"}
        target = f"{prefix}/_rescind{path}"
        replies = [by_wsgi(app, method, target, headers, body), by_socket(server, method, target, headers, body)]
        assert timeless(replies[0]) == timeless(replies[1]), target


BODIES = [
    ("PATCH", "alephee/settings", b"{", "application/json"), ("PATCH", "alephee/settings", b"{}", "text/plain"),
    ("PATCH", "alephee/settings", b'{"a": NaN}', "application/json"), ("PATCH", "alephee/settings", b"", "application/json"),
    ("PATCH", "alephee/settings", b'{"a": "\\ud800"}', "application/json"), ("PATCH", "alephee/settings", b"\xff", "application/json"),
    ("PATCH", "alephee/settings", b"{}", "application/merge-patch+json; charset=utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "media_type"), BODIES)
def test_bad_bodies_are_answered_alike(
    server: Server, app: Flask, method: str, path: str, body: bytes, media_type: str
) -> None:
    target, headers = f"/_rescind/state/{path}", {"Content-Type": media_type}
    assert by_wsgi(app, method, target, headers, body) == by_socket(server, method, target, headers, body)


CALLS = [
    ("DELETE", "/v2/orders", {}), ("DELETE", "/v2/orders?API_KEY=demo-key&accountId=1001&orderId=72001", {"Prefer": "code=429"}),
    ("DELETE", "/v2/orders?API_KEY=demo-key&accountId=x", {}), ("DELETE", "/v2/orders?API_KEY=demo-key&accountId=%FF", {}),
    ("DELETE", "/v2/orders?API_KEY=demo-key", {"Prefer": "example=rate_limted"}), ("GET", "/v2/orders", {}),
    ("HEAD", "/api/v2/orders/72544/status", {}), ("OPTIONS", "/api/v2/orders/72544", {}), ("DELETE", "/nowhere", {}), ("GET", "/", {}),
    ("DELETE", "/api/v2/orders/a%2Fb", {}), ("DELETE", "/api/v2/orders/a/b", {}), ("DELETE", "/api/v2/orders//72544", {}),
    ("DELETE", "/api/v2/orders/72544/", {}), ("DELETE", "/api/v2/orders/%C3%A9", {}), ("DELETE", "/api/v2/orders/%FF", {}),
    ("DELETE", "/api/v2/orders/72544?deleteReason=a+b%20c", {}), ("GET", "/%5Frescind/health", {}), ("GET", "/_rescindx", {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target", "headers"), CALLS, ids=[f"{one[0]} {one[1]}" for one in CALLS])
def test_vendors_calls_are_answered_alike_and_so_is_the_journal(
    server: Server, app: Flask, method: str, target: str, headers: dict[str, str]
) -> None:
    prefix = frozen(server, app)
    assert by_wsgi(app, method, prefix + target, headers) == by_socket(server, method, prefix + target, headers)
    journals = [journal(send, prefix) for send in (lambda *c: by_wsgi(app, *c), lambda *c: by_socket(server, *c))]
    assert journals[0] == journals[1]
    assert journals[0] or "rescind/" in target


def journal(send: Any, prefix: str) -> list[Any]:
    """The journal without what differs by its nature: moments, how long it took, and the connection's headers."""
    entries = json.loads(timeless(send("GET", f"{prefix}/_rescind/journal", {})).body)["entries"]
    for entry in entries:
        del entry["took_ms"], entry["at"]
        for name in ("connection", "content-length", "user-agent"):
            entry["request"]["headers"].pop(name, None)
    return list(entries)


ADDRESSES = [
    "/~",
    "/~a%20b/v2/orders",
    "/%7Ea/_rescind/clock",
    "/~" + "x" * 65 + "/v2",
    "/~a%2Fb/x",
    "/~ok",
    "/~ok/_rescind",
    "/~a//v2",
]


@pytest.mark.parametrize("target", ADDRESSES)
def test_addresses_of_sandboxes_are_understood_alike(server: Server, app: Flask, target: str) -> None:
    assert timeless(by_wsgi(app, "GET", target, {})) == timeless(by_socket(server, "GET", target, {}))


@pytest.mark.parametrize("name", ["one", "a b", "", "x" * 65])
def test_header_of_a_sandbox_is_understood_alike(server: Server, app: Flask, name: str) -> None:
    for target in ("/_rescind/specs/exsited.json", "/~two/_rescind/specs/exsited.json", "/api/v2/orders/1/status"):
        headers = {"X-Rescind-Sandbox": name}
        assert by_wsgi(app, "GET", target, headers) == by_socket(server, "GET", target, headers)


SEGMENT = st.lists(
    st.sampled_from(["a", "A", "7", ".", "..", "-", "~", "%2F", "%2f", "%20", "%FF", "%C3%A9", "%00", "%25", "+", ":", "@", ";", "=", "&", "'", "*"]),
    max_size=4,
).map("".join)  # fmt: skip
PATHS = st.lists(SEGMENT, max_size=4).map(lambda segments: "/" + "/".join(segments))
PREFIXES = st.sampled_from(
    [
        "",
        "/",
        "//_rescind",
        "/api/v2/orders",
        "/api/v3/orders",
        "/_rescind/state/alephee/orders",
        "/_rescind",
        "/~h",
        "/~h/_rescind/state",
    ]
)
QUERIES = st.sampled_from(["", "?", "?a=b", "?API_KEY=demo-key&accountId=%31&orderId=1", "?a=%FF&&=&b", "?%61=+"])


@settings(max_examples=300, deadline=None)
@given(prefix=PREFIXES, path=PATHS, query=QUERIES, method=st.sampled_from(["GET", "DELETE", "PUT"]))
@example(prefix="/api/v2/orders", path="/a%2Fb", query="", method="DELETE")
@example(prefix="", path="//", query="", method="GET")
@example(prefix="", path="/a://b%2F", query="", method="GET")
@example(prefix="/", path="/_rescind/health", query="", method="GET")
@example(prefix="/%2F_rescind", path="/health", query="", method="GET")
@example(prefix="/~h", path="//_rescind/health", query="", method="GET")
@example(prefix="/_rescind%0A", path="", query="", method="GET")
@example(prefix="/~h", path="/", query="?a=b", method="GET")
def test_any_target_is_understood_alike(
    server: Server, app: Flask, prefix: str, path: str, query: str, method: str
) -> None:
    """The environ is built as a host builds it: PATH_INFO decoded, RAW_URI as sent."""
    target = prefix + path + query
    replies = [by_wsgi(app, method, target, {}), by_socket(server, method, target, {})]
    assert rateless(timeless(replies[0])) == rateless(timeless(replies[1]))


def test_url_map_of_the_control_api_is_its_document(app: Flask) -> None:
    import yaml  # noqa: PLC0415 - one test reads a document

    document = yaml.safe_load(shipped.CONTROL_SPEC.read_text())
    described = {
        (method.upper(), path, operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    routed = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), camel(rule.endpoint.rpartition(".")[2]))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/_rescind")
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}  # Flask's own, for every rule
    }
    assert routed == described


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def test_httpx_reaches_the_app_without_a_server(app: Flask) -> None:
    transport = httpx.WSGITransport(app=app)
    with httpx.Client(transport=transport, base_url="http://rescind.localhost/~httpx") as client:
        assert client.delete("/api/v2/orders/72544").status_code == 200
        assert client.get("/_rescind/coverage").json()["total"]["met"] == 1
        assert urlsplit(client.get("/_rescind/specs/rxuniverse.json").json()["servers"][0]["url"]).path == "/~httpx"
