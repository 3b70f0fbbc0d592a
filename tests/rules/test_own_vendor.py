"""Adding a vendor adds files only: one with rules of its own, and one with nothing but an OpenAPI document."""

from __future__ import annotations

import json
import shutil
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
import yaml
from werkzeug.test import EnvironBuilder, run_wsgi_app

from rescind import create_app
from rescind.documents import shipped
from rescind.errors import DocumentError
from rescind.rules.checking import check
from rescind.rules.loading import load_vendors
from support import Server, World, outcome, raw_exchange, request_of, serving

SPEC = """
openapi: 3.1.0
info: {title: Parcels, version: "1"}
security: [{key: []}]
paths:
  /parcels/{number}:
    delete:
      operationId: recallParcel
      parameters:
        - {name: number, in: path, required: true, schema: {type: string, pattern: "^P[0-9]+$"}, x-refusal: unknown}
      responses:
        "202":
          description: Recalled.
          content:
            application/json:
              schema: {type: object}
              examples:
                recalled: {value: {number: P1, fee: 0}, x-values: {/number: "{$order.id}", /fee: "{$order.fee}"}}
        "401":
          description: No.
          content: {application/json: {examples: {no_key: {value: {error: key}}, bad_key: {value: {error: bad}}}}}
        "404": {description: None., content: {application/json: {examples: {unknown: {value: {error: unknown}}}}}}
        "409": {description: Late., content: {application/json: {examples: {delivered: {value: {error: late}}}}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key, x-refusals: {missing: no_key, unknown: bad_key}}
"""
RULES = '''
from marshmallow import fields
from rescind.documents.schemas import Magic, RecordSchema, Shape
from rescind.model import Answer
from rescind.rules.call import Call, Rules, magic_order


class Key(RecordSchema):
    """A key."""


class Parcel(RecordSchema):
    delivered = fields.Boolean(load_default=False)
    fee = fields.Integer(load_default=3)
    magic = Magic()


SHAPE = Shape(collections={"credentials": Key(), "orders": Parcel()})


class Recall(Call):
    def find_order(self):
        return self.world.get("orders", self.parameters["number"])


def unknown(call):
    return not call.order


def delivered(call):
    return call.order["delivered"]


def recall(call):
    call.world.remove("orders", call.order)
    return Answer("recalled", {"order": call.order})


RULES = {"recallParcel": Rules(call=Recall, refusals=(unknown, magic_order, delivered), effect=recall, answers=("recalled",))}
'''
FIXTURES = """
credentials: {k1: {}}
orders: {P1: {}, P2: {delivered: true}, P9: {magic: delivered}}
ways:
  recallParcel:
    request: {X-Key: k1, number: P1}
    outcomes:
      no_key: {natural: [{with: {X-Key: null}}], magic: natural}
      bad_key: {natural: [{with: {X-Key: k2}}], magic: natural}
      unknown: {natural: [{times: 2}]}
      delivered: {natural: [{with: {number: P2}}], magic: [{with: {number: P9}}]}
      recalled: {natural: [{}]}
"""
PLAIN = {
    "openapi": "3.0.3",
    "info": {"title": "Zoo", "version": "1"},
    "paths": {
        "/pets/{petId}": {
            "parameters": [
                {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}, "example": 7}
            ],
            "delete": {
                "operationId": "deletePet",
                "responses": {
                    "200": {
                        "description": "Gone.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Message"}}},
                    },
                    "404": {"description": "No such pet."},
                    "default": {
                        "description": "Anything else.",
                        "content": {"application/json": {"example": {"message": "oops"}}},
                    },
                },
            },
        },
        "/pets": {"post": {"responses": {"201": {"description": "Made."}}}},
    },
    "components": {
        "schemas": {"Message": {"type": "object", "properties": {"message": {"type": "string", "default": "bye"}}}}
    },
}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    spec, fixtures = tmp_path / "spec", tmp_path / "fixtures"
    spec.mkdir()
    fixtures.mkdir()
    (spec / "parcels.yaml").write_text(SPEC)
    (spec / "parcels.py").write_text(RULES)
    (fixtures / "parcels.yaml").write_text(FIXTURES)
    (spec / "zoo.json").write_text(json.dumps(PLAIN))
    return spec, fixtures


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("no-fixtures")


