"""The examples in other languages run, and notice when the sandbox answers differently."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import ROOT, Server

EXAMPLES = ROOT / "tests" / "examples"
COMMANDS = {
    "shell": ["bash", str(EXAMPLES / "shell" / "test.sh")],
    "node": ["node", "--test", str(EXAMPLES / "node") + "/"],
}


def run(language: str, url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RESCIND_URL": url}
    return subprocess.run(COMMANDS[language], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("language", COMMANDS)
def test_example_passes(server: Server, language: str) -> None:
    done = run(language, server.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok") > 5


@pytest.mark.parametrize("language", COMMANDS)
def test_example_fails_where_there_is_no_sandbox(language: str) -> None:
    assert run(language, "http://127.0.0.1:1").returncode != 0


def test_shell_example_notices_a_verification_that_fails(server: Server, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "shell", tmp_path / "shell")
    script = tmp_path / "shell" / "test.sh"
    script.write_text(script.read_text().replace('"count": 3', '"count": 4'))
    done = subprocess.run(["bash", str(script), server.url], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "not ok: it was tried three times" in done.stdout
