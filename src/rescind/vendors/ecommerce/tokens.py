"""Getting tokens, and a new access token by a refresh token.

Sources: "Authentication, tokens" (https://www.mintlify.com/klvxn/ecommerce-api/auth/tokens), and SimpleJWT 5.3.1
(https://github.com/jazzband/djangorestframework-simplejwt), whose serializers say what is wrong field by field.
"""

from __future__ import annotations

import base64
import hmac
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.model import SECOND
from rescind.rules import MISSING, Answer, Call, Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.model import Record

ACCESS_SECONDS, REFRESH_SECONDS = 3_600, 3 * 86_400
KINDS = {list: "list", str: "text", bool: "truth", int: "whole number", float: "number"}


class TokenCall(Call):
    """A call that carries the fields of a token request."""

    wanted: tuple[str, ...] = ()

    @cached_property
    def errors(self) -> Mapping[str, list[Code]]:
        """What is wrong with the request, field by field."""
        body = {} if self.body is MISSING else self.body
        if not isinstance(body, dict):
            return {"non_field_errors": [Code("nothing" if body is None else KINDS[type(body)])]}
        problems = {name: _problem(body.get(name, MISSING)) for name in self.wanted}
        return {name: [Code(problem)] for name, problem in problems.items() if problem}

    def given(self, name: str) -> str:
        """Return a field as the vendor's framework reads it."""
        return str(self.body[name]).strip()


class Login(TokenCall):
    """A call of obtainToken."""

    wanted = ("email", "password")


class Refresh(TokenCall):
    """A call of refreshToken."""

    wanted = ("refresh",)

    @cached_property
    def token(self) -> Record | None:
        """The token, if it was issued and has not expired."""
        token = self.world.get("credentials", self.given("refresh"))
        is_past = token is not None and token["expires"] is not None and self.world.is_past(token["expires"])
        return None if is_past else token


def invalid_fields(call: TokenCall) -> Answer | None:
    """Fields are missing or not valid."""
    return Answer("invalid_fields", {"errors": call.errors}) if call.errors else None


def no_active_account(call: Login) -> bool:
    """No active customer has this e-mail address and this password."""
    customer = call.world.get("customers", call.given("email")) or {"is_active": False, "password": ""}
    is_right = hmac.compare_digest(customer["password"].encode(), call.given("password").encode())
    return not (customer["is_active"] and customer["password"] and is_right)


def obtain(call: Login) -> Answer:
    """A refresh token for three days and an access token for one hour."""
    customer = call.given("email")
    pair = {"refresh": _issue(call, customer, "refresh"), "access": _issue(call, customer, "access")}
    return Answer("tokens", {"tokens": pair})


def invalid_refresh_token(call: Refresh) -> bool:
    """The token is unknown or expired."""
    return call.token is None


def wrong_refresh_token_type(call: Refresh) -> bool:
    """The token is an access token."""
    return call.token is None or not call.token["is_refresh"]


def refresh(call: Refresh) -> Answer:
    """A new access token; the refresh token stays as it is."""
    assert call.token is not None, "refused before"  # noqa: S101 - tells mypy
    return Answer("refreshed", {"access": _issue(call, call.token["customer"], "access")})


def _problem(value: Any) -> str | None:
    if value is MISSING or value is None:
        return "required" if value is MISSING else "null"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "string"
    return None if str(value).strip() else "blank"


def _issue(call: Call, customer: str, kind: str) -> str:
    """Make a JSON Web Token, as the vendor's look, and keep it as a credential."""
    world, seconds = call.world, REFRESH_SECONDS if kind == "refresh" else ACCESS_SECONDS
    issued = world.now // SECOND
    identifier = world.new_identifier("token")
    claims = {"token_type": kind, "exp": issued + seconds, "iat": issued, "jti": identifier, "user_id": customer}
    token = _signed({"alg": "HS256", "typ": "JWT"}, claims, world.settings["signing_key"])
    world.put(
        "credentials",
        token,
        {"customer": customer, "is_refresh": kind == "refresh", "expires": world.after(seconds)},
    )
    return token


def _signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: str) -> str:
    """Return a signed token (RFC 7515, section 3.1)."""
    text = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{text}.{_encoded(hmac.digest(key.encode(), text.encode(), 'sha256'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
