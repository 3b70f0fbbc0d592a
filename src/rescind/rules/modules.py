"""Finding and importing the module of a vendor's rules."""

from __future__ import annotations

import importlib
import sys
import traceback
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Any

from rescind.documents.schemas import Shape
from rescind.errors import Finding, SpecError
from rescind.rules.call import Rules

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType, ModuleType

_SHIPPED = "rescind.vendors"
"""The package of the vendors that come with Rescind."""


class _Loader(SourceFileLoader):
    """Compiles the source each time: Python's cache would miss an edit that comes within a second of another."""

    def get_code(self, fullname: str) -> CodeType | None:  # noqa: ARG002 - importlib's signature
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def rules_module(name: str, spec_file: Path) -> ModuleType | None:
    """Return the module ``NAME.py`` beside the document, else the one that comes with Rescind, else None.

    Raises SpecError, with the line, for whatever the module raises, and for one without SHAPE and RULES.
    """
    beside = spec_file.with_suffix(".py")
    if beside.is_file():
        return _import(f"rescind_rules_{name}", beside)
    shipped = f"{_SHIPPED}.{name}"
    return importlib.import_module(shipped) if find_spec(shipped) else None


def _import(name: str, file: Path) -> ModuleType:
    """Import the file as a module of that name. It is in ``sys.modules`` while it runs, and stays there if it works."""
    loader = _Loader(name, str(file))
    spec = ModuleSpec(name, loader, origin=str(file))
    spec.has_location = True
    module = module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
        _check(module, file)
    except KeyboardInterrupt:
        _restore(name, before)
        raise
    except BaseException as failure:
        _restore(name, before)
        if isinstance(failure, SpecError):
            raise
        problem = f"{type(failure).__name__}: {failure}"
        raise SpecError([Finding(str(file), _line(failure, file), 1, problem, "correct the rules module")]) from None
    return module


def _check(module: Any, file: Path) -> None:
    rules = getattr(module, "RULES", None)
    is_whole = isinstance(getattr(module, "SHAPE", None), Shape) and isinstance(rules, dict)
    if not is_whole or not all(isinstance(one, Rules) for one in (rules or {}).values()):
        problem = "a rules module defines SHAPE, a Shape, and RULES, a dict of Rules by operationId"
        raise SpecError([Finding(str(file), 1, 1, problem, "define both; see docs/own-vendor.md")])


def _restore(name: str, before: ModuleType | None) -> None:
    if before is None:
        del sys.modules[name]
    else:
        sys.modules[name] = before


def _line(failure: BaseException, file: Path) -> int:
    if isinstance(failure, SyntaxError):
        return failure.lineno or 1
    lines = [frame.lineno for frame in traceback.extract_tb(failure.__traceback__) if frame.filename == str(file)]
    return next(iter(lines), None) or 1
