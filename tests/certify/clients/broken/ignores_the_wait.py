"""Wrong in one way: tries again at once after 429, whatever the vendor asks."""

import alephee
import httpx


class Client(alephee.Client):
    def wait(self, reply: httpx.Response) -> None:
        pass


alephee.main(Client)
