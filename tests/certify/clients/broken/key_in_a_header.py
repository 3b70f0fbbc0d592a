"""Wrong in one way: sends the key in a header, and not in the query."""

import alephee
import httpx


class Client(alephee.Client):
    def __init__(self, base_url: str, api_key: str, account: str) -> None:
        super().__init__(base_url, api_key, account)
        self.http = httpx.Client(
            base_url=base_url, params={"accountId": account}, headers={"X-Api-Key": api_key}, timeout=2
        )


alephee.main(Client)
