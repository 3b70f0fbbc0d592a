"""The control API: health, specs, problems, and the token."""

from __future__ import annotations

import httpx
import pytest
import yaml
from openapi_spec_validator import validate

from rescind import __version__
from rescind.cli import main
from rescind.documents import shipped
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
    assert {**as_json, "servers": as_json["servers"][1:]} == written
    validate(as_json)


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
