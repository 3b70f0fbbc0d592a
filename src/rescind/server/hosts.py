"""Reading the names of hosts in headers."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_HOST = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*))"
    r"(?::(?P<port>[0-9]{0,5}))?"
)
_LAST_PORT = 65_535


@lru_cache(maxsize=256)
def host_name(text: str) -> str | None:
    """Parse ``HOST[:PORT]`` (RFC 3986, section 3.2): the name or address without brackets, None if invalid."""
    found = _HOST.fullmatch(text)
    if found is None or int(found["port"] or 0) > _LAST_PORT:
        return None
    if found["address"] is None:
        return found["name"]
    try:
        return str(ipaddress.IPv6Address(found["address"]))
    except ValueError:
        return None


def is_host(text: str) -> bool:
    """Return whether the text can stand in a Host header."""
    return bool(host_name(text))
