"""Hooks for Schemathesis: ``SCHEMATHESIS_HOOKS=rescind.schemathesis st run URL``, or import this module.

Against a sandbox each case gets a world of its own, and a credential of the fixtures. Against a real vendor (nothing
answers below ``/_rescind``) the credential is that of ``RESCIND_CREDENTIAL``; without it no case is sent.

Three checks on deletions are added:

- ``double_delete``: the second deletion of one order must be a documented answer that says that it is gone.
- ``query_keyed_use_after_free``: so must a deletion of the same order whose query is written in another way.
- ``foreign_delete``: another customer's order must not be deletable. A sandbox has other customers; of a real vendor,
  ``RESCIND_FOREIGN_ORDER`` names an order that the credential must not delete.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import requests
import schemathesis
from schemathesis.core.failures import Failure

from rescind.settings import control_token
from rescind.testing import Credentials, Sandbox, SandboxError, credentials_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemathesis import Case, CheckContext, Response

    Prepared = requests.PreparedRequest

SANDBOX_HEADER = "X-Rescind-Sandbox"
GONE = (304, 400, 404, 409, 410, 412)
"""Statuses that can say that an order is not there any more, or not as it was."""

_TIMEOUT_SECONDS = 30
_STATEFUL = "stateful"


class World(NamedTuple):
    """Who answers at a base URL: a vendor's sandbox, or (``sandbox`` None) the vendor.

    ``records`` are the credentials of the fixtures, and ``magic`` the identifiers that always end in one outcome.
    """

    sandbox: Sandbox | None
    credential: str | None
    schemes: tuple[Mapping[str, Any], ...]
    records: Mapping[str, Mapping[str, Any]]
    magic: frozenset[str]

    def credentials(self, credential: str | None) -> Credentials:
        """Return where the vendor wants this credential."""
        return credentials_for(self.schemes, credential)

    def foreigners(self) -> Iterator[str]:
        """Yield the credentials of other customers: those that have nothing in common with the first one."""
        mine = _identity(self.records.get(self.credential or "", {}))
        for name, record in self.records.items():
            if mine and _identity(record) and not mine & _identity(record):
                yield name


class NotGone(Failure):
    """An order that was deleted can be deleted, or answers in a way that is not documented."""


class ForeignDelete(Failure):
    """An order of another customer was deleted."""


@schemathesis.auth(refresh_interval=None)
class Authentication:
    """The first credential of the vendor's fixtures, or that of ``RESCIND_CREDENTIAL``."""

    def get(self, case: Case[Any], context: Any) -> Credentials:  # noqa: ARG002 - the form that Schemathesis asks for
        """Return the credential of the case's vendor."""
        world = _world(case)
        return world.credentials(world.credential)

    def set(self, case: Case[Any], data: Credentials, context: Any) -> None:  # noqa: ARG002
        """Put the credential where the vendor wants it."""
        if data.params:
            case.query = {**(case.query or {}), **data.params}
        for name, value in data.headers.items():
            case.headers[name] = value


