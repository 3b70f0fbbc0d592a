"""Calls of the control API over HTTP, and what they refuse."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from http.client import HTTPException, InvalidURL
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from rescind.model import CONTROL_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.coverage.catalogue import WayRequest

TIMEOUT_SECONDS = 30
_LONGEST_DETAIL = 200


class SandboxError(Exception):
    """What the control API refused, or that it does not answer.

    ``status`` is None where there was no answer; ``problem`` is the RFC 9457 problem detail, as far as there is one.
    """

    def __init__(self, status: int | None, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        said = [problem.get("detail") or problem.get("title") or "no reason given", problem.get("remedy")]
        super().__init__(f"{status or 'no answer'}: {'; '.join(filter(None, said))}")


@dataclass(frozen=True)
class ControlClient:
    """The control API below a base URL. Every method raises SandboxError for what is refused."""

    base_url: str
    token: str | None = None

    def call(self, method: str, path: str, body: Any = None, query: Iterable[tuple[str, Any]] = ()) -> Any:
        """Call, and return the JSON value of the answer; None if it has no body."""
        text = self.text(method, path, body, query)
        return json.loads(text) if text else None

    def text(self, method: str, path: str, body: Any = None, query: Iterable[tuple[str, Any]] = ()) -> str:
        """Call, and return the answer as text."""
        asked = urlencode([(name, value) for name, value in query if value is not None])
        try:
            return self._open(method, f"{CONTROL_PREFIX}{path}" + (f"?{asked}" if asked else ""), {}, body)[1]
        except HTTPError as error:
            with error:
                raise SandboxError(error.code, _problem(error.read(), error.reason)) from None

    def send(self, request: WayRequest) -> int:
        """Send a request of the catalogue, to a vendor or to the control API, and return the status."""
        headers = dict(request.get("headers", {}))
        try:
            return self._open(request["method"], request["path"], headers, request.get("json"))[0]
        except HTTPError as error:
            with error:
                return error.code

    def _open(self, method: str, path: str, headers: dict[str, str], body: Any) -> tuple[int, str]:
        url = self.base_url + path
        content = json.dumps(body).encode() if body is not None else None
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token and path.startswith(CONTROL_PREFIX) else {}
        try:
            request = Request(url, content, headers, method=method)  # noqa: S310 - the caller's own base URL
            with _opener(url).open(request, timeout=TIMEOUT_SECONDS) as reply:
                return reply.status, reply.read().decode()
        except HTTPError:
            raise
        except (ValueError, InvalidURL) as error:
            detail = f"invalid URL {url!r}: {error}"
            raise SandboxError(None, {"detail": detail, "remedy": "write http://HOST:PORT/~NAME"}) from None
        except (URLError, OSError, HTTPException) as error:
            detail = f"{url} does not answer: {getattr(error, 'reason', error)}"
            raise SandboxError(None, {"detail": detail, "remedy": "is the server running there?"}) from None


def _problem(body: bytes, reason: str) -> Mapping[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"detail": _first_line(body) or reason}


def _first_line(body: bytes) -> str:
    """Return what a server that is not ours said, as far as it fits a message."""
    return body.decode(errors="replace").strip().partition("\n")[0][:_LONGEST_DETAIL]


def _opener(url: str) -> OpenerDirector:
    """Ignore the proxy of the environment for loopback: it would look for the address on itself."""
    host = urlsplit(url).hostname or ""
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return build_opener(ProxyHandler({})) if is_here else build_opener()
