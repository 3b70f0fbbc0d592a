"""Plans: made from the documents, with every documented outcome, and what the situations need."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from rescind.assembly import assemble
from rescind.certify.advice import client_contract
from rescind.certify.plan import make_plan
from rescind.certify.scenarios import Plan
from rescind.cli import main
from rescind.documents import shipped
from rescind.rules.loading import load_vendors
from rescind.settings import Settings

ENGINE = assemble(Settings()).engine
VENDORS = ("alephee", "ecommerce", "exsited", "rxuniverse")


def plan_of(vendor: str) -> Plan:
    contract = client_contract(ENGINE.vendors[vendor])
    assert contract
    return make_plan(contract)


PLANS = {vendor: plan_of(vendor) for vendor in VENDORS}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_documented_outcome_of_the_deletion_has_a_scenario(vendor: str) -> None:
    plan = PLANS[vendor]
    planned = {one.outcome for one in plan.scenarios.values() if one.outcome}
    limits = {f"{vendor}.limits.{name}" for name in ("once", "window", "for_ever", "two_clients")}
    for name, example in plan.contract.deletion.examples.items():
        advice = plan.contract.advice(plan.contract.deletion.id, name)
        assert advice
        assert limits <= plan.scenarios.keys() if advice.retry == "after" else example.outcome.id in planned


@pytest.mark.parametrize(
    ("vendor", "overridden"),
    [
        ("alephee", {"invalid_parameter", "missing_order_id", "missing_api_key", "server_error"}),
        ("exsited", {"missing_token"}),
        ("rxuniverse", {"invalid_delete_reason", "delete_reason_invalid", "cancelled_reason_ignored"}),
        (
            "ecommerce",
            {
                "missing_trailing_slash",
                "not_authenticated",
                "bad_authorization_header",
                "invalid_path_id",
                "unknown_format",
                "not_acceptable",
            },
        ),
    ],
)
def test_only_what_depends_on_the_request_itself_is_overridden(vendor: str, overridden: set[str]) -> None:
    answers = [one for one in PLANS[vendor].scenarios.values() if one.outcome]
    assert {one.name for one in answers if not one.is_natural} == overridden


@pytest.mark.parametrize(
    ("scenario", "vendors"),
    [
        ("limits.window", {"alephee"}), ("limits.two_clients", {"alephee"}), ("lost.error_after_effect", {"alephee"}),
        ("credentials.expired", {"exsited", "ecommerce"}), ("credentials.refresh_spent", {"exsited", "ecommerce"}),
        ("credentials.between_calls", {"exsited", "ecommerce"}), ("credentials.revoked", {"exsited", "ecommerce"}),
        ("answers.foreign", {"alephee", "ecommerce"}), ("lost.truncated_body", {"rxuniverse"}),
        ("lost.malformed_chunk", {"rxuniverse"}), ("tolerance.chunked_body", {"rxuniverse"}),
        ("answers.twice", {*VENDORS}), ("answers.meanwhile", {*VENDORS}), ("races.two_runs", {*VENDORS}), ("lost.hang", {*VENDORS}),
    ],
)  # fmt: skip
def test_situation_is_planned_where_the_vendor_documents_what_it_needs(scenario: str, vendors: set[str]) -> None:
    assert {vendor for vendor in VENDORS if f"{vendor}.{scenario}" in PLANS[vendor].scenarios} == vendors


def test_two_clients_have_two_orders_and_a_race_has_one() -> None:
    scenarios = PLANS["alephee"].scenarios
    assert scenarios["alephee.limits.two_clients"].targets == ("72001", "72002")
    assert scenarios["alephee.races.two_runs"].targets == ("72001", "72001")
    assert scenarios["alephee.answers.foreign"].order == "72006"


TICKETS = {
    "openapi": "3.1.0",
    "info": {"title": "Tickets", "version": "1"},
    "paths": {
        "/tickets/{id}": {
            "delete": {
                "operationId": "deleteTicket",
                "x-client": {"task": "delete", "order": "id"},
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "example": "T-1"}],
                "responses": {
                    "204": {"description": "Gone.", "x-examples": {"deleted": {"summary": "Gone.", "x-client": {"claims": ["gone"], "source": {"title": "RFC 9110", "url": "https://www.rfc-editor.org/rfc/rfc9110"}}}}},
                    "404": {"description": "None.", "x-examples": {"missing": {"summary": "None.", "x-client": {"claims": ["gone", "refused", "unknown"], "retry": "never", "source": {"title": "RFC 9110", "url": "https://www.rfc-editor.org/rfc/rfc9110"}}}}},
                    "409": {"description": "Closed.", "x-examples": {"closed": {"summary": "Closed.", "x-client": {"claims": ["refused"], "retry": "never", "source": {"title": "RFC 9110", "url": "https://www.rfc-editor.org/rfc/rfc9110"}}}}},
                },
            }
        }
    },
}  # fmt: skip


def test_collection_of_an_own_vendor_may_have_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = "import sys, time, urllib.request as u, urllib.error as e\nfor _ in range(3):\n  try:\n    u.urlopen(u.Request(sys.argv[1] + '/tickets/' + sys.argv[2], method='DELETE'), timeout=2); sys.exit(0)\n  except e.HTTPError as r: sys.exit(0 if r.code == 404 else 3)\n  except OSError: time.sleep(0.2)\nsys.exit(75)"
    words = [
        "--vendor",
        "tickets",
        "--spec",
        str(tickets(tmp_path)),
        "--",
        sys.executable,
        "-c",
        client,
        "{base_url}",
        "{order}",
    ]
    assert main(["certify", *words]) == 0, capsys.readouterr().out
    printed = capsys.readouterr().out
    assert "verdict: certified" in printed
    assert "tickets.answers.twice" not in printed  # it was met


def test_status_says_what_the_document_does_not(tmp_path: Path) -> None:
    for name in ("204", "404", "409"):
        tickets(tmp_path, **{name: None})
    (vendor,) = load_vendors([tmp_path, shipped.SPEC_DIR], [shipped.FIXTURE_DIR], ["tickets"])
    contract = client_contract(vendor)
    assert contract
    said = {name: contract.advice("deleteTicket", name) for name in ("deleted", "missing", "closed")}
    assert [(one.claims, one.retry) for one in said.values() if one] == [
        (("gone",), None), (("gone", "refused", "unknown"), "never"), (("refused",), "never"),
    ]  # fmt: skip


def tickets(folder: Path, **changes: object) -> Path:
    document = yaml.safe_load(yaml.safe_dump(TICKETS))
    operation = document["paths"]["/tickets/{id}"]["delete"]
    operation.update({name: value for name, value in changes.items() if value is not None})
    for name in [name for name, value in changes.items() if value is None]:
        del operation["responses"][name]["x-examples"][next(iter(operation["responses"][name]["x-examples"]))][
            "x-client"
        ]
    (folder / "tickets.yaml").write_text(yaml.safe_dump(document))
    return folder


def test_vendor_of_ones_own_has_a_plan_without_a_line_of_python(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certify", "--vendor", "tickets", "--spec", str(tickets(tmp_path)), "--list"]) == 0
    listed = capsys.readouterr().out
    for name in ("answers.deleted", "answers.closed", "lost.reply_lost", "lost.hang", "races.two_runs"):
        assert f"tickets.{name} " in listed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x-client": {"task": "delete", "order": "nr"}}, "deleteTicket has no parameter 'nr'"),
        ({"x-client": {"task": "delete"}}, '"order" is a required property'),
        ({"x-client": {"task": "remove", "order": "id"}}, "remove"),
        (
            {"responses": {"303": {"description": "See."}, "404": {"description": "None."}}},
            "deleteTicket has no success",
        ),
    ],
)
def test_wrong_advice_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], words: str
) -> None:
    folder = tickets(tmp_path, **changes)
    assert main(["check", str(folder)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert f"{folder / 'tickets.yaml'}:" in said
