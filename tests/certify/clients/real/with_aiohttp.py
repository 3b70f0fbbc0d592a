"""aiohttp with its own timeout of five minutes; it repeats a deletion by itself where the connection breaks."""

import asyncio
import sys

import aiohttp
from plain import deletion


async def main() -> int:
    url, headers = deletion()
    async with aiohttp.ClientSession() as session:
        try:
            async with session.delete(url, headers=headers, raise_for_status=True) as reply:
                await reply.read()
        except aiohttp.ClientResponseError as refusal:
            return 3 if refusal.status >= 400 else 75
        except (aiohttp.ClientError, TimeoutError):
            return 75
    return 0


sys.exit(asyncio.run(main()))