def test_fifth_vendor_is_served_beside_the_four_and_every_way_works(folders: tuple[Path, Path]) -> None:
    spec, fixtures = folders
    with serving("--spec", str(spec), "--fixtures", str(fixtures)) as server, httpx.Client() as client:
        vendors = client.get(f"{server.url}/_rescind/health").json()["vendors"]
        assert vendors == ["alephee", "ecommerce", "exsited", "parcels", "rxuniverse", "zoo"]
        entries = client.get(f"{server.url}/_rescind/outcomes").json()["outcomes"]
        mine = [entry for entry in entries if entry["vendor"] in {"parcels", "zoo"}]
        ways = [(entry, kind) for entry in mine for kind in entry["ways"]]
        for number, (entry, kind) in enumerate(ways):
            for step in entry["ways"][kind]:
                reply = client.request(url=f"{server.url}/~{number}{step['path']}", **request_of(step))
            assert (reply.headers["x-rescind-outcome"], reply.status_code) == (entry["id"], entry["status"])
        assert len(ways) == 20


def test_only_the_named_vendor_is_served(folders: tuple[Path, Path]) -> None:
    with serving("--spec", str(folders[0]), "--vendor", "zoo") as server:
        assert httpx.get(f"{server.url}/_rescind/health").json()["vendors"] == ["zoo"]


def test_rules_of_a_new_vendor_decide_and_fill_replies(folders: tuple[Path, Path]) -> None:
    world = World(*folders)
    met = [world.outcome("DELETE", f"/parcels/{name}", X_Key="k1") for name in ("P3", "p", "P2", "P9", "P9")]
    assert met == ["unknown", "unknown", "delivered", "delivered", "delivered"]
    reply = world.call("DELETE", "/parcels/P1", X_Key="k1")
    assert (reply.status, json.loads(reply.body)) == (202, {"number": "P1", "fee": 3})


def test_plain_document_behaves_sensibly(folders: tuple[Path, Path]) -> None:
    world = World(*folders)
    met = [world.outcome("DELETE", f"/pets/{identifier}") for identifier in ("1", "7", "7", "x")]
    assert met == ["not_found", "ok", "not_found", "not_found"]
    assert json.loads(world.call("DELETE", "/~b/pets/7").body) == {"message": "bye"}
    forced = world.call("DELETE", "/~b/pets/7", Prefer="code=500")
    assert (outcome(forced), json.loads(forced.body)) == ("internal_server_error", {"message": "oops"})
    assert world.outcome("POST", "/pets") == "created"


def test_plain_document_takes_its_things_from_a_fixture(folders: tuple[Path, Path]) -> None:
    (folders[1] / "zoo.yaml").write_text("pets:\n  1: {name: Rex}\n  2: {magic: not_found}\n")
    world = World(*folders)
    met = [world.outcome("DELETE", f"/pets/{identifier}") for identifier in ("7", "1", "1", "2", "2")]
    assert met == ["not_found", "ok", "not_found", "not_found", "not_found"]
    assert (
        world.call("PUT", "/_rescind/state/zoo/pets/9", b'{"name": "Tom"}', Content_Type="application/json").status
        == 201
    )
    assert world.outcome("DELETE", "/pets/9") == "ok"


