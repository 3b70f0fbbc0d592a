"""Hiding secrets before an exchange is shown: by structure where a text can be parsed, else by a linear scan."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rescind.contract.received import Received, decode_query
from rescind.control.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.model import JournalEntry

_DEEPEST = 4
"""How many texts may stand one inside the other, as JSON in a field of a form; what is deeper is not shown."""

_NOT_SHOWN = '"***"'
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/"
_BOUNDARY = re.compile(r'boundary="?([^";,]++)', re.IGNORECASE)
_PART_NAME = re.compile(r'[;\s]name\*?="?([^";\r\n]++)', re.IGNORECASE)
_PART_TYPE = re.compile(r"^content-type:([^\r\n]++)", re.IGNORECASE | re.MULTILINE)
_PIECES = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}:,]|[^"\[\]{}:,]++', re.DOTALL)
_SEPARATORS = re.compile(r'([&?;,\s"\'<>()]++)')
_SCHEMES = frozenset({"bearer", "basic", "token", "digest"})


class MaskedRequest(NamedTuple):
    """What may be shown of a request, and the secrets that were found in it: what is shown later can repeat them.

    ``target`` is the path and the query as they were sent.
    """

    path: str
    target: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str
    secrets: Secrets


def mask_request(entry: JournalEntry) -> MaskedRequest:
    """Hide the secrets of an entry's request."""
    secrets, request = Secrets(entry.secret_names), entry.request
    for name, value in entry.path_parameters.items():
        if secrets.is_secret(name):
            secrets.hide(value)
    query = {
        name: [secrets.hide(value) for value in values]
        if secrets.is_secret(name, in_form=True)
        else [mask_text(value, "", secrets) for value in values]
        for name, values in Received(request, {}).query.items()
    }
    headers = mask_headers(request.headers, secrets)
    body = mask_text(request.body.decode(errors="replace"), request.headers.get("content-type", ""), secrets)
    target = f"{request.path}?{mask_form(request.query, secrets)}" if request.query else request.path
    return MaskedRequest(
        secrets.repeated(request.path),
        secrets.repeated(target),
        {name: [secrets.repeated(value) for value in values] for name, values in query.items()},
        {name: secrets.repeated(value) for name, value in headers.items()},
        secrets.repeated(body),
        secrets,
    )


