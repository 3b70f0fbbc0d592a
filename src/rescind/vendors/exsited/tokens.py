"""Getting a token, by the client credentials grant or the refresh grant.

Sources: "Exsited API Authentication" (https://developer.exsited.com/exsited-api-authentication), auth/token_provider.py
of https://pypi.org/project/exsited/4.0.2/, and for what they leave open RFC 6749, section 5.2.
"""

from __future__ import annotations

import hmac
from functools import cached_property
from typing import TYPE_CHECKING

from rescind.rules import Answer, Call

if TYPE_CHECKING:
    from rescind.model import Record

LIFETIME_SECONDS = 3600


class Grant(Call):
    """A call of issueToken."""

    @property
    def grant_type(self) -> str:
        """What the client asks for."""
        return str(self.body["grant_type"])

    @cached_property
    def client(self) -> Record | None:
        """The client that authenticates in the body."""
        return self.world.get("clients", self.body.get("client_id", ""))

    @cached_property
    def refresh_token(self) -> Record | None:
        """The refresh token that the client presents."""
        return self.world.get("refresh_tokens", self.body.get("refresh_token", ""))


def unsupported_grant_type(call: Grant) -> bool:
    """RFC 6749, section 5.2: the server supports neither this grant type nor any but two."""
    return call.grant_type not in {"client_credentials", "refresh_token"}


def invalid_request(call: Grant) -> bool:
    """RFC 6749, section 5.2: the request lacks a parameter that the grant requires."""
    needs = {
        "client_credentials": {"client_id", "client_secret", "redirect_uri"},
        "refresh_token": {"refresh_token"},
    }
    return not needs[call.grant_type] <= call.body.keys()


def invalid_client_redirect(call: Grant) -> bool:
    """An unknown client, or a wrong secret, is redirected to the sign-in page. A refresh may leave both out."""
    if call.grant_type == "refresh_token" and "client_id" not in call.body:
        return False
    if call.client is None or not _same(call.client["secret"], call.body.get("client_secret", "")):
        return True
    registered: str = call.client["redirect_uri"]
    return bool(call.body.get("redirect_uri", registered) != registered)


def invalid_grant(call: Grant) -> bool:
    """RFC 6749, section 5.2: the refresh token is unknown, spent, or was issued to another client."""
    if call.grant_type != "refresh_token":
        return False
    return (
        call.refresh_token is None
        or call.body.get("client_id", call.refresh_token["client"]) != call.refresh_token["client"]
    )


def issue(call: Grant) -> Answer:
    """A new pair of tokens; a refresh token is spent by its use (assumed)."""
    if call.refresh_token and call.grant_type == "refresh_token":
        client, outcome = call.refresh_token["client"], "refreshed"
        if not call.refresh_token["reusable"]:
            call.world.remove("refresh_tokens", call.refresh_token)
    else:
        client, outcome = call.body["client_id"], "issued"
    for former in call.world.find("credentials", "client", client):
        call.world.remove("credentials", former)  # "a new access token for the same credentials ends the previous one"
    access_token = f"exs-access-{call.world.new_identifier('access')}"
    refresh_token = f"exs-refresh-{call.world.new_identifier('refresh')}"
    call.world.put("credentials", access_token, {"client": client, "expires": call.world.after(LIFETIME_SECONDS)})
    call.world.put("refresh_tokens", refresh_token, {"client": client, "reusable": False})
    token = {"access_token": access_token, "refresh_token": refresh_token, "expires_in": LIFETIME_SECONDS}
    return Answer(outcome, {"token": token})


def _same(secret: str, given: str) -> bool:
    return hmac.compare_digest(secret.encode(), given.encode())
