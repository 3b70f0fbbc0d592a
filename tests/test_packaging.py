"""What ships: the wheel in a stranger's project, the image, the Compose file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from redis_servers import wait_until
from support import ROOT

EXAMPLE = ROOT / "tests" / "examples" / "python"
NEEDS_ENGINE = "needs a running Docker engine, which build machines here do not have"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    return next(folder.glob("rescind-*.whl"))


def ci_lines(system: str) -> list[str]:
    """The shell lines of the snippet in the docs for a build server."""
    block = re.search(rf"<!-- ci: {system} -->\n```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
    assert block is not None
    return re.findall(r"- (?:run: )?((?:pip|pytest) .*)", block[1])


def test_build_servers_run_the_lines_that_this_test_runs() -> None:
    assert len(ci_lines("github")) == 2
    assert ci_lines("github") == ci_lines("gitlab")
    assert ci_lines("github")[1] == "pytest -n 2 --rescind-fail-under=60"


def pip(python: str, *arguments: str) -> None:
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_wheel_has_documents_fixtures_and_all_that_is_no_python(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {
        "rescind/data/spec/alephee.yaml",
        "rescind/data/spec/control.yaml",
        "rescind/data/fixtures/exsited.yaml",
        "rescind/store/commit.lua",
        "rescind/web/templates/coverage.html",
    } <= names
    assert "rescind = rescind.pytest_plugin" in next(
        ZipFile(wheel).read(name).decode() for name in names if name.endswith("entry_points.txt")
    )


def test_strangers_project_passes_at_60_percent_and_fails_at_100_with_what_it_missed(
    wheel: Path, tmp_path: Path
) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "project")
    venv.create(tmp_path / "own", with_pip=True)
    python = str(tmp_path / "own" / "bin" / "python")
    install, test = ci_lines("github")
    pip(python, *install.replace("rescind", str(wheel)).split()[1:])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "RESCIND"))}

    def run(percent: int) -> subprocess.CompletedProcess[str]:
        command = [python, "-m", *test.replace("=60", f"={percent}").split()]
        folder = tmp_path / "project"
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    enough, short = run(60), run(100)
    assert enough.returncode == 0, enough.stdout + enough.stderr
    assert "10 passed" in enough.stdout
    assert short.returncode == 1
    assert "expected 100%; never met:" in short.stdout
    assert "alephee.deleteOrder.server_error\n    curl -i -X DELETE" in short.stdout
    assert "alephee.deleteOrder.forbidden" not in short.stdout


def test_dockerfile_passes_its_linter() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_file_passes_its_linter(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which brings the linter")
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "dclint"], cwd=tmp_path, check=True)
    linter = tmp_path / "node_modules" / ".bin" / "dclint"
    done = subprocess.run([linter, ROOT / "compose.yaml"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_image_builds_and_is_healthy() -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip(NEEDS_ENGINE)
    subprocess.run(["docker", "build", "--quiet", "--tag", "rescind-test", str(ROOT)], check=True)
    run = [
        "docker",
        "run",
        "--rm",
        "--detach",
        "--publish",
        "127.0.0.1::8080",
        "--env",
        "RESCIND_CONTROL_TOKEN=t",
        "rescind-test",
    ]
    container = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    try:
        health = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
        wait_until(
            lambda: subprocess.run(health, capture_output=True, text=True, check=True).stdout.strip() == "healthy"
        )
        port = ["docker", "port", container, "8080"]
        address = subprocess.run(port, capture_output=True, text=True, check=True).stdout.strip()
        assert httpx.delete(f"http://{address}/api/v2/orders/72544").status_code == 200
        assert httpx.get(f"http://{address}/_rescind/health").status_code == 401
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=True)
