"""The fuzzing finds what is broken: each variant of the server is caught by the check that is meant for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support import ROOT, broken


def fuzz(url: str, document: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "schemathesis.toml"), "run"]
    options = [
        "--no-color",
        "--seed",
        "1",
        "--max-examples",
        "100",
        "--phases",
        "examples,coverage,fuzzing",
    ]
    done = subprocess.run(
        [*command, f"{url}/_rescind/specs/{document}.yaml", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("variant", "document", "finding"),
    [
        ("undocumented_status", "alephee", "ST103 Undocumented status code"),
        ("broken_schema", "alephee", "Response violates schema"),
        ("missing_header", "alephee", "ST107 Missing required response headers"),
        ("ignored_authentication", "ecommerce", "API accepts requests without authentication"),
        ("missing_allow", "alephee", "ST204 Wrong response to undeclared method"),
    ],
)
def test_broken_variant_is_found(variant: str, document: str, finding: str) -> None:
    with broken(variant) as url:
        code, report = fuzz(url, document)
    assert code == 1, report
    assert finding in report, report


@pytest.mark.parametrize("document", ["alephee", "ecommerce"])
def test_whole_server_passes_the_same_run(document: str) -> None:
    with broken("not at all") as url:
        code, report = fuzz(url, document)
    assert code == 0, report
