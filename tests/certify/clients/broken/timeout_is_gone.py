"""Wrong in one way: takes a reply that does not come in time for a success."""

import httpx
import rxuniverse


class Client(rxuniverse.Client):
    def send(self, order: str) -> httpx.Response:
        try:
            return super().send(order)
        except httpx.TimeoutException:
            return httpx.Response(200)


rxuniverse.main(Client)
