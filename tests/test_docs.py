"""What the README and the docs say is true: tables are current, commands and programs do what they say."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rescind
from rescind.coverage.catalogue import catalogue
from rescind.coverage.listing import as_markdown
from rescind.coverage.reports import BASE_URL
from rescind.documents import shipped
from rescind.rules.loading import load_vendors
from support import ROOT, serving
from wsgi_hosts import HOSTS

README, DOCS = ROOT / "README.md", ROOT / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
OUTCOMES, CI, DEPLOYMENT = DOCS / "outcomes.md", DOCS / "ci.md", DOCS / "deployment.md"
BEGIN, END = "<!-- outcomes: rescind outcomes --format markdown -->\n", "<!-- end of outcomes -->"
SESSION = re.compile(r"```console\n(.*?)```", re.DOTALL)
PROGRAM = re.compile(r"<!-- run -->\n```python\n(.*?)```", re.DOTALL)


def table() -> str:
    return as_markdown(catalogue(load_vendors([shipped.SPEC_DIR], [shipped.FIXTURE_DIR]))) + "\n"


def test_outcome_tables_are_current() -> None:
    """``python tests/test_docs.py`` writes them anew."""
    assert OUTCOMES.read_text().partition(BEGIN)[2].partition(END)[0] == table()


def sessions() -> list[list[tuple[str, str]]]:
    """The console sessions: commands, each with what it is said to print."""
    found = []
    for block in SESSION.findall(TEXT):
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
def test_console_session_prints_what_the_page_says(commands: list[tuple[str, str]], tmp_path: Path) -> None:
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
    """``python tests/test_docs.py`` writes them anew."""
    found = FILE.findall(CI.read_text())
    assert len(found) == 3
    for name, shown in found:
        assert shown == (ROOT / name).read_text()


def test_systemd_unit_passes_its_own_tool(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, of Debian's package systemd")
    unit = re.search(r"```ini\n(\[Unit\].*?)```", DEPLOYMENT.read_text(), re.DOTALL)
    assert unit is not None
    here = shlex.quote(str(Path(sys.executable).with_name("rescind")))
    path = tmp_path / "rescind.service"
    path.write_text(unit[1].replace("/opt/rescind/bin/rescind", here))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    mine = [line for line in (done.stdout + done.stderr).splitlines() if "rescind" in line]
    assert not mine, done.stderr
    assert "--workers 4 --store redis://" in unit[1]


@pytest.mark.parametrize("program", PROGRAM.findall(TEXT), ids=lambda program: program.splitlines()[-1].strip()[:50])
def test_program_of_a_page_runs(program: str, tmp_path: Path) -> None:
    """A program that defines tests is run by pytest."""
    path = tmp_path / "test_program.py"
    path.write_text(program)
    command = [sys.executable, str(path)]
    if "def test_" in program:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_example_of_the_readme_is_a_test_that_passes(tmp_path: Path) -> None:
    example = re.search(r"<!-- pytest -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert example is not None
    (tmp_path / "test_example.py").write_text(example[1])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout


OWN = re.compile(r"<!-- own: (.*?) -->\n```\w+\n(.*?)```", re.DOTALL)


def test_vendor_of_the_page_on_own_vendors_works(tmp_path: Path) -> None:
    files = OWN.findall((DOCS / "own-vendor.md").read_text())
    assert [name for name, _ in files] == ["specs/zoo.yaml", "specs/zoo.py", "fixtures/zoo.yaml"]
    for name, text in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    checked = [sys.executable, "-m", "rescind", "check", str(tmp_path / "specs"), str(tmp_path / "fixtures")]
    done = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    app = rescind.create_app(spec=tmp_path / "specs", fixtures=tmp_path / "fixtures", vendor="zoo")
    client, key = app.test_client(), {"X-Key": "demo-key"}
    met = [client.delete(f"/animals/{number}", headers=key) for number in ("7", "7", "8", "409", "409", "x")]
    assert [reply.status_code for reply in met] == [200, 404, 409, 409, 409, 404]
    assert met[0].get_json() == {"name": "Rex"}
    assert client.delete("/animals/8").headers["X-Rescind-Outcome"] == "zoo.releaseAnimal.no_key"


def test_pages_can_be_read_in_one_sitting_and_link_to_what_exists() -> None:
    assert README.read_text().count("\n") <= 200
    for page in PAGES:
        text = page.read_text()
        assert text.count("\n") < 250 or page == OUTCOMES, page.name  # a list to look things up in
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_commands_of_wsgi_hosts_are_those_that_the_tests_of_the_hosts_run() -> None:
    for command in (
        "flask --app rescind run",
        "gunicorn --threads 8 'rescind:create_app()'",
        "waitress-serve --call rescind:create_app",
    ):
        assert f"\n{command}\n" in DEPLOYMENT.read_text()
        tested = [" ".join(arguments) for arguments in HOSTS.values()]
        name, *words = shlex.split(command)
        assert any(one.startswith(name) and all(word in one.split(" ") for word in words) for one in tested), command


if __name__ == "__main__":
    before, _, rest = OUTCOMES.read_text().partition(BEGIN)
    OUTCOMES.write_text(before + BEGIN + table() + END + rest.partition(END)[2])
    text = CI.read_text()
    for name, old in FILE.findall(text):
        text = text.replace(old, (ROOT / name).read_text())
    CI.write_text(text)
