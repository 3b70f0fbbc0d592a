"""Delete an order of the shop, and say what became of it: gone (0), refused (3) or unknown (75)."""

from __future__ import annotations

import os
import sys
import time

import httpx

EXIT = {"gone": 0, "refused": 3, "unknown": 75}


class Client:
    """A client that refreshes its token once, or signs in again, and tries four times."""

    tries = 4

    def __init__(self, base_url: str, tokens: dict[str, str], login: dict[str, str]) -> None:
        self.http = httpx.Client(base_url=base_url, timeout=2)
        self.tokens = tokens
        self.login = login

    def delete(self, order: str) -> str:
        """Delete the order, and return the claim."""
        is_repeated, may_renew = False, True
        for attempt in range(self.tries):
            try:
                reply = self.send(order)
                if reply.status_code == 401 and may_renew and self.renew():
                    may_renew = False
                    reply = self.send(order)
            except httpx.HTTPError:
                is_repeated = True
                self.pause(attempt)
                continue
            return self.claim(reply, is_repeated=is_repeated)
        return "unknown"

    def send(self, order: str) -> httpx.Response:
        """Send the deletion once."""
        headers = {"Authorization": f"Bearer {self.tokens['access']}"}
        return self.http.delete(f"/api/v1/i/orders/{order}/", headers=headers)

    def renew(self) -> bool:
        """Get a new access token, and return whether there is one."""
        reply = self.http.post("/auth/token/refresh/", json={"refresh": self.tokens["refresh"]})
        if reply.status_code == 401:
            reply = self.http.post("/auth/token/", json=self.login)
        if reply.status_code != 200:
            return False
        self.tokens |= reply.json()
        return True

    def claim(self, reply: httpx.Response, *, is_repeated: bool) -> str:
        """Return what a final answer means; what is not there after an own try is gone."""
        if reply.status_code == 204 or (reply.status_code == 404 and is_repeated):
            return "gone"
        return "refused"

    def pause(self, attempt: int) -> None:
        """Wait before another try, longer each time."""
        time.sleep(0.2 * 2**attempt)


def main(kind: type[Client] = Client) -> None:
    """Delete the order that the arguments name: BASE_URL ORDER; the credentials are in the environment."""
    base_url, order = sys.argv[1:]
    tokens = {"access": os.environ["CERTIFY_TOKEN"], "refresh": os.environ["CERTIFY_REFRESH_TOKEN"]}
    login = {"email": os.environ["CERTIFY_EMAIL"], "password": os.environ["CERTIFY_PASSWORD"]}
    sys.exit(EXIT[kind(base_url, tokens, login).delete(order)])


if __name__ == "__main__":
    main()
