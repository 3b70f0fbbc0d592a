"""What the README says is true: its tables are current, and its commands do what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rescind.coverage.catalogue import catalogue
from rescind.coverage.listing import as_markdown
from rescind.coverage.reports import BASE_URL
from rescind.documents import shipped
from rescind.rules.loading import load_vendors
from support import ROOT, serving

README = ROOT / "README.md"
BEGIN, END = "<!-- outcomes: rescind outcomes --format markdown -->\n", "<!-- end of outcomes -->"
SESSION = re.compile(r"```console\n(.*?)```", re.DOTALL)


def table() -> str:
    return as_markdown(catalogue(load_vendors([shipped.SPEC_DIR], [shipped.FIXTURE_DIR]))) + "\n"


def test_outcome_tables_are_current() -> None:
    """``python tests/test_readme.py`` writes them anew."""
    assert README.read_text().partition(BEGIN)[2].partition(END)[0] == table()


def sessions() -> list[list[tuple[str, str]]]:
    """The console sessions of the README: commands, each with what it is said to print."""
    found = []
    for block in SESSION.findall(README.read_text()):
        commands: list[tuple[str, str]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], ""))
            else:
                command, printed = commands[-1]
                commands[-1] = (command, f"{printed}{line}\n")
        found.append(commands)
    return found


@pytest.mark.parametrize("commands", sessions(), ids=lambda commands: commands[0][0][:60])
def test_console_session_prints_what_the_readme_says(commands: list[tuple[str, str]], tmp_path: Path) -> None:
    with serving() as server:
        for command, expected in commands:
            local = (
                command.replace(BASE_URL, server.url).replace(
                    "rescind ", f"{shlex.quote(sys.executable)} -m rescind ", 1
                )
                if command.startswith("rescind ")
                else command.replace(BASE_URL, server.url)
            )
            done = subprocess.run(
                local, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path, executable="/bin/bash"
            )
            printed = (done.stdout + done.stderr).replace("\r", "").replace(server.url, BASE_URL)
            assert [line.rstrip() for line in printed.splitlines() if line.strip()] == [
                line.rstrip() for line in expected.splitlines() if line.strip()
            ], command


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("serve", "test"):
        assert f"\nmake {target}" in README.read_text()
        assert f"\n{target}: .venv/" in makefile


FILE = re.compile(r"<!-- file: (.*?) -->\n```\w+\n(.*?)```", re.DOTALL)


def test_files_of_the_example_are_those_that_the_tests_run() -> None:
    """``python tests/test_readme.py`` writes them anew."""
    found = FILE.findall(README.read_text())
    assert len(found) == 3
    for name, shown in found:
        assert shown == (ROOT / name).read_text()


def test_systemd_unit_passes_its_own_tool(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, of Debian's package systemd")
    unit = re.search(r"```ini\n(\[Unit\].*?)```", README.read_text(), re.DOTALL)
    assert unit is not None
    here = shlex.quote(str(Path(sys.executable).with_name("rescind")))
    path = tmp_path / "rescind.service"
    path.write_text(unit[1].replace("/opt/rescind/bin/rescind", here))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    mine = [line for line in (done.stdout + done.stderr).splitlines() if "rescind" in line]
    assert not mine, done.stderr
    assert "--workers 4 --store redis://" in unit[1]


if __name__ == "__main__":
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    text = before + BEGIN + table() + END + rest.partition(END)[2]
    for name, shown in FILE.findall(text):
        block = text[text.index(f"<!-- file: {name} -->") :]
        fence = block[block.index("```") : block.index("\n", block.index("```")) + 1]
        old, new = (
            f"<!-- file: {name} -->\n{fence}{shown}```",
            f"<!-- file: {name} -->\n{fence}{(ROOT / name).read_text()}```",
        )
        text = text.replace(old, new)
    README.write_text(text)
