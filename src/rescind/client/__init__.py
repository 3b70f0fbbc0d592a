"""A client of the control API, for tests: one object for each sandbox.

>>> import rescind
>>> with rescind.start() as started:
...     mine = started.sandbox("mine")
...     mine.state.get("rxuniverse", "orders", "72544")["status"]
'P'
"""

from rescind.client.control import Control, SandboxError
from rescind.client.sandbox import Credentials, Sandbox, Server, VerificationError, credentials_for

__all__ = ["Control", "Credentials", "Sandbox", "SandboxError", "Server", "VerificationError", "credentials_for"]
