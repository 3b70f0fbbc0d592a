"""The module of a vendor's rules is imported as Python imports modules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rescind.errors import SpecError
from rescind.rules.modules import rules_module

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from rescind.rules import Shape


@dataclass
class Price:
    amount: int = 0
    seen: ClassVar[list[int]] = []
    notes: list[str] = field(default_factory=list)


VERSION = 1
SHAPE = Shape()
RULES = {}
"""
NAME = "rescind_rules_shop"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    sys.modules.pop(NAME, None)
    return tmp_path / "shop.yaml"


def write(spec: Path, text: str) -> None:
    spec.with_suffix(".py").write_text(text)


def test_dataclass_with_postponed_annotations_loads(spec: Path) -> None:
    write(spec, WHOLE)
    module = rules_module("shop", spec)
    assert module is sys.modules[NAME]
    assert module.Price(3).notes == []


def test_edit_within_a_second_is_seen(spec: Path) -> None:
    for version in (1, 2, 3):
        write(spec, WHOLE.replace("VERSION = 1", f"VERSION = {version}"))
        module = rules_module("shop", spec)
        assert module is not None
        assert version == module.VERSION


@pytest.mark.parametrize("text", ["import this_does_not_exist", "raise SystemExit(3)", "raise GeneratorExit"])
def test_module_that_fails_is_removed_again(spec: Path, text: str) -> None:
    write(spec, text)
    with pytest.raises(SpecError, match=r"shop\.py:1:1"):
        rules_module("shop", spec)
    assert NAME not in sys.modules


def test_module_that_fails_leaves_the_one_before_in_its_place(spec: Path) -> None:
    write(spec, WHOLE)
    before = rules_module("shop", spec)
    write(spec, WHOLE.replace("RULES = {}", "RULES = []"))
    with pytest.raises(SpecError, match="defines SHAPE"):
        rules_module("shop", spec)
    assert sys.modules[NAME] is before
