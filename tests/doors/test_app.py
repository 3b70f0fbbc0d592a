"""``create_app``: its settings, who may call it, what it does about several processes, and how it is mounted."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from flask import Flask, url_for
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

import rescind
from rescind.errors import DocumentError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

ORDER = "/api/v2/orders/72544"
HEALTH = "/_rescind/health"


@pytest.fixture
def app() -> Flask:
    return rescind.create_app(vendor=("rxuniverse",))


def test_app_is_a_flask_app_with_a_blueprint_for_the_control_api(app: Flask) -> None:
    assert isinstance(app, Flask)
    assert "control" in app.blueprints
    client = app.test_client()
    assert client.delete(ORDER).get_json()["orderNumber"] == "72544"
    assert client.get(HEALTH).get_json()["vendors"] == ["rxuniverse"]
    assert client.get("/_rescind/coverage", headers={"Accept": "text/html"}).text.startswith("<!doctype html>")


def test_each_app_has_a_world_of_its_own() -> None:
    for _ in range(2):
        assert rescind.create_app().test_client().delete(ORDER).status_code == 200


def test_settings_come_from_arguments_and_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCIND_VENDOR", "exsited, rxuniverse")
    monkeypatch.setenv("RESCIND_NO_DEBUG_HEADERS", "yes")
    monkeypatch.setenv("RESCIND_PORT", "9000")  # of rescind serve
    client = rescind.create_app().test_client()
    assert client.get(HEALTH).get_json()["vendors"] == ["exsited", "rxuniverse"]
    assert "X-Rescind-Outcome" not in client.delete(ORDER).headers
    client = rescind.create_app(vendor="alephee", no_debug_headers=False).test_client()
    assert client.get(HEALTH).get_json()["vendors"] == ["alephee"]
    assert "X-Rescind-Outcome" in client.delete("/v2/orders").headers


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        ({"host": "127.0.0.1"}, {}, r"create_app\(\) does not take 'host': the WSGI host decides"),
        ({"port": 8080}, {}, r"create_app\(\) does not take 'port'"),
        ({"workers": 2}, {}, r"create_app\(\) does not take 'workers'"),
        ({"vendors": ()}, {}, r"create_app\(\) has no setting 'vendors'; did you mean 'vendor'"),
        ({"max_body": "1"}, {}, "invalid max_body '1': expected int, got str"),
        ({"max_body": True}, {}, "invalid max_body True: expected int, got bool"),
        ({"max_body": 0}, {}, "invalid max-body 0"),
        ({}, {"RESCIND_VENDRO": "x"}, "unknown setting RESCIND_VENDRO; did you mean RESCIND_VENDOR"),
        ({}, {"RESCIND_MAX_BODY": "x"}, "RESCIND_MAX_BODY.*'x' is not a valid integer"),
        ({"store": "mysql://x"}, {}, "unknown store 'mysql://x'"),
    ],
)
def test_wrong_settings_are_refused(
    arguments: dict[str, Any], environment: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=words):
        rescind.create_app(**arguments)


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="unknown vendor"):
        rescind.create_app(vendor="alephe")
    (tmp_path / "zoo.yaml").write_text("a: [")
    with pytest.raises(DocumentError, match=r"zoo\.yaml:"):
        rescind.create_app(spec=str(tmp_path))


def test_sandbox_is_the_script_root_so_that_every_url_stays_in_it(app: Flask) -> None:
    seen: list[tuple[str, str]] = []

    @app.before_request
    def look() -> None:
        from flask import request  # noqa: PLC0415 - as a view would use it

        seen.append((request.script_root, url_for("control.server.get_health")))

    client = app.test_client()
    for base in ("", "/~mine"):
        assert client.get(base + HEALTH).status_code == 200
        assert seen.pop() == (base, base + HEALTH)


def test_app_is_mounted_in_another_app(app: Flask) -> None:
    other = Flask("other")
    mounted = Client(DispatcherMiddleware(other, {"/mock/rescind": app}))
    for base in ("/mock/rescind", "/mock/rescind/~mine"):
        assert [mounted.delete(base + ORDER).status_code for _ in range(2)] == [200, 400]
        document = mounted.get(f"{base}/_rescind/specs/rxuniverse.json").get_json()
        assert document["servers"][0]["url"] == f"http://localhost{base}"
        assert mounted.delete(f"{base}/api/v2/orders/a%2Fb").get_json()["details"] == ["Provided: a/b"]
        assert mounted.get(f"{base}/_rescind/journal").get_json()["entries"][2]["request"]["path"].endswith("/a%2Fb")
    assert mounted.delete(ORDER).status_code == 404


@pytest.mark.parametrize(
    ("environ", "headers", "status"),
    [
        ({}, {}, 200),
        ({"REMOTE_ADDR": "127.0.0.1"}, {}, 200),
        ({"REMOTE_ADDR": "::1"}, {}, 200),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, {}, 200),
        ({"REMOTE_ADDR": ""}, {}, 200),  # a host on a Unix socket
        ({"REMOTE_ADDR": "192.0.2.7"}, {}, 403),
        ({}, {"Host": "evil.example"}, 403),
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"X-Forwarded-For": "203.0.113.9"}, 403),  # a reverse proxy on this machine
        ({}, {"Forwarded": "for=203.0.113.9"}, 403),
    ],
)
def test_control_api_is_for_this_machine(
    app: Flask, environ: dict[str, str], headers: dict[str, str], status: int
) -> None:
    reply = app.test_client().get(HEALTH, environ_overrides=environ, headers=headers)
    assert (reply.status_code, reply.mimetype) == (
        status,
        "application/json" if status == 200 else "application/problem+json",
    )
    assert app.test_client().delete(ORDER, environ_overrides=environ, headers=headers).status_code == 200


def test_token_opens_the_control_api_to_other_machines() -> None:
    client = rescind.create_app(control_token="s3cret").test_client()
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(HEALTH, environ_overrides=far).status_code == 401
    authorised = {"Authorization": "Bearer s3cret"}
    assert client.get(HEALTH, environ_overrides=far, headers=authorised).status_code == 200


@pytest.mark.parametrize("path", [HEALTH, ORDER, f"/~mine{ORDER}"])
def test_several_processes_without_a_shared_store_are_refused_with_the_remedy(app: Flask, path: str) -> None:
    reply = app.test_client().get(path, environ_overrides={"wsgi.multiprocess": True})
    assert (reply.status_code, reply.mimetype) == (503, "application/problem+json")
    assert "RESCIND_STORE=redis://" in reply.get_json()["remedy"]


def test_several_processes_with_a_shared_store_are_one_world(redis_server: Any) -> None:
    apps = [rescind.create_app(store=redis_server.url) for _ in range(2)]
    environ = {"wsgi.multiprocess": True}
    base = "/~several-processes"
    apps[0].test_client().post(f"{base}/_rescind/reset", environ_overrides=environ)
    met = [app.test_client().delete(base + ORDER, environ_overrides=environ).status_code for app in apps]
    assert met == [200, 400]


def test_body_beyond_the_bound_is_a_problem_and_in_the_journal() -> None:
    client = rescind.create_app(max_body=100).test_client()
    for size, status in ((100, 200), (101, 413)):
        assert client.delete(f"/~{size}{ORDER}", data=b"x" * size).status_code == status
        assert client.get(f"/~{size}/_rescind/journal").get_json()["entries"][0]["status"] == status


def test_chunked_body_beyond_the_bound_is_refused_too() -> None:
    """A host says ``wsgi.input_terminated`` where it has unpacked chunks, and then gives no length."""
    client = rescind.create_app(max_body=100).test_client()
    for size, status in ((100, 200), (101, 413), (5000, 413)):
        environ = {"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"x" * size), "CONTENT_LENGTH": ""}
        assert client.delete(f"/~chunked-{size}{ORDER}", environ_overrides=environ).status_code == status
    headers = {"Content-Type": "application/json"}
    environ["wsgi.input"] = io.BytesIO(b"{}" + b" " * 300)
    path = "/_rescind/state/rxuniverse/settings"
    assert client.patch(path, environ_overrides=environ, headers=headers).status_code == 413


def test_text_that_is_not_ascii_is_the_same_however_a_client_in_the_process_sends_it(app: Flask) -> None:
    client = app.test_client()
    assert client.put("/_rescind/state/rxuniverse/orders/é", json={}).status_code == 201
    assert client.get("/api/v2/orders/é/status").status_code == 200
    assert client.get("/api/v2/orders/%C3%A9/status").status_code == 200
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://localhost") as one:
        assert one.delete("/api/v2/orders/日").status_code == 404


def test_mount_that_a_proxy_has_taken_from_the_target_leaves_the_rest_as_it_was_sent(app: Flask) -> None:
    behind = Client(ProxyFix(app, x_prefix=1))
    reply = behind.delete("/api/v2/orders/a%2Fb", headers={"X-Forwarded-Prefix": "/p"})
    assert reply.get_json()["details"] == ["Provided: a/b"]


@pytest.mark.parametrize("setting", ["store", "vendor", "max_body", "max_sandboxes", "no_debug_headers"])
def test_none_is_refused_where_it_means_nothing(setting: str) -> None:
    with pytest.raises(SettingsError, match=f"invalid {setting} None"):
        rescind.create_app(**{setting: None})


def test_vendor_that_is_named_twice_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rescind.create_app(vendor=["alephee", "alephee"]).test_client().get(HEALTH).status_code == 200
    monkeypatch.setenv("RESCIND_VENDOR", "alephee, alephee,")
    assert rescind.create_app().test_client().get(HEALTH).get_json()["vendors"] == ["alephee"]


@pytest.mark.parametrize("fault", ["connection_reset", "hang", "reply_lost", "truncated_body"])
def test_fault_that_the_host_cannot_make_is_refused_when_it_is_ordered(app: Flask, fault: str) -> None:
    client = app.test_client()
    refused = client.post("/_rescind/overrides", json={"vendor": "rxuniverse", "fault": fault})
    assert (refused.status_code, "rescind serve" in refused.get_json()["remedy"]) == (409, True)
    assert client.get("/_rescind/overrides").get_json() == {"overrides": []}
    refused = client.delete(ORDER, headers={"Prefer": f"fault={fault}"})
    assert (refused.status_code, "rescind serve" in refused.get_json()["remedy"]) == (400, True)
    assert client.delete(ORDER).status_code == 200


def test_fault_that_was_ordered_where_it_works_is_refused_where_it_does_not(redis_server: Any) -> None:
    base = "/~ordered-elsewhere"
    with rescind.start(store=redis_server.url) as server:
        server.sandbox(base[2:]).reset()
        server.sandbox(base[2:]).fault("rxuniverse", "reply_lost")
    client = rescind.create_app(store=redis_server.url).test_client()
    reply = client.delete(base + ORDER)
    assert (reply.status_code, "override 1" in reply.get_json()["detail"]) == (409, True)
    assert client.delete(base + ORDER).status_code == 200


def test_delay_and_slow_body_work_everywhere(app: Flask) -> None:
    client = app.test_client()
    for override in ({"delay_ms": 30}, {"fault": "slow_body", "delay_ms": 40}):
        assert client.post("/_rescind/overrides", json={"vendor": "rxuniverse", **override}).status_code == 201
    assert client.delete(ORDER).get_json()["orderNumber"] == "72544"
    assert client.delete(ORDER).get_json()["error"] == "Order already completed"
    delays = [entry["delay_ms"] for entry in client.get("/_rescind/journal").get_json()["entries"]]
    assert delays == [30, 40]


def test_crash_in_a_view_is_a_problem_and_never_a_traceback(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("rescind.web.control_api.journal.verify", crash)
    reply = app.test_client().post("/_rescind/journal/verify", json={"count": 1})
    assert (reply.status_code, reply.mimetype) == (500, "application/problem+json")
    assert "ZeroDivisionError: by zero" in reply.get_json()["detail"]


def test_async_hosts_of_wsgi_get_the_same_app(app: Flask) -> None:
    transport = httpx.WSGITransport(app=app)
    with httpx.Client(transport=transport, base_url="http://localhost/~x") as client:
        assert json.loads(client.delete(ORDER).content)["orderNumber"] == "72544"
