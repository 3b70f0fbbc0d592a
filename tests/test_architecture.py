"""The house keeps its own rules: imports point one way, and each library and each name has its room."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "rescind"
MODULES = sorted(SOURCE.rglob("*.py"))
VENDORS = ("alephee", "rxuniverse", "exsited", "ecommerce", "django")

# What each room may import, besides itself. A room is a folder, or a module beside the folders.
FOUNDATION = {"model", "errors"}
MAY_IMPORT = {
    "model": set(),
    "errors": {"model"},
    "documents": FOUNDATION,
    "contract": {*FOUNDATION, "documents"},
    "store": FOUNDATION,
    "settings": {*FOUNDATION, "store"},
    "rules": {*FOUNDATION, "documents", "contract", "store"},
    "vendors": {*FOUNDATION, "documents", "contract", "rules"},
    "control": {*FOUNDATION, "documents", "contract", "store", "rules"},
    "coverage": {*FOUNDATION, "documents", "contract", "store", "rules", "control"},
    "stages": {*FOUNDATION, "contract", "rules", "control"},
    "engine": {*FOUNDATION, "contract", "store", "rules", "control", "coverage", "stages"},
    "assembly": {*FOUNDATION, "documents", "store", "settings", "rules", "control", "engine"},
    "server": {*FOUNDATION, "contract", "store", "settings", "control", "assembly"},
    "certify": {*FOUNDATION, "documents", "contract", "store", "rules", "control", "coverage", "engine"},
    "web": {*FOUNDATION, "documents", "contract", "store", "settings", "rules", "control", "coverage", "engine",
            "assembly", "server", "certify"},
    "testing": {*FOUNDATION, "documents", "settings", "rules", "control", "coverage", "assembly", "server", "certify",
                "web"},
    "pytest_certify": {*FOUNDATION, "testing", "pytest_plugin"},
    "pytest_plugin": {*FOUNDATION, "settings", "coverage", "testing"},
    "schemathesis": {*FOUNDATION, "settings", "testing"},
    "cli": {*FOUNDATION, "documents", "settings", "rules", "coverage", "engine", "assembly", "server", "web",
            "testing"},
    "__main__": {"cli"},
    "__init__": {"testing", "web"},
}  # fmt: skip
HOME = {
    "flask": {"web"},
    "werkzeug": {"web", "contract/received"},  # its parser of cookies
    "click": {"cli", "settings"},
    "asyncio": {"server"},
    "uvloop": {"server"},
    "redis": {"store"},
    "yaml": {"documents"},
    "marshmallow": {"documents", "control", "vendors", "certify"},
    "jsonschema_rs": {"contract"},
    # The view of a foreign host holds up its own thread for a delay; the supervisor pauses between starts of workers; a
    # run of a client takes real time.
    "time": {"control/clock", "web/delivery", "server/workers", "testing/jobs", "testing/certifier"},
    "random": {"control/delays"},  # seeded
    "secrets": set(),
    "uuid": {"testing/jobs", "testing/processes"},  # names that no other run has: nothing that a world can show
}
PREFIX = "/_rescind"


EXAMPLES = {"testing", "web"}
"""Rooms whose docstrings have examples that run, against the vendors that come with Rescind."""


def room(path: Path) -> str:
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py")


def test_every_room_is_on_the_map() -> None:
    assert {room(path) for path in MODULES} == MAY_IMPORT.keys()


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_imports_point_one_way(path: Path) -> None:
    mine = room(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "rescind" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] == mine or parts[1] in MAY_IMPORT[mine], f"{mine} imports {name}"
        elif parts[0] in HOME:
            inside = path.relative_to(SOURCE).with_suffix("").as_posix()
            assert {mine, inside} & HOME[parts[0]], f"{parts[0]} is imported outside its room, in {inside}"


def modules_imported(path: Path) -> set[Path]:
    """The files of the modules of Rescind that a file imports, those for types only too."""
    found = set()
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "rescind":
            for end in (len(parts), len(parts) - 1):  # a module, or a name in one
                base = SOURCE.joinpath(*parts[1:end])
                candidates = [base.with_suffix(".py"), base / "__init__.py"] if end > 1 else [SOURCE / "__init__.py"]
                here = next((file for file in candidates if file.is_file()), None)
                if here:
                    found.add(here)
                    break
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Inside of rooms too. (``rescind/__init__`` is left out: all may have the version of it.)"""
    graph = {path: modules_imported(path) - {SOURCE / "__init__.py"} for path in MODULES}
    for start in MODULES:
        reached: set[Path] = set()
        ahead = set(graph[start])
        while ahead:
            reached |= ahead
            ahead = {further for path in ahead for further in graph[path]} - reached
        assert start not in reached, f"{start.relative_to(SOURCE)} is part of a circle of imports"


def test_prefix_of_the_control_api_is_written_once() -> None:
    found = []
    for path in MODULES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        texts = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
        found += [path.name for text in texts if isinstance(text, str) and PREFIX in text]
    assert found == ["model.py"]


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_no_vendor_is_named_outside_its_module(path: Path) -> None:
    allowed = {path.stem, path.parent.name} if room(path) == "vendors" else set()
    if "ecommerce" in allowed:
        allowed.add("django")
    text = path.read_text().lower()
    if room(path) in EXAMPLES:
        text = re.sub(r"``sandbox\.\w+\(.*?\)``", "", text)
        text = re.sub(r">>> .*?(?=\n\s*\n|\"\"\")", "", text, flags=re.DOTALL)
    assert not {vendor for vendor in VENDORS if vendor in text} - allowed


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_files_and_functions_can_be_read_in_one_sitting(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 40, node.name


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) == "vendors"], ids=lambda path: path.stem)
def test_rules_and_their_docstrings_are_whole(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and node.col_offset == 0:
            assert ast.get_docstring(node), f"{path.stem}.{node.name}"