def test_two_vendors_on_one_path_are_refused_with_the_remedy_and_mount_helps(folders: tuple[Path, Path]) -> None:
    spec, fixtures = folders
    (spec / "zoo2.yaml").write_text(yaml.safe_dump(PLAIN))
    with pytest.raises(DocumentError) as caught:
        World(spec, fixtures)
    for word in ("zoo and zoo2", "both claim POST /pets", "mount: /zoo2"):
        assert word in str(caught.value)
    (fixtures / "zoo2.yaml").write_text("mount: /zoo2\npets: {7: {}}\n")
    world = World(spec, fixtures)
    assert [world.outcome("DELETE", path) for path in ("/zoo2/pets/7", "/pets/7")] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("import Answer", "import Anser", ":4:1: ImportError: cannot import name 'Anser'"),
        ("def unknown(call):", "def unknown(call)", ":26:1: SyntaxError"),
        ("def unknown(call):", "def unknwon(call):", "NameError: name 'unknown' is not defined"),
        ("delivered), effect", "), effect", "the outcome 'delivered' of recallParcel has no rule"),
        ('answers=("recalled",)', 'answers=("recaled",)', "name the outcome 'recaled', which has no example"),
        ('{"recallParcel"', '{"recall"', "unknown operation 'recall' in RULES"),
    ],
)
def test_slip_in_a_rules_module_is_a_finding(folders: tuple[Path, Path], old: str, new: str, what: str) -> None:
    spec, fixtures = folders
    assert old in RULES
    (spec / "parcels.py").write_text(RULES.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        load_vendors([spec], [fixtures], ["parcels"])
    assert what in str(caught.value)


PETSTORE = {
    "openapi": "3.0.3",
    "info": {"title": "Petstore", "version": "1"},
    "paths": {
        "/pet/{petId}": {
            "delete": {
                "parameters": [
                    {"name": "api_key", "in": "header", "schema": {"type": "string"}},
                    {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer", "format": "int64"}},
                ],
                "responses": {"400": {"description": "Invalid pet value"}},
            }
        },
        "/baskets": {
            "delete": {
                "operationId": "dropBasket",
                "parameters": [{"name": "basketId", "in": "query", "schema": {"type": "string"}, "example": "b1"}],
                "responses": {"204": {"description": "Dropped."}, "410": {"description": "It was dropped."}},
            }
        },
    },
}


def test_document_that_names_no_success_and_no_404_is_completed(tmp_path: Path, empty: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps(PETSTORE))
    world = World(tmp_path, empty)
    met = [world.outcome("DELETE", f"/pet/{identifier}") for identifier in ("0", "0", "1", "x")]
    assert met == ["no_content", "not_found", "not_found", "bad_request"]
    entries = json.loads(world.call("GET", "/_rescind/outcomes").body)["outcomes"]
    marks = {
        entry["outcome"]: entry["provenance"]["mark"] for entry in entries if entry["operation"] == "delete_pet_petid"
    }
    assert marks == {"bad_request": "documented", "not_found": "assumed", "no_content": "assumed"}


@pytest.mark.parametrize("status", [207, 299, 302, 418, 420, 430, 451, 499, 511, 520, 599])
def test_every_status_of_a_document_is_answered_as_it_is(tmp_path: Path, empty: Path, status: int) -> None:
    responses = {str(status): {"description": "Odd.", "content": {"application/json": {"example": {"odd": True}}}}}
    (tmp_path / "odd.json").write_text(json.dumps({
        "openapi": "3.1.0", "info": {"title": "Odd", "version": "1"}, "paths": {"/odd": {"post": {"responses": responses}}},
    }))  # fmt: skip
    app = create_app(spec=tmp_path, fixtures=empty, vendor="odd")
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    with serving("--spec", str(tmp_path), "--fixtures", str(empty), "--vendor", "odd") as server:
        raw = raw_exchange(
            server, f"POST /odd HTTP/1.1\r\nHost: x\r\nPrefer: code={status}\r\nConnection: close\r\n\r\n".encode()
        )
        archive = httpx.get(f"{server.url}/_rescind/journal.har").json()["log"]["entries"]
    assert raw.startswith(f"HTTP/1.1 {status} {phrase}\r\n".encode())
    environ = EnvironBuilder("/odd", method="POST", headers=[("Prefer", f"code={status}")]).get_environ()
    assert run_wsgi_app(app, environ)[1] == f"{status} {phrase}"
    assert (archive[0]["response"]["status"], archive[0]["response"]["statusText"]) == (status, phrase)


def test_documented_headers_of_the_connection_are_not_sent_twice(tmp_path: Path, empty: Path) -> None:
    named = ["Date", "Connection", "Content-Length", "Transfer-Encoding", "Content-Type", "X-Kept"]
    headers = {name: {"schema": {"type": "string"}, "example": "documented"} for name in named}
    content = {"application/json": {"example": {"odd": True}}}
    (tmp_path / "odd.json").write_text(json.dumps({
        "openapi": "3.1.0", "info": {"title": "Odd", "version": "1"},
        "paths": {"/odd": {"post": {"responses": {"200": {"description": "Odd.", "headers": headers, "content": content}}}}},
    }))  # fmt: skip
    with serving("--spec", str(tmp_path), "--fixtures", str(empty), "--vendor", "odd") as server:
        reply = httpx.post(f"{server.url}/odd")
    assert [name for name, value in reply.headers.items() if value == "documented"] == ["x-kept"]
    assert len(reply.headers.multi_items()) == len(reply.headers)
    assert reply.json() == {"odd": True}
    report = check([tmp_path / "odd.json"])
    assert not report.findings
    assert [note.problem for note in report.notes] == [f"the header {name} is ignored" for name in named[:-1]]


def test_informational_response_is_a_finding_of_the_check(tmp_path: Path) -> None:
    responses = {"102": {"description": "Wait."}, "200": {"description": "Done."}}
    (tmp_path / "odd.json").write_text(json.dumps({
        "openapi": "3.1.0", "info": {"title": "Odd", "version": "1"}, "paths": {"/odd": {"post": {"responses": responses}}},
    }))  # fmt: skip
    assert [finding.problem for finding in check([tmp_path / "odd.json"]).findings] == ["102 is no final status"]


def test_thing_may_be_named_in_the_query(tmp_path: Path, empty: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps(PETSTORE))
    world = World(tmp_path, empty)
    met = [world.outcome("DELETE", f"/baskets{query}") for query in ("?basketId=b1", "?basketId=b1", "")]
    assert met == ["no_content", "gone", "gone"]


def test_natural_ways_of_a_plain_document_work(tmp_path: Path, empty: Path) -> None:
    (tmp_path / "store.json").write_text(json.dumps(PETSTORE))
    with_fixture = tmp_path / "fixtures"
    with_fixture.mkdir()
    (with_fixture / "store.yaml").write_text("animals: {5: {}}\n")
    for folder in (empty, with_fixture):
        world = World(tmp_path, folder)
        entries = json.loads(world.call("GET", "/_rescind/outcomes").body)["outcomes"]
        naturals = [entry for entry in entries if "natural" in entry["ways"]]
        assert len(naturals) >= 3
        for number, entry in enumerate(naturals):
            for step in entry["ways"]["natural"]:
                reply = world.call(step["method"], f"/~{number}{step['path']}")
            assert outcome(reply) == entry["outcome"]


def test_base_path_of_the_document_belongs_to_the_paths(tmp_path: Path, empty: Path) -> None:
    document = {**PETSTORE, "servers": [{"url": "https://store.example/v9/"}]}
    (tmp_path / "store.json").write_text(json.dumps(document))
    assert World(tmp_path, empty).outcome("DELETE", "/v9/pet/0") == "no_content"


def test_thing_of_another_owner_is_another_thing(tmp_path: Path, empty: Path) -> None:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": name}
        for name in ("shop", "order")
    ]
    operation = {"parameters": parameters, "responses": {"204": {"description": "d"}, "404": {"description": "d"}}}
    document = {**PETSTORE, "paths": {"/shops/{shop}/orders/{order}": {"delete": operation}}}
    (tmp_path / "store.json").write_text(json.dumps(document))
    world = World(tmp_path, empty)
    met = [world.outcome("DELETE", f"/shops/{shop}/orders/order") for shop in ("other", "shop", "shop")]
    assert met == ["not_found", "no_content", "not_found"]


def test_one_path_may_belong_to_two_vendors_by_method(tmp_path: Path, empty: Path) -> None:
    for name, method in (("one", "get"), ("two", "delete")):
        parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": "x"}]
        operation = {"parameters": parameters, "responses": {"200": {"description": "d"}}}
        document = {**PETSTORE, "paths": {f"/things/{{{name}}}": {method: operation}}}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    world = World(tmp_path, empty)
    assert [world.call(method, "/things/x").status for method in ("GET", "DELETE")] == [200, 200]
    assert dict(world.call("PUT", "/things/x").headers)["Allow"] == "DELETE, GET, HEAD"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"s": {"allOf": [{"type": "string", "enum": ["a"]}]}}},
        {"$ref": "#/components/schemas/A"},
        {"type": []},
        {"examples": {"a": 1}},
        {"oneOf": {"a": 1}},
        {"type": "object", "properties": None},
    ],
)
def test_odd_schemas_are_served_or_refused_and_never_a_traceback(tmp_path: Path, empty: Path, schema: object) -> None:
    recursive = {"type": "object", "properties": {f"p{n}": {"$ref": "#/components/schemas/A"} for n in range(12)}}
    responses = {"200": {"description": "d", "content": {"application/json": {"schema": schema}}}}
    document = {
        **PETSTORE,
        "paths": {"/a": {"get": {"responses": responses}}},
        "components": {"schemas": {"A": recursive}},
    }
    (tmp_path / "store.json").write_text(json.dumps(document))
    try:
        world = World(tmp_path, empty)
    except DocumentError as error:
        assert error.findings  # noqa: PT017 - either is right
        return
    assert world.call("GET", "/a").status == 200


