"""A request as an operation reads it: path values, query, body."""

from __future__ import annotations

import io
import json
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.model import Request


FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FORMS: Final = (FORM, MULTIPART)


class Received:
    """A request that was matched to a path. ``query`` has the values of each query parameter, as they came.

    Text that is not UTF-8 keeps its bytes as lone surrogates, so that nothing is lost and validation can refuse it.
    ``spellings`` are the documented names of query parameters by their lower case, where the vendor ignores it.
    """

    def __init__(self, request: Request, path: Mapping[str, str], spellings: Mapping[str, str] | None = None) -> None:
        self.request = request
        self.path = path
        self.query = _parse_query(request.query)
        if spellings:
            self.query = _respelled(self.query, spellings)

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies; of a repeated one the first."""
        from werkzeug.sansio.http import parse_cookie  # noqa: PLC0415 - see ``load_cookie_parser``

        return parse_cookie(self.request.headers.get("cookie")).to_dict()

    @property
    def media_type(self) -> str:
        """The media type of the body, without parameters, in lower case; empty if the request has no Content-Type."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def json_fields(self) -> Mapping[str, Any]:
        """The fields of the body, if it is a JSON object."""
        try:
            body = self.json() if self.request.body else None
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def form(self) -> dict[str, str]:
        """Parse the body as a form, as its media type says; of a repeated field the first, and no files.

        Raises ValueError for text that is not UTF-8, and for parts that cannot be told apart.
        """
        if self.media_type == MULTIPART:
            return self._parts()
        fields = {name: values[0] for name, values in _parse_query(self.request.body.decode()).items()}
        if not all(is_text(text) for field in fields.items() for text in field):
            raise ValueError("it has text that is not UTF-8")
        return fields

    def _parts(self) -> dict[str, str]:
        from werkzeug.formparser import MultiPartParser  # noqa: PLC0415 - few calls need it
        from werkzeug.http import parse_options_header  # noqa: PLC0415

        body = self.request.body
        _, options = parse_options_header(self.request.headers.get("content-type"))
        boundary = options.get("boundary", "").encode()
        form, _ = MultiPartParser().parse(io.BytesIO(body), boundary, len(body))
        return form.to_dict()

    def parsed(self) -> Any:
        """Parse the body as its media type says: as a form or as JSON. Raises ValueError for what it is not."""
        return self.form() if self.media_type in FORMS else self.json()

    def json(self) -> Any:
        """Parse the body as JSON. Raises ValueError for invalid JSON."""
        return parse_json(self.request.body)


def load_cookie_parser() -> None:
    """Import the parser while a document is compiled that has a cookie: few do, and no call should wait for it."""
    import werkzeug.sansio.http  # noqa: F401, PLC0415


def parse_json(body: bytes) -> Any:
    """Parse JSON by RFC 8259, whose text is UTF-8. Raises ValueError, saying what is wrong."""
    try:
        value = _decode(body.decode())
        if rb"\u" in body:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeError:
        raise ValueError("it has text that is not UTF-8") from None
    return value


def decode_query(text: str) -> str:
    """Decode a name or value of a query string."""
    return unquote_plus(text, errors="surrogateescape") if "%" in text or "+" in text else text


def decode_path(text: str) -> str:
    """Decode a segment of a path."""
    return unquote(text, errors="surrogateescape") if "%" in text else text


def is_text(value: str) -> bool:
    """Return whether the value was UTF-8 on the wire."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse_query(query: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    is_plain = "%" not in query and "+" not in query
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            if not is_plain:
                name, value = decode_query(name), decode_query(value)
            values.setdefault(name, []).append(value)
    return values


def _respelled(query: dict[str, list[str]], spellings: Mapping[str, str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, given in query.items():
        values.setdefault(spellings.get(name.lower(), name), []).extend(given)
    return values


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not valid JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode
