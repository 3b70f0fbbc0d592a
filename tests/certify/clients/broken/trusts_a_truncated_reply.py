"""Wrong in one way: looks at the status, and never whether the reply was whole."""

import httpx
import rxuniverse


class Client(rxuniverse.Client):
    def send(self, order: str) -> httpx.Response:
        with self.http.stream("DELETE", f"/orders/{order}") as reply:
            return reply


rxuniverse.main(Client)
