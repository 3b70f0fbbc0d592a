"""Wrong in one way: takes a reply that was lost for a refusal."""

import exsited
import httpx


class Client(exsited.Client):
    def delete(self, order: str) -> str:
        try:
            return super().delete(order)
        except ConnectionError:
            return "refused"

    def send(self, order: str) -> httpx.Response:
        try:
            return super().send(order)
        except httpx.HTTPError as lost:
            raise ConnectionError from lost


exsited.main(Client)
