"""Connections to Redis, Valkey and clusters of them, by their URLs."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from rescind.errors import SettingsError

TIMEOUT_SECONDS: Final = 2
_DATABASE: Final = re.compile(r"/?[0-9]*")


def connect(url: str) -> Any:
    """Connect a client that tries everything once: a step that may have happened must not happen again.

    Raises SettingsError for a URL that is no address, and what redis-py raises if nobody answers there.
    """
    settings = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    once = Retry(NoBackoff(), 0)
    scheme, _, rest = url.partition("://")
    plain = f"{scheme.removesuffix('+cluster')}://{rest}"
    kind = RedisCluster if plain != url else Redis
    try:
        _refuse_other_than_a_number(plain)
        client: Any = kind.from_url(plain, retry=once, **settings)
        client.ping()
    except (ValueError, TypeError) as wrong:
        raise SettingsError(f"invalid store URL {shown(url)}: {wrong}; write redis://HOST:PORT/DB") from None
    return client


def _refuse_other_than_a_number(url: str) -> None:
    """Refuse an invalid database number, for which the client library would take 0."""
    parts = urlsplit(url)
    if parts.scheme != "unix" and not _DATABASE.fullmatch(parts.path):
        raise ValueError(f"invalid database number {parts.path[1:]!r}")


def shown(url: str) -> str:
    """Return the URL without its password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
