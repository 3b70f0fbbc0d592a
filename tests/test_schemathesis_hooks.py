"""The hooks for Schemathesis: silent on the sandbox, loud on each variant that is broken in the way they look for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from support import ROOT, Server, broken

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS = "double_delete,foreign_delete,query_keyed_use_after_free"


def run(document: str, *options: str, **environment: str) -> tuple[int, str]:
    """Run with the configuration that comes with Rescind, without its credentials: the hooks find those themselves."""
    text = re.sub(r"^auth\..*\n", "", (ROOT / "schemathesis.toml").read_text(), flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(text)
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", document]
        command += ["--no-color", "--seed", "1", "--max-examples", "40", *options]
        variables = {**os.environ, "SCHEMATHESIS_HOOKS": "rescind.schemathesis", **environment}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=variables)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("vendor", ["alephee", "ecommerce", "rxuniverse"])
def test_sandbox_passes_with_all_checks_and_without_any_setup(server: Server, vendor: str) -> None:
    before = len(httpx.get(f"{server.url}/_rescind/sandboxes").json()["sandboxes"])
    code, report = run(f"{server.url}/_rescind/specs/{vendor}.yaml")
    assert code == 0, report
    assert len(httpx.get(f"{server.url}/_rescind/sandboxes").json()["sandboxes"]) > before + 40


@pytest.mark.parametrize(
    ("variant", "vendor", "title", "words"),
    [
        ("forgotten_deletions", "alephee", "A deleted order can be deleted again", "The same deletion was sent again"),
        ("forgotten_deletions", "exsited", "A deleted order can be deleted again", "The same deletion was sent again"),
        ("ignored_authentication", "ecommerce", "Another customer's order was deleted", "was answered with 204"),
        ("deletions_by_query", "alephee", "A deleted order can be deleted again", "with its query in another order"),
        ("undocumented_status", "exsited", "A deleted order is not answered as documented", "was answered with 418"),
    ],
)
def test_broken_variant_is_found(variant: str, vendor: str, title: str, words: str) -> None:
    with broken(variant) as url:
        code, report = run(f"{url}/_rescind/specs/{vendor}.yaml", "--checks", CHECKS, "--phases", "examples,fuzzing")
    assert code == 1, report
    assert title in report, report
    assert words in " ".join(report.split()), report


class Vendor(BaseHTTPRequestHandler):
    """A vendor that is no sandbox: order 7 is another customer's, and whoever has the key deletes any order once."""

    deleted: set[str] = set()  # noqa: RUF012 - shared by the requests of one server
    seen: list[str] = []  # noqa: RUF012
    guards_foreign_orders = True

    def do_GET(self) -> None:
        self.answer(404)

    def do_DELETE(self) -> None:
        self.seen.append(self.path)
        order = self.path.partition("orderId=")[2].partition("&")[0]
        if "API_KEY=own-key" not in self.path:
            self.answer(401)
        elif order == "7" and self.guards_foreign_orders:
            self.answer(404)
        elif order in self.deleted:
            self.answer(304)
        else:
            self.deleted.add(order)
            self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[str]:
    Vendor.deleted, Vendor.seen, Vendor.guards_foreign_orders = set(), [], True
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_real_vendor_is_not_called_without_a_credential_of_its_own(vendor: str) -> None:
    code, report = run(str(ROOT / "spec" / "alephee.yaml"), "--url", vendor, "--checks", CHECKS)
    assert code != 0
    assert "RESCIND_CREDENTIAL" in report, report
    assert Vendor.seen == []


@pytest.mark.parametrize("guards", [True, False])
def test_real_vendor_is_checked_with_the_credential_of_the_environment(vendor: str, guards: bool) -> None:
    Vendor.guards_foreign_orders = guards
    environment = {"RESCIND_CREDENTIAL": "own-key", "RESCIND_FOREIGN_ORDER": "7"}
    options = ("--url", vendor, "--checks", CHECKS, "--phases", "fuzzing", "--include-method", "DELETE")
    code, report = run(str(ROOT / "spec" / "alephee.yaml"), *options, **environment)
    assert Vendor.deleted - {"7"}
    assert [path for path in Vendor.seen if "orderId=7&" in path or path.endswith("orderId=7")]
    assert ("Another customer's order was deleted" in report) is not guards, report
    assert "X-Rescind-Sandbox" not in report
    assert guards or code == 1