def mask_headers(headers: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    """Hide the values of secret headers, and the secrets in the texts of others."""
    return {
        name: secrets.hide(value) if secrets.is_secret(name) else mask_text(value, "", secrets)
        for name, value in headers.items()
    }


def mask_text(text: str, media_type: str, secrets: Secrets, depth: int = 0) -> str:
    """Return the text without its secrets, and note them."""
    if depth > _DEEPEST:
        return secrets.hide(text)
    kind = media_type.lower()
    if kind.startswith(_MULTIPART):
        boundary = _BOUNDARY.search(media_type)
        if boundary:
            return f"--{boundary[1]}".join(_mask_parts(text.split(f"--{boundary[1]}"), secrets, depth))
    if kind.startswith(_FORM):
        return mask_form(text, secrets, depth)
    if text.lstrip()[:1] in {"{", "[", '"'}:
        masked = _mask_json(text, secrets, depth)
        if masked is not None:
            return masked
    return _mask_words(_mask_members(text, secrets), secrets)


def mask_form(text: str, secrets: Secrets, depth: int = 0) -> str:
    """Return the form, or the query of a URL, without its secrets; what has none stays as it was sent."""
    return "&".join(_mask_pair(pair, secrets, depth) for pair in text.split("&"))


def _mask_pair(pair: str, secrets: Secrets, depth: int) -> str:
    name, separator, value = pair.partition("=")
    if not separator:
        return pair
    plain = decode_query(value)
    if secrets.is_secret(decode_query(name), in_form=True):
        return f"{name}={secrets.hide(plain)}"
    masked = mask_text(plain, "", secrets, depth + 1)
    return pair if masked == plain else f"{name}={masked}"


def _mask_parts(parts: list[str], secrets: Secrets, depth: int) -> Iterator[str]:
    """Yield the parts of a multipart body without their secrets."""
    for part in parts:
        head, end, content = part.partition("\r\n\r\n")
        named, typed = _PART_NAME.search(head), _PART_TYPE.search(head)
        if named and secrets.is_secret(named[1], in_form=True):
            secrets.hide(content.rstrip("\r\n"))
            yield f"{head}{end}***\r\n"
        else:
            yield head + end + mask_text(content, typed[1].strip() if typed else "", secrets, depth + 1)


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, those of one name too, all but the last of which parsing would drop."""


_parse = json.JSONDecoder(object_pairs_hook=_Pairs).decode


def _mask_json(text: str, secrets: Secrets, depth: int) -> str | None:
    """Return the JSON text without its secrets; None if it is no JSON. Without any, it stays as it was sent."""
    try:
        parsed = _parse(text)
        shown, has_secret = _mask_value(parsed, secrets, depth)
    except (ValueError, RecursionError):
        return None
    return json.dumps(shown, ensure_ascii=False) if has_secret else text


def _mask_value(value: Any, secrets: Secrets, depth: int) -> tuple[Any, bool]:
    """Return a parsed value without its secrets, and whether it had any."""
    if isinstance(value, _Pairs):
        shown: dict[str, Any] = {}
        has_secret = False
        for name, part in value:
            if secrets.is_secret(name):
                shown[name], found = secrets.hide(_plain(part)), True
            else:
                shown[name], found = _mask_value(part, secrets, depth)
            has_secret |= found
        return shown, has_secret
    if isinstance(value, list):
        parts = [_mask_value(part, secrets, depth) for part in value]
        return [part for part, _ in parts], any(found for _, found in parts)
    if isinstance(value, str):
        masked = mask_text(value, "", secrets, depth + 1)
        return masked, masked != value
    return value, False


def _plain(value: Any) -> Any:
    return [_plain(part) for _, part in value] if isinstance(value, _Pairs) else value


def _mask_members(text: str, secrets: Secrets) -> str:
    """Hide the values of secret members in a text that resembles JSON, such as one that was cut off."""
    shown: list[str] = []
    name = ""
    awaits, depth = False, 0
    for piece in _PIECES.findall(text):
        if depth:
            depth += (piece in "[{") - (piece in "]}")
            secrets.hide(_unquoted(piece))
        elif awaits and piece.isspace():
            shown.append(piece)
        elif awaits and piece not in "]},:":
            depth, awaits = int(piece in "[{"), False
            secrets.hide(_unquoted(piece))
            shown.append(_NOT_SHOWN)
        else:
            awaits = piece == ":" and secrets.is_secret(name)
            name = name if piece.isspace() else _unquoted(piece)
            shown.append(piece)
    return "".join(shown)


def _unquoted(piece: str) -> str:
    """Return the text that a piece of JSON stands for or, of plain text, its last word."""
    if not piece.startswith('"'):
        return piece.strip().rpartition(" ")[2]
    try:
        text: str = json.loads(piece if piece.endswith('"') and len(piece) > 1 else piece + '"', strict=False)
    except ValueError:
        return piece.strip('"')
    return text


def _mask_words(text: str, secrets: Secrets) -> str:
    """Hide ``name=value`` with a secret name, what follows the name of a scheme (Bearer), and users in URLs."""
    words = _SEPARATORS.split(text)
    awaits = False
    for index in range(0, len(words), 2):
        word = words[index]
        name, separator, value = word.partition("=")
        if not word:
            continue
        if awaits:
            words[index], awaits = secrets.hide(word), False
        elif separator and secrets.is_secret(decode_query(name), in_form=True):
            words[index] = f"{name}={secrets.hide(decode_query(value))}" if value else word
            awaits = not value and index + 2 < len(words) and words[index + 1] in {'"', "'"}
        elif "://" in word:
            words[index] = _without_user(word, secrets)
        else:
            awaits = word.lower() in _SCHEMES and index + 2 < len(words) and words[index + 1].isspace()
    return "".join(words)


def _without_user(url: str, secrets: Secrets) -> str:
    """Hide the user information of a URL (RFC 3986, section 3.2.1)."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at:
        return url
    secrets.hide(user.rpartition(":")[2])
    return f"{scheme}{separator}{secrets.hide(user)}@{host}{slash}{path}"
