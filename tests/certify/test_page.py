"""docs/certify.md is true: its client, its command and its tables."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import docs
import pytest
import real
from test_plan import ENGINE

from rescind.certify.advice import client_contract

PAGE = docs.PAGE.read_text()
PART = re.compile(r"<!-- certify: (.*?) -->\n```\w+\n(.*?)```", re.DOTALL)


def run(folder: Path, command: str) -> str:
    words = shlex.split(command)
    assert words[0] == "rescind"
    words[words.index("python")] = sys.executable
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False, cwd=folder)
    return done.stdout + done.stderr


def test_client_of_the_page_gets_the_verdict_of_the_page(tmp_path: Path) -> None:
    parts = dict(PART.findall(PAGE))
    (tmp_path / "client.py").write_text(parts["client.py"])
    assert parts["client.py"].count("\n") <= 20
    printed = run(tmp_path, parts["command"])
    assert printed.endswith(parts["verdict"]), printed
    assert "\nSHOULD 1 in " in printed
    assert "\nSHOULD 3 in " in printed


def test_mistake_that_the_page_suggests_is_found(tmp_path: Path) -> None:
    parts = dict(PART.findall(PAGE))
    (tmp_path / "client.py").write_text(
        parts["client.py"].replace("sys.exit(75)  # unknown: the", "sys.exit(3)  # unknown: the")
    )
    printed = run(tmp_path, parts["command"].replace(" -- ", " --only lost.reply_lost -- "))
    assert "happened: claimed `refused`, and call 1 of the client deleted order 72001" in printed
    assert "verdict: not certified" in printed


def test_table_of_requirements_is_current() -> None:
    assert PAGE.partition(docs.BEGIN)[2].partition(docs.END)[0] == docs.table()


@pytest.mark.parametrize("vendor", ["alephee", "ecommerce", "exsited", "rxuniverse"])
def test_table_of_placeholders_is_current(vendor: str) -> None:
    contract = client_contract(ENGINE.vendors[vendor])
    assert contract
    (row,) = re.findall(rf"^\| {vendor} \| (.*?) \|", PAGE.partition("| vendor | placeholders |")[2], re.MULTILINE)
    assert {name.strip("`{}") for name in row.split()} == {"base_url", *contract.gives}


@pytest.mark.slow
def test_table_of_real_clients_is_what_they_are_told() -> None:
    """One column: the whole table takes five minutes, see ``real.py``."""
    shown = PAGE.partition(real.BEGIN)[2].partition(real.END)[0]
    column = [line.split("|")[-2] for line in shown.splitlines()]
    assert [line.split("|")[-2] for line in real.table(("rxuniverse",)).splitlines()] == column
