"""Wrong in one way: waits for a reply as long as it takes."""

import ecommerce
import httpx


class Client(ecommerce.Client):
    def __init__(self, base_url: str, tokens: dict[str, str], login: dict[str, str]) -> None:
        super().__init__(base_url, tokens, login)
        self.http = httpx.Client(base_url=base_url, timeout=None)


ecommerce.main(Client)
