"""Wrong in one way: gets a new token as long as the token is refused."""

import exsited
import httpx


class Client(exsited.Client):
    def send(self, order: str) -> httpx.Response:
        reply = super().send(order)
        return self.send(order) if reply.status_code == 401 and self.renew() else reply


exsited.main(Client)
