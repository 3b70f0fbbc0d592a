"""The control API: health, specs, problems, and the token."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
import yaml
from openapi_spec_validator import validate

from rescind import __version__
from rescind.cli import main
from rescind.control.limits import keywords
from rescind.documents import shipped
from rescind.model import Bounds
from rescind.web.control_api.document import control_document
from support import Server, serving


def test_health_names_the_version_and_the_vendors(server: Server, client: httpx.Client) -> None:
    assert client.get(f"{server.url}/_rescind/health").json() == {
        "status": "ok",
        "version": __version__,
        "vendors": ["alephee", "ecommerce", "exsited", "rxuniverse"],
    }


@pytest.mark.parametrize("name", ["alephee", "control", "ecommerce", "exsited", "rxuniverse"])
def test_spec_is_the_document_with_the_base_url_of_the_sandbox_first(
    sandbox: str, client: httpx.Client, name: str
) -> None:
    as_yaml = yaml.safe_load(client.get(f"{sandbox}/_rescind/specs/{name}.yaml").text)
    as_json = client.get(f"{sandbox}/_rescind/specs/{name}.json").json()
    assert as_yaml == as_json
    assert as_json["servers"][0] == {"url": sandbox}
    written = yaml.safe_load((shipped.SPEC_DIR / f"{name}.yaml").read_text())
    expected = control_document(Bounds()) if name == "control" else written
    assert {**as_json, "servers": as_json["servers"][1:]} == expected
    validate(as_json)


def test_document_of_the_control_api_has_the_bounds_of_its_server() -> None:
    with serving("--max-delay-ms", "1234") as server:
        schemas = httpx.get(f"{server.url}/_rescind/specs/control.json").json()["components"]["schemas"]
        assert schemas["Delay"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 1234, "x-bound": "delay"}
        for delay, status in ((1234, 201), (1235, 400)):
            override = {"vendor": "alephee", "delay_ms": delay}
            assert httpx.post(f"{server.url}/_rescind/overrides", json=override).status_code == status


def test_every_bound_of_the_document_is_known_and_every_known_one_is_used() -> None:
    def named(part: Any) -> set[str]:
        children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        mine = {part["x-bound"]} if isinstance(part, dict) and "x-bound" in part else set()
        return mine.union(*map(named, children))

    assert named(yaml.safe_load(shipped.CONTROL_SPEC.read_text())) == keywords(Bounds()).keys()


@pytest.mark.parametrize(
    "since", ["0", "now", "now-1m", "2026-11-20T12:00:00Z", "2026-11-20t12:00:00.5+01:00", "soon", "now-1y"]
)
def test_document_and_code_agree_on_what_a_time_is(since: str, sandbox: str, client: httpx.Client) -> None:
    pattern = control_document(Bounds())["components"]["parameters"]["Since"]["schema"]["pattern"]
    status = client.get(f"{sandbox}/_rescind/journal", params={"since": since}).status_code
    assert (status == 200) is (re.search(pattern, since) is not None)


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/specs/nobody.yaml", "/specs/alephee.xml", "/state", "/health/"]
)
def test_unknown_path_is_a_problem(sandbox: str, client: httpx.Client, path: str) -> None:
    reply = client.get(f"{sandbox}/_rescind{path}")
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    assert reply.json()["remedy"]


def test_token_guards_the_control_api_and_not_the_vendors() -> None:
    with serving(RESCIND_CONTROL_TOKEN="s3cret") as server:
        health = f"{server.url}/_rescind/health"
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
            reply = httpx.get(health, headers=headers)
            assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
            assert reply.headers["content-type"] == "application/problem+json"
        assert httpx.get(health, headers={"Authorization": "Bearer s3cret"}).status_code == 200
        assert httpx.delete(f"{server.url}/api/v2/orders/72544").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_other_than_loopback_needs_a_token(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", host]) == 1
    assert "--control-token" in capsys.readouterr().err
