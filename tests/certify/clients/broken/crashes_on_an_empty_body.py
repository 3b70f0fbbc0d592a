"""Wrong in one way: parses every body as JSON, an empty one too."""

import exsited
import httpx


class Client(exsited.Client):
    def claim(self, reply: httpx.Response, *, is_repeated: bool) -> str:
        reply.json()
        return super().claim(reply, is_repeated=is_repeated)


exsited.main(Client)
