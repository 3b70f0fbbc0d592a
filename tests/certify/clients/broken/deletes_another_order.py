"""Wrong in one way: deletes another order where the first is refused."""

import httpx
import rxuniverse


class Client(rxuniverse.Client):
    def claim(self, reply: httpx.Response) -> str:
        if reply.status_code == 400:
            self.send("72545")
        return super().claim(reply)


rxuniverse.main(Client)
