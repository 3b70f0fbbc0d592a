"""Wrong in one way: sends the deletion twice at once, and takes the better answer."""

from concurrent.futures import ThreadPoolExecutor

import exsited
import httpx


class Client(exsited.Client):
    def send(self, order: str) -> httpx.Response:
        with ThreadPoolExecutor(2) as pool:
            first, second = (pool.submit(super(Client, self).send, order) for _ in range(2))
        replies = [one.result() for one in (first, second) if one.exception() is None]
        return min(replies, key=lambda reply: reply.status_code) if replies else first.result()

    def claim(self, reply: httpx.Response, *, is_repeated: bool) -> str:
        return super().claim(reply, is_repeated=True)


exsited.main(Client)
