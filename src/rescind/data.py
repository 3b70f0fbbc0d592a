"""Where the specs and fixtures that come with Rescind are: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_ROOT = _PACKAGE / "data" if (_PACKAGE / "data").is_dir() else _PACKAGE.parent.parent

SPEC_DIR = _ROOT / "spec"
FIXTURE_DIR = _ROOT / "fixtures"
CONTROL_SPEC = SPEC_DIR / "control.yaml"
