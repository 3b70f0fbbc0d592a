"""Wrong in one way: tries again after an answer that is final."""

import alephee
import httpx


class Client(alephee.Client):
    def send(self, order: str) -> httpx.Response:
        reply = super().send(order)
        return super().send(order) if reply.status_code in (400, 401, 403, 412) else reply


alephee.main(Client)