def test_copy_of_the_shipped_folder_can_be_served_with_one_more(folders: tuple[Path, Path]) -> None:
    for path in shipped.SPEC_DIR.iterdir():
        shutil.copy(path, folders[0])
    names = [vendor.name for vendor in load_vendors([folders[0], shipped.SPEC_DIR], [folders[1], shipped.FIXTURE_DIR])]
    assert names == ["alephee", "ecommerce", "exsited", "parcels", "rxuniverse", "zoo"]


@pytest.mark.parametrize("name", ["control.yaml", "My Shop.yaml", "Shop.yaml"])
def test_name_that_no_vendor_can_have_is_refused(tmp_path: Path, empty: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(PLAIN))
    with pytest.raises(DocumentError, match="cannot be the name of a vendor"):
        load_vendors([tmp_path], [empty])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("import sys; sys.exit(7)", "SystemExit: 7"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("while True: pass", "the rule did not end in time"),
        ("while True:\n        try:\n            while True: pass\n        except Exception: pass", "the rule did not end in time"),
    ],
)  # fmt: skip
def test_rule_that_ends_nothing_or_everything_is_answered_and_journaled(
    folders: tuple[Path, Path], body: str, what: str
) -> None:
    spec, fixtures = folders
    rules = (spec / "parcels.py").read_text()
    (spec / "parcels.py").write_text(rules.replace('    return call.order["delivered"]', f"    {body}"))
    options = ("--spec", str(spec), "--fixtures", str(fixtures), "--vendor", "parcels", "--max-rule-seconds", "1")
    server = Server(*options)
    try:
        for _ in range(2):
            reply = httpx.delete(f"{server.url}/parcels/P1", headers={"X-Key": "k1"}, timeout=30)
            assert reply.status_code == 500
            assert what in reply.json()["detail"]
        assert httpx.delete(f"{server.url}/parcels/P3", headers={"X-Key": "k1"}).status_code == 404
        entries = httpx.get(f"{server.url}/_rescind/journal").json()["entries"]
        assert [entry["status"] for entry in entries] == [500, 500, 404]
        assert entries[0]["decided_by"]["stage"] == "rule"
    finally:
        server.stop()