@schemathesis.hook
def before_call(context: Any, case: Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ARG001 - the form that Schemathesis asks for
    """Give the case a sandbox of its own. The cases of the stateful phase build on each other, and share one."""
    if _world(case).sandbox and not _is_stateful(case):
        case.headers[SANDBOX_HEADER] = f"st-{case.id}"


@schemathesis.check
def double_delete(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:  # noqa: ARG001
    """Check that the second deletion of an order is answered, as documented, with that it is gone."""
    if not _has_deleted(response, case):
        return True
    _must_be_gone(case, _send(response.request), "The same deletion was sent again")
    return None


@schemathesis.check
def query_keyed_use_after_free(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:  # noqa: ARG001
    """Check that a deleted order is gone however the query that names it is written."""
    if not _has_deleted(response, case) or not case.query or len(case.query) < 2:  # noqa: PLR2004 - to be reordered
        return True
    parts = urlsplit(str(response.request.url))
    reordered = urlencode(parse_qsl(parts.query, keep_blank_values=True)[::-1])
    again = _send(response.request, url=urlunsplit(parts._replace(query=reordered)))
    _must_be_gone(case, again, "The deletion was sent again with its query in another order")
    return None


@schemathesis.check
def foreign_delete(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:  # noqa: ARG001
    """Check that an order of another customer cannot be deleted."""
    if not _has_deleted(response, case):
        return True
    world = _world(case)
    for request in _foreign_requests(world, response.request, case):
        reply = _send(request)
        if _is_success(reply.status_code):
            title = "Another customer's order was deleted"
            message = f"{request.method} {request.url} was answered with {reply.status_code}"
            raise ForeignDelete(operation=case.operation.label, title=title, message=message, case_id=case.id)
    return None


def _foreign_requests(world: World, sent: Prepared, case: Case[Any]) -> Iterator[Prepared]:
    """Yield the deletion as other customers would send it in a new world; of a real vendor, that of a foreign order."""
    if world.sandbox:
        for number, name in enumerate(world.foreigners()):
            request = _with_credentials(sent, world.credentials(name))
            request.headers[SANDBOX_HEADER] = f"st-{case.id}-{number}"
            yield request
    elif "RESCIND_FOREIGN_ORDER" in os.environ:
        yield _with_order(sent, case, os.environ["RESCIND_FOREIGN_ORDER"])


def _has_deleted(response: Response, case: Case[Any]) -> bool:
    """Return whether the case has deleted an order for good: a magic order never goes."""
    if case.method.upper() != "DELETE" or not _is_success(response.status_code):
        return False
    named = {str(value) for values in (case.path_parameters, case.query) for value in (values or {}).values()}
    return not named & _world(case).magic


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 - RFC 9110, section 15.3


def _must_be_gone(case: Case[Any], again: requests.Response, what: str) -> None:
    documented = {str(status) for status in case.operation.definition.raw["responses"]}
    status = again.status_code
    if status == requests.codes.too_many_requests or (status in GONE and str(status) in documented):
        return
    title = (
        "A deleted order can be deleted again"
        if _is_success(status)
        else "A deleted order is not answered as documented"
    )
    expected = ", ".join(str(one) for one in GONE if str(one) in documented)
    message = f"{what}, and was answered with {status}; one of these was expected: {expected}"
    raise NotGone(operation=case.operation.label, title=title, message=message, case_id=case.id)


def _send(request: Prepared, url: str | None = None) -> requests.Response:
    request = request.copy()
    request.url = url or request.url
    with requests.Session() as session:
        return session.send(request, timeout=_TIMEOUT_SECONDS)


def _with_credentials(sent: Prepared, credentials: Credentials) -> Prepared:
    request = sent.copy()
    parts = urlsplit(str(request.url))
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **credentials.params}
    request.url = urlunsplit(parts._replace(query=urlencode(query)))
    request.headers.update(credentials.headers)
    return request


def _with_order(sent: Prepared, case: Case[Any], order: str) -> Prepared:
    """Replace the order of a request: the last parameter of its path, else the id of its query."""
    request = sent.copy()
    parts = urlsplit(str(request.url))
    names = re.findall(r"\{([^{}]+)\}", case.path)
    if names:
        old = quote(str(case.path_parameters[names[-1]]), safe="")
        before, _, after = parts.path.rpartition(old)
        request.url = urlunsplit(parts._replace(path=before + quote(order, safe="") + after))
        return request
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    identifiers = [one.name for one in case.operation.query if one.name.lower().endswith("id")]
    identifiers.sort(key=lambda name: "order" in name.lower())
    query |= dict.fromkeys(identifiers[-1:], order)
    request.url = urlunsplit(parts._replace(query=urlencode(query)))
    return request


def _world(case: Case[Any]) -> World:
    document, base_url = case.operation.schema.raw_schema, str(case.operation.base_url).rstrip("/")
    key = base_url, document["info"]["title"]
    if key not in _worlds:
        schemes = document.get("components", {}).get("securitySchemes", {})
        _worlds[key] = _look(*key, tuple(schemes.values()))
    return _worlds[key]


_worlds: dict[tuple[str, str], World] = {}
"""Who answers, by the base URL and the title of the document."""


def _look(base_url: str, title: str, schemes: tuple[Mapping[str, Any], ...]) -> World:
    """Return who answers at the base URL. Raises RuntimeError for a vendor without a credential to call it with."""
    if "/~" in base_url:
        raise RuntimeError(
            f"{base_url} is one sandbox; begin at the server's own URL, and each case gets one of its own"
        )
    sandbox = _sandbox_at(base_url)
    if sandbox is None:
        credential = os.environ.get("RESCIND_CREDENTIAL")
        if credential is None:
            raise RuntimeError(
                f"{base_url} is not a sandbox; to call a real vendor, set RESCIND_CREDENTIAL to your own credential"
            )
        return World(None, credential, schemes, {}, frozenset())
    vendors = sandbox.control.call("GET", "/health")["vendors"]
    titles = {sandbox.control.call("GET", f"/specs/{name}.json")["info"]["title"]: name for name in vendors}
    if title not in titles:
        raise RuntimeError(f"{base_url} simulates no API with the title {title!r}; it has: {', '.join(titles)}")
    state = sandbox.state.get(titles[title])
    records = state.get("credentials", {})
    magic = {name for records in state.values() for name, one in records.items() if _is_magic(one)}
    return World(sandbox, next(iter(records), None), schemes, records, frozenset(magic))


def _sandbox_at(base_url: str) -> Sandbox | None:
    """Return the sandbox at the base URL, if it is one. Only a server that asks as Rescind does gets the token."""
    for token in (None, control_token(os.environ)):
        sandbox = Sandbox(base_url, token)
        try:
            if "vendors" in sandbox.control.call("GET", "/health"):
                return sandbox
        except SandboxError as error:
            if "control API" not in str(error):
                return None
        except (ValueError, TypeError):
            return None
    raise RuntimeError(f"{base_url} needs its control token: set RESCIND_CONTROL_TOKEN")


def _is_magic(record: Any) -> bool:
    return isinstance(record, dict) and bool(record.get("magic"))


def _identity(record: Mapping[str, Any]) -> set[tuple[str, Any]]:
    """Return what identifies the customer of a credential: its texts, and the items of its lists."""
    found = set()
    for name, value in record.items():
        if name not in {"id", "expires", "magic"}:
            found |= {(name, one) for one in (value if isinstance(value, list) else [value]) if _names_somebody(one)}
    return found


def _names_somebody(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_stateful(case: Case[Any]) -> bool:
    phase = getattr(getattr(case.meta, "phase", None), "name", None)
    return _STATEFUL in str(getattr(phase, "value", phase)).lower()
