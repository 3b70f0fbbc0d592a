"""RxUniverse's rules, line by line of vendors.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import World, both_doors, header, outcome

pytestmark = both_doors

ORDERS = "/api/v2/orders/"


def settings(world: World, **changes: Any) -> None:
    reply = world.call(
        "PATCH", "/_rescind/state/rxuniverse/settings", json.dumps(changes).encode(), content_type="application/json"
    )
    assert reply.status == 200


@pytest.mark.parametrize("identifier", ["72544", "337178", "Example"])
def test_documented_order_is_found_by_each_of_its_numbers(world: World, identifier: str) -> None:
    reply = world.call("DELETE", ORDERS + identifier)
    assert reply.status == 200
    body = json.loads(reply.body)
    assert body == {"orderNumber": "72544", "trayNumber": "337178", "poNumber": "Example", "message": ""}


def test_cancelled_order_is_flagged_and_not_removed(world: World) -> None:
    assert world.outcome("DELETE", ORDERS + "72544") == "cancelled"
    assert world.outcome("DELETE", ORDERS + "72544") == "already_cancelled"
    status = world.call("GET", ORDERS + "72544/status")
    assert (status.status, json.loads(status.body)) == (200, {"error": "Order marked for cancelation", "details": []})
    record = json.loads(world.call("GET", "/_rescind/state/rxuniverse/orders/72544").body)
    assert record["flagged"] == "2026-11-18T11:06:40Z"


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("72530", True),  # complete, by its number
        ("337150", False),  # complete, by its tray
        ("PO-4690", True),  # complete, by its purchase order
        ("PO-SHARED", False),
        ("9999999", False),
        ("..", False),
        ("%00", False),
        ("%2F", False),
        ("%FF", False),
        ("72544%20", False),
        ("x" * 9000, False),
    ],
)
def test_tray_and_purchase_order_numbers_find_only_what_is_documented(
    world: World, identifier: str, found: bool
) -> None:
    assert world.outcome("GET", f"{ORDERS}{identifier}/status") == ("status" if found else "not_found")


def test_order_number_goes_before_tray_and_purchase_order_number(world: World) -> None:
    for identifier, numbers in {
        "A": {},
        "B": {"trayNumber": "A"},
        "C": {"poNumber": "A"},
        "D": {"poNumber": "B"},
    }.items():
        world.call(
            "PUT",
            f"/_rescind/state/rxuniverse/orders/{identifier}",
            json.dumps(numbers).encode(),
            content_type="application/json",
        )

    def number(identifier: str) -> str:
        return str(json.loads(world.call("GET", f"{ORDERS}{identifier}/status").body)["orderNumber"])

    assert number("A") == "A"
    world.call("DELETE", "/_rescind/state/rxuniverse/orders/A")
    assert number("A") == "B"
    world.call("DELETE", "/_rescind/state/rxuniverse/orders/B")
    assert number("A") == "C"
    assert number("B") == "D"


def test_not_found_repeats_the_identifier_as_it_was_given(world: World) -> None:
    reply = world.call("DELETE", ORDERS + "caf%C3%A9")
    assert json.loads(reply.body) == {"error": "No record found", "details": ["Provided: café"]}


@pytest.mark.parametrize(
    ("reasons", "query", "expected"),
    [
        ({}, "", "delete_reasons_empty"),
        ({}, "?deleteReason=10", "delete_reasons_empty"),
        ({"10": "x"}, "", "delete_reason_missing"),
        ({"10": "x"}, "?deleteReason=", "delete_reason_missing"),
        ({"10": "x"}, "?deleteReason=9999", "delete_reason_invalid"),
        ({"10": "x"}, "?deleteReason=10", "cancelled"),
        ({"10": "x"}, "?deleteReason=10&deleteReason=9", "cancelled"),
        ({"10": "x"}, "?deleteReason=%FF", "delete_reason_invalid"),
    ],
)
def test_required_reason(world: World, reasons: dict[str, str], query: str, expected: str) -> None:
    settings(world, enter_reason_code_when_deleting_order=True, delete_reasons=reasons)
    assert world.outcome("DELETE", f"{ORDERS}72544{query}") == expected


@pytest.mark.parametrize("query", ["deleteReason=nonsense", "deleteReason=10&deleteReason=10", "deleteReason=%FF"])
def test_reason_that_is_not_required_is_ignored_with_a_note(world: World, query: str) -> None:
    reply = world.call("DELETE", f"{ORDERS}72544?{query}")
    assert "ignored" in json.loads(reply.body)["message"]
    assert world.outcome("DELETE", f"{ORDERS}nothing?{query}") == "not_found"


def test_magic_order_answers_with_its_own_numbers(world: World) -> None:
    reply = json.loads(world.call("DELETE", ORDERS + "CANCEL-ME").body)
    assert (reply["orderNumber"], reply["trayNumber"]) == ("CANCEL-ME", "900007")


def test_refusals_come_in_the_documented_order(world: World) -> None:
    settings(world, job_tracker_installed=False, enter_reason_code_when_deleting_order=True, delete_reasons={})
    met = [world.outcome("DELETE", ORDERS + "nothing"), world.outcome("DELETE", ORDERS + "72547")]
    settings(world, job_tracker_installed=True)
    met.append(world.outcome("DELETE", ORDERS + "72547"))
    settings(world, delete_reasons={"10": "x"})
    met.append(world.outcome("DELETE", ORDERS + "72547"))
    met.append(world.outcome("DELETE", ORDERS + "72547?deleteReason=4"))
    met.append(world.outcome("DELETE", ORDERS + "72547?deleteReason=10"))
    assert met == [
        "not_found",
        "job_tracker_missing",
        "delete_reasons_empty",
        "delete_reason_missing",
        "delete_reason_invalid",
        "non_cancel_station",
    ]


def test_status_of_an_order_on_hold(world: World) -> None:
    assert json.loads(world.call("GET", ORDERS + "72546/status").body) == {
        "orderNumber": "72546",
        "trayNumber": "337180",
        "poNumber": "PO-4712",
        "calculationDesc": "Both eyes calculated",
        "currentStation": "12",
        "currentStationCustomerDesc": "In production",
        "currentStationDateTime": None,
        "currentStationDesc": "Surfacing",
        "status": "W",
        "statusDesc": "On Hold",
        "onHold": True,
        "unvalidMessage": "",
        "rtCalculated": True,
        "ltCalculated": True,
    }


def test_complete_order_is_refused_with_the_text_of_a_cancelled_one(world: World) -> None:
    complete, cancelled = world.call("DELETE", ORDERS + "72530"), world.call("DELETE", ORDERS + "CANCELLED")
    assert (outcome(complete), outcome(cancelled)) == ("already_completed", "already_cancelled")
    assert (complete.status, complete.body) == (cancelled.status, cancelled.body)


@pytest.mark.parametrize(
    ("query", "media_type", "body", "expected"),
    [
        ("?deleteReason=10", "", b"", "cancelled"),
        ("", "application/json", b'{"deleteReason": "10"}', "cancelled"),
        ("", "application/x-www-form-urlencoded", b"deleteReason=10", "cancelled"),
        ("", "application/json", b'{"deleteReason": "11"}', "delete_reason_invalid"),
        ("?deleteReason=10", "application/json", b'{"deleteReason": "11"}', "cancelled"),
        ("", "application/json", b"{}", "delete_reason_missing"),
        ("", "application/json", b'{"deleteReason": 10}', "invalid_delete_reason"),
        ("", "application/json", b"{", "invalid_delete_reason"),
        ("", "application/json", b"[1]", "invalid_delete_reason"),
        ("", "application/x-www-form-urlencoded", b"\xff", "invalid_delete_reason"),
        ("", "text/plain", b"deleteReason=10", "delete_reason_missing"),
    ],
)
def test_reason_may_stand_in_the_query_a_form_or_json(
    world: World, query: str, media_type: str, body: bytes, expected: str
) -> None:
    settings(world, enter_reason_code_when_deleting_order=True)
    headers = {"Content-Type": media_type} if media_type else {}
    reply = world.call("DELETE", f"{ORDERS}72544{query}", body, **headers)
    assert outcome(reply) == expected
    if expected == "delete_reason_invalid":
        assert json.loads(reply.body)["details"] == ["Provided: 11"]


def check_in(world: World, order: str, station: str) -> Any:
    body = json.dumps({"order": order, "station": station}).encode()
    return json.loads(world.call("POST", "/api/jt/checkin", body, content_type="application/json").body)


def test_check_in_moves_an_order_past_a_non_cancel_station(world: World) -> None:
    assert check_in(world, "72544", "90") == {"input-job": "72544", "input-station": "90", "result": "successful"}
    status = json.loads(world.call("GET", ORDERS + "72544/status").body)
    assert (status["currentStation"], status["currentStationDateTime"]) == ("90", "2026-11-18T11:06:40.000Z")
    assert world.outcome("DELETE", ORDERS + "72544") == "non_cancel_station"
    assert check_in(world, "72544", "99")["result"] == "invalid station"
    assert check_in(world, "1", "90")["result"] == "order not found"


def test_completed_order_cannot_be_cancelled_or_completed_again(world: World) -> None:
    reply = world.call("POST", ORDERS + "72544/complete")
    assert (reply.status, json.loads(reply.body)) == (201, {"orderNumber": "72544", "message": "Successful"})
    assert world.outcome("DELETE", ORDERS + "72544") == "already_completed"
    again = world.call("POST", ORDERS + "72544/complete")
    assert json.loads(again.body)["details"] == ["Error Code: 04", "Error Message: Order already completed"]


def test_other_methods_and_paths_are_refused_in_the_vendors_shape(world: World) -> None:
    for method, path, status in (("PATCH", "72544", 405), ("GET", "72544/frames", 404)):
        reply = world.call(method, ORDERS + path)
        assert reply.status == status
        assert json.loads(reply.body).keys() == {"error", "details"}
    options = world.call("OPTIONS", ORDERS + "72544")
    assert (options.status, header(options, "Allow")) == (204, "DELETE, GET, HEAD")


def test_order_is_read_with_its_status_and_more(world: World) -> None:
    status = json.loads(world.call("GET", ORDERS + "72544/status").body)
    order = json.loads(world.call("GET", ORDERS + "Example").body)
    assert {name: order[name] for name in status} == status
    assert (order["customerNumber"], order["dateOrdered"], order["dateCompleted"]) == ("1001", "2026-10-30", None)
    world.call("POST", ORDERS + "72544/complete")
    assert json.loads(world.call("GET", ORDERS + "72544").body)["dateCompleted"] == "2026-11-18"


def test_cancelled_order_is_read_as_marked(world: World) -> None:
    world.call("DELETE", ORDERS + "72544")
    for path in ("72544", "72544/status"):
        reply = world.call("GET", ORDERS + path)
        assert (reply.status, json.loads(reply.body)["error"]) == (200, "Order marked for cancelation")


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v2/orders"), ("GET", ORDERS + "72544/extra_info")])
def test_what_the_vendor_has_and_the_sandbox_has_not_is_501(world: World, method: str, path: str) -> None:
    assert world.call(method, path).status == 501
