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
FOUNDATION = {"errors", "model", "moments", "problems", "data"}
MAY_IMPORT = {
    "errors": set(),
    "model": set(),
    "moments": set(),
    "problems": {"model"},
    "data": set(),
    "settings": {"errors", "model", "store"},
    "rate": {"moments"},
    "progress": set(),
    "documents": {"errors", "progress"},
    "shapes": {*FOUNDATION, "documents"},
    "contract": {*FOUNDATION, "documents"},
    "store": FOUNDATION,
    "fixtures": {*FOUNDATION, "documents", "shapes", "progress"},
    "vendors": {*FOUNDATION, "documents", "contract", "store", "fixtures", "shapes", "rate"},
    "control": {*FOUNDATION, "documents", "contract", "store", "fixtures", "shapes", "vendors"},
    "checking": {*FOUNDATION, "documents", "contract", "vendors"},
    "listing": {"control", "vendors"},
    "client": set(),
    "gate": {"errors", "client", "control", "listing"},
    "assembly": {"settings", "data", "store", "vendors", "control", "engine", "web"},
    "local": {"assembly", "client", "errors", "settings", "web"},
    "trials": {"data", "client", "control", "errors", "vendors", "web"},
    "pytest_plugin": {"client", "errors", "local", "trials"},
    "schemathesis": {"client"},
    "engine": {*FOUNDATION, "contract", "store", "control", "vendors", "rate"},
    "web": {*FOUNDATION, "documents", "settings", "contract", "store", "vendors", "control", "engine"},
    "cli": {
        *FOUNDATION,
        "assembly",
        "settings",
        "store",
        "vendors",
        "control",
        "engine",
        "web",
        "checking",
        "listing",
        "gate",
    },
    "__main__": {"cli"},
    "__init__": {"client", "local"},
}
HOME = {
    "werkzeug": {"web"},
    "jinja2": {"web/pages"},
    "httptools": {"web"},
    "asyncio": {"web"},
    "uvloop": {"web"},
    "redis": {"store/redis", "store/connection"},
    "yaml": {"documents"},
    "marshmallow": {"shapes", "fixtures", "control", "vendors"},
    "jsonschema_rs": {"contract"},
    "time": {"control/clock"},
    "random": {"control/delays"},  # seeded
    "secrets": set(),
    "uuid": {"vendors/ecommerce"},  # parses, and makes none
}  # fmt: skip


EXAMPLES = {"client", "local"}
"""Rooms whose docstrings have examples that run, against the vendors that come with Rescind."""


def room(path: Path) -> str:
    parts = path.relative_to(SOURCE).parts
    return parts[0].removesuffix(".py")


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


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_no_vendor_is_named_outside_its_module(path: Path) -> None:
    allowed = {path.stem} if room(path) == "vendors" else set()
    if path.stem == "ecommerce":
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
