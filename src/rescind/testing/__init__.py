"""For tests in Python: a client of the control API, one object for each sandbox, and a server in a thread.

>>> import rescind
>>> with rescind.start() as started:
...     mine = started.sandbox("mine")
...     mine.state.get("rxuniverse", "orders", "72544")["status"]
'P'
"""

from rescind.testing.control_client import ControlClient, SandboxError
from rescind.testing.sandbox import Credentials, Sandbox, VerificationError, credentials_for
from rescind.testing.server import Server, start

__all__ = [
    "ControlClient",
    "Credentials",
    "Sandbox",
    "SandboxError",
    "Server",
    "VerificationError",
    "credentials_for",
    "start",
]
