"""Finding and running the module of a vendor's rules."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from types import ModuleType

from rescind.errors import Finding, SpecError
from rescind.shapes import Shape
from rescind.vendors.rules import Rules

_OURS = {"findings", "modules", "plain", "rules", "vendor"}
"""The modules of this package that are no vendor's rules."""


def rules_module(name: str, spec_file: Path) -> ModuleType | None:
    """The module ``NAME.py`` beside the document, else the one that comes with Rescind, else None.

    Raises SpecError, with the line, for whatever the module raises, and for one without SHAPE and RULES.
    """
    beside = spec_file.with_suffix(".py")
    if beside.is_file():
        return _run(name, beside)
    package = __name__.rpartition(".")[0]
    if name in _OURS or not (Path(__file__).parent / f"{name}.py").is_file():
        return None
    return importlib.import_module(f"{package}.{name}")


def _run(name: str, file: Path) -> ModuleType:
    """Run the module from its source: Python's cache would miss an edit that comes within a second of another."""
    module = ModuleType(f"rescind_rules_{name}")
    module.__file__ = str(file)
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)  # noqa: S102 - the user's own rules
    except (Exception, SystemExit) as failure:  # noqa: BLE001 - whatever the module raises is a finding about it
        problem = f"{type(failure).__name__}: {failure}"
        raise SpecError([Finding(str(file), _line(failure, file), 1, problem, "correct the rules module")]) from None
    rules = getattr(module, "RULES", None)
    is_whole = isinstance(getattr(module, "SHAPE", None), Shape) and isinstance(rules, dict)
    if not is_whole or not all(isinstance(one, Rules) for one in (rules or {}).values()):
        problem = "a rules module defines SHAPE, a Shape, and RULES, a dict of Rules by operationId"
        raise SpecError([Finding(str(file), 1, 1, problem, "define both; see the README on a vendor of your own")])
    return module


def _line(failure: BaseException, file: Path) -> int:
    if isinstance(failure, SyntaxError):
        return failure.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(failure.__traceback__) if frame.filename == str(file)]
    return next(iter(lines), None) or 1
