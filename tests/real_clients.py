"""How real HTTP clients show what a server does to them: each function sends one DELETE, and tells what its user sees."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING

import aiohttp
import httpx
import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[[str], str]

TIMEOUT_SECONDS = 2

_NODE = """
const timeout = AbortSignal.timeout(Number(process.argv[2]) * 1000)
try {
  const reply = await fetch(process.argv[1], { method: 'DELETE', signal: timeout })
  await reply.text()
  console.log(reply.status)
} catch (error) {
  console.log([error.name, error.cause?.code ?? error.cause?.name].filter(Boolean).join(': '))
}
"""


def by_requests(url: str) -> str:
    try:
        return str(requests.delete(url, timeout=TIMEOUT_SECONDS).status_code)
    except requests.RequestException as error:
        return _named(error)


def by_httpx(url: str) -> str:
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            return str(client.delete(url).status_code)
    except httpx.HTTPError as error:
        return _named(error)


def by_async_httpx(url: str) -> str:
    async def send() -> str:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            return str((await client.delete(url)).status_code)

    try:
        return asyncio.run(send())
    except httpx.HTTPError as error:
        return _named(error)


def by_aiohttp(url: str) -> str:
    async def send() -> str:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.delete(url) as reply:
            await reply.read()
            return str(reply.status)

    try:
        return asyncio.run(send())
    except (aiohttp.ClientError, TimeoutError) as error:
        return _named(error)


def by_urllib3(url: str) -> str:
    """Without retries, which would hide what happens."""
    try:
        with urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False) as pool:
            return str(pool.request("DELETE", url).status)
    except urllib3.exceptions.HTTPError as error:
        return _named(error)


def by_curl(url: str) -> str:
    command = ["curl", "-sX", "DELETE", "-m", str(TIMEOUT_SECONDS), "-o", "/dev/null", "-w", "%{http_code}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"exit {done.returncode}" if done.returncode else done.stdout


def by_node(url: str) -> str:
    command = ["node", "--input-type=module", "-e", _NODE, url, str(TIMEOUT_SECONDS)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


CLIENTS: dict[str, Client] = {
    "requests": by_requests,
    "httpx": by_httpx,
    "httpx async": by_async_httpx,
    "aiohttp": by_aiohttp,
    "urllib3": by_urllib3,
    "curl": by_curl,
    "Node fetch": by_node,
}


def _named(error: BaseException) -> str:
    return type(error).__name__
