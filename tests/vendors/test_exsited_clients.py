"""The vendor's own clients, as PyPI has them: each is installed into an environment of its own, and used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

PROGRAMS = Path(__file__).parent / "exsited_clients"
GONE = {"message": "Something went wrong!", "errors": ["Order ORD-10001 does not exist."],
        "raw": {"errors": [{"code": 404, "message": "Order ORD-10001 does not exist."}]}}  # fmt: skip
DELETED = {"success": True, "status_code": 204}


def python_with(version: str) -> Path:
    """The interpreter of an environment with this version of the package, which the first test makes."""
    home = Path(sys.prefix) / "exsited-clients" / version
    if not home.exists():
        new = home.with_name(f"{version}-{uuid4()}")
        subprocess.run([sys.executable, "-m", "venv", str(new)], check=True)
        options = ["--quiet", "--disable-pip-version-check", f"exsited=={version}"]
        subprocess.run([str(new / "bin" / "python"), "-m", "pip", "install", *options], check=True)
        try:
            new.rename(home)
        except OSError:  # another process was faster
            shutil.rmtree(new)
    return home / "bin" / "python"


def run(version: str, program: str, *arguments: str) -> Any:
    """What the program met. It must end by itself, and well."""
    command = [str(python_with(version)), str(PROGRAMS / program), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("version", ["1.0.20", "1.0.40"])
@pytest.mark.parametrize("end", ["", "/"], ids=["plain", "with-slash"])
def test_version_1_deletes_and_renews_an_expired_token(sandbox: str, version: str, end: str) -> None:
    met = run(version, "sdk_1.py", sandbox + end, "")
    assert met == {"deleted": DELETED, "again": GONE, "after its token expired": DELETED}


def test_version_1_renews_the_token_of_its_file(sandbox: str, tmp_path: Path) -> None:
    met = run("1.0.40", "sdk_1.py", sandbox, str(tmp_path / "token.json"))
    assert met == {"deleted": DELETED, "again": GONE, "after its token expired": DELETED}


def test_version_1_creates_lists_cancels_and_reads(sandbox: str) -> None:
    met = run("1.0.40", "sdk_1_orders.py", sandbox)
    assert met.pop("read again")["raw"]["errors"][0]["code"] == 404
    assert met == {
        "total": "360.00", "quantity": "3", "page": [2, 4, "NULL"], "listed": True, "last page": "NULL",
        "cancelled": ["CANCELLED", True], "read": [True, "CANCELLED", "ACC-1001", "AUD"], "deleted": DELETED,
    }  # fmt: skip


def test_version_4_deletes_refreshes_and_is_redirected(sandbox: str) -> None:
    met = run("4.0.2", "sdk_4.py", sandbox)
    assert "check client_id, client_secret" in met.pop("wrong secret")
    assert met == {
        "deleted": 204, "again": [404, "not_found"], "listed": ["ORD-10002", "ORD-10003"],
        "after its token expired": 204,
    }  # fmt: skip
