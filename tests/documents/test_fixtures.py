"""Fixtures: every slip of the pen is found, with its place and the remedy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from rescind.documents import shipped
from rescind.errors import DocumentError
from rescind.rules.loading import load_vendors

if TYPE_CHECKING:
    from pathlib import Path


def refusal(folder: Path, vendor: str, old: str, new: str) -> str:
    text = (shipped.FIXTURE_DIR / f"{vendor}.yaml").read_text()
    assert old in text
    (folder / f"{vendor}.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(DocumentError) as caught:
        load_vendors([shipped.SPEC_DIR], [folder], [vendor])
    return str(caught.value)


def place(file: Path, marker: str) -> str:
    """Line and column of the first occurrence of a text."""
    before = file.read_text().partition(marker)[0]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(
    ("vendor", "old", "new", "where", "what", "remedy"),
    [
        ("alephee", "product: MUG-BLUE, quantity: 5", "product: MUG-BLEU, quantity: 5", "product: MUG-BLEU",
         "products has no 'MUG-BLEU'", "name a record that this fixture has"),
        ("alephee", "quantity: 5", "quantity: five", "quantity: five", "Not a valid integer. (found 'five')", "correct"),
        ("alephee", "quantity: 5", "quantity: -5", "quantity: -5", "Must be greater than or equal to 1 and less", "correct"),
        ("alephee", "quantity: 5", "quantity: 5, colour: red", "colour", "Unknown field.", "fields here are: product"),
        ("alephee", "  72001:\n    account: 1001", "  72001:\n    acount: 1001", "acount", "Unknown field.", "account"),
        ("alephee", "products:", "produkts:", "produkts", "unknown collection 'produkts'", "products"),
        ("alephee", "{accounts: [1001, 1002]}", "[1001]", "demo-key", "Invalid input type. (found [1001])", "correct"),
        ("alephee", "magic: already_deleted", "magic: alredy_deleted", "magic: alredy", "no operation has an outcome 'alredy", "already"),
        ("alephee", "requests_per_minute: 120", "requests_per_minute: 0", "requests_per_minute: 0", "greater than or equal to 1", "correct"),
        ("alephee", "missing_api_key:", "missing_key:", "missing_key", "deleteOrder has no outcome 'missing_key'", "missing_api_key"),
        ("alephee", "{API_KEY: nobodys-key}", "{API_KY: nobodys-key}", "API_KY", "deleteOrder has no parameter 'API_KY'", "API_KEY"),
        ("alephee", "ways:\n  deleteOrder:", "ways:\n  delete:", "delete:", "unknown operation 'delete'", "deleteOrder"),
        ("rxuniverse", "status: P,", "status: Q,", "status: Q", "statuses has no 'Q'", "name a record"),
        ("rxuniverse", '["10", "12"]}', '["10", "13"]}', '"13"', "stations has no '13'", "name a record"),
        ("rxuniverse", '"2026-11-01T12:00:03Z"', "yesterday", "flagged: yesterday", "invalid time 'yesterday': write 2026-", "correct"),
        ("rxuniverse", "operation: cancelOrder", "operation: cancel", "operation: cancel", "unknown operation 'cancel'", "cancelOrder"),
        ("exsited", "expires: now-1h", "expires: now-1y", "expires: now-1y", "invalid time 'now-1y'", "correct"),
        ("ecommerce", '"79.99"', "79.99", "unit_price: 79.99", "Not a valid string. (found 79.99)", "correct"),
        ("ecommerce", '"79.99"', '"79.9"', 'unit_price: "79.9"', "Write an amount as text", "correct"),
        ("ecommerce", "is_refresh: true", "is_refresh: maybe", "is_refresh: maybe", "Not a valid boolean", "correct"),
    ],
)  # fmt: skip
def test_typo_is_refused_with_place_and_remedy(
    tmp_path: Path, vendor: str, old: str, new: str, where: str, what: str, remedy: str
) -> None:
    message = refusal(tmp_path, vendor, old, new)
    assert f"{vendor}.yaml:{place(tmp_path / f'{vendor}.yaml', where)}:" in message
    assert what in message
    assert remedy in message.partition("remedy:")[2]


def test_all_findings_come_together(tmp_path: Path) -> None:
    message = refusal(tmp_path, "alephee", "orders:\n", "orders:\n  1: {account: x}\n  2: {}\n  3: 7\n")
    assert message.count("remedy:") >= 3


@pytest.mark.parametrize("content", ["- a", "just text", "42"])
def test_fixture_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "alephee.yaml").write_text(content)
    with pytest.raises(DocumentError, match="a fixture is a mapping"):
        load_vendors([shipped.SPEC_DIR], [tmp_path], ["alephee"])


def test_empty_fixture_is_an_empty_world(tmp_path: Path) -> None:
    (tmp_path / "alephee.yaml").write_text("")
    (vendor,) = load_vendors([shipped.SPEC_DIR], [tmp_path], ["alephee"])
    assert vendor.fixture.seeds.collections["orders"] == {}


def test_mount_puts_the_vendor_under_a_prefix(tmp_path: Path) -> None:
    shutil.copy(shipped.FIXTURE_DIR / "rxuniverse.yaml", tmp_path)
    with (tmp_path / "rxuniverse.yaml").open("a") as file:
        file.write("mount: /lab\n")
    (vendor,) = load_vendors([shipped.SPEC_DIR], [tmp_path], ["rxuniverse"])
    assert vendor.operations["cancelOrder"].path == "/lab/api/v2/orders/{orderIdentifier}"
