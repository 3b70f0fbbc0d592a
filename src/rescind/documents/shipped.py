"""Where the specs and fixtures that come with Rescind are: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_ROOT = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent.parent

SPEC_DIR = _ROOT / "spec"
FIXTURE_DIR = _ROOT / "fixtures"
CONTROL_SPEC = SPEC_DIR / "control.yaml"


def is_control(path: Path) -> bool:
    """Return whether the file is the document of the control API, or a copy of it."""
    return path.name == CONTROL_SPEC.name and b"title: Rescind, control API" in path.read_bytes()
