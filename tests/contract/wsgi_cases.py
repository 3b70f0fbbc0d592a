"""The cases of Schemathesis for one document (FUZZ_DOCUMENT), called in the process through ``from_wsgi``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from rescind import create_app
from support import ROOT

if TYPE_CHECKING:
    from schemathesis import Case

NAME = os.environ["FUZZ_DOCUMENT"]
schema = schemathesis.openapi.from_wsgi(
    f"/~fuzz/_rescind/specs/{NAME}.yaml",
    create_app(),
    config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml"),
)


@schema.parametrize()
def test_every_answer_is_as_documented(case: Case[Any]) -> None:
    case.call_and_validate()


TestStateful = schema.as_state_machine().TestCase
