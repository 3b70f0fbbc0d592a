"""Delete an order of Alephee, and say what became of it: gone (0), refused (3) or unknown (75)."""

from __future__ import annotations

import sys
import time

import httpx

EXIT = {"gone": 0, "refused": 3, "unknown": 75}


class Client:
    """A client that tries four times. What a try without an answer did shows the next: the API is idempotent."""

    tries = 4

    def __init__(self, base_url: str, api_key: str, account: str) -> None:
        self.http = httpx.Client(base_url=base_url, params={"API_KEY": api_key, "accountId": account}, timeout=2)

    def delete(self, order: str) -> str:
        """Delete the order, and return the claim."""
        is_repeated = False
        for attempt in range(self.tries):
            try:
                reply = self.send(order)
            except httpx.HTTPError:
                is_repeated = True
                self.pause(attempt)
                continue
            if reply.status_code == 429:
                self.wait(reply)
            elif reply.status_code >= 500:
                is_repeated = True
                self.pause(attempt)
            else:
                return self.claim(reply, is_repeated=is_repeated)
        return "unknown"

    def send(self, order: str) -> httpx.Response:
        """Send the deletion once."""
        return self.http.delete("/v2/orders", params={"orderId": order})

    def claim(self, reply: httpx.Response, *, is_repeated: bool) -> str:
        """Return what a final answer means; what is not there after an own try is gone."""
        if reply.status_code in (204, 304):
            return "gone"
        if reply.status_code == 404:
            return "gone" if is_repeated else "refused"
        return "refused"

    def wait(self, reply: httpx.Response) -> None:
        """Wait as long as the vendor asks."""
        time.sleep(int(reply.headers["x-ratelimit-retryafter"]))

    def pause(self, attempt: int) -> None:
        """Wait before another try, longer each time."""
        time.sleep(0.2 * 2**attempt)


def main(kind: type[Client] = Client) -> None:
    """Delete the order that the arguments name: BASE_URL API_KEY ACCOUNT ORDER."""
    base_url, api_key, account, order = sys.argv[1:]
    sys.exit(EXIT[kind(base_url, api_key, account).delete(order)])


if __name__ == "__main__":
    main()
