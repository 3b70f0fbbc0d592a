"""The cases of Schemathesis for one document (FUZZ_DOCUMENT), called in the process through ``from_wsgi``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import hypothesis
import schemathesis
from schemathesis.config import SchemathesisConfig

from rescind import create_app
from support import ROOT

if TYPE_CHECKING:
    from schemathesis import Case

hypothesis.settings.register_profile("fuzz", database=None)  # a run repeats by its seed, whatever ran before
hypothesis.settings.load_profile("fuzz")
app = create_app()
schema = schemathesis.openapi.from_wsgi(
    f"/~fuzz/_rescind/specs/{os.environ['FUZZ_DOCUMENT']}.yaml",
    app,
    config=SchemathesisConfig.from_path(ROOT / "schemathesis.toml"),
)


@schema.parametrize()
def test_every_answer_is_as_documented(case: Case[Any]) -> None:
    case.call_and_validate()


class Machine(schema.as_state_machine()):  # type: ignore[misc]  # made from the document
    """Calls that build on each other, each time in a new world: Hypothesis runs them again, and compares."""

    def setup(self) -> None:
        super().setup()
        app.test_client().post("/~fuzz/_rescind/reset")


TestStateful = Machine.TestCase
