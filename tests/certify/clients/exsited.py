"""Delete an order of Exsited, and say what became of it: gone (0), refused (3) or unknown (75)."""

from __future__ import annotations

import os
import sys
import time

import httpx

EXIT = {"gone": 0, "refused": 3, "unknown": 75}


class Client:
    """A client that gets a new token once, and tries four times."""

    tries = 4
    renewals = 1

    def __init__(self, base_url: str, token: str, credentials: dict[str, str]) -> None:
        self.http = httpx.Client(base_url=base_url, timeout=2)
        self.token = token
        self.credentials = credentials

    def delete(self, order: str) -> str:
        """Delete the order, and return the claim."""
        is_repeated, renewals = False, self.renewals
        for attempt in range(self.tries):
            try:
                reply = self.send(order)
                if reply.status_code == 401 and renewals and self.renew():
                    renewals -= 1
                    reply = self.send(order)
            except httpx.HTTPError:
                is_repeated = True
                self.pause(attempt)
                continue
            return self.claim(reply, is_repeated=is_repeated)
        return "unknown"

    def send(self, order: str) -> httpx.Response:
        """Send the deletion once."""
        return self.http.delete(f"/api/v3/orders/{order}", headers={"Authorization": f"Bearer {self.token}"})

    def renew(self) -> bool:
        """Get a new token with the credentials of the client; return whether there is one."""
        reply = self.http.post("/api/v1/oauth2/token", json={"grant_type": "client_credentials", **self.credentials})
        if reply.status_code != 200:
            return False
        self.token = reply.json()["access_token"]
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
    names = ("client_id", "client_secret", "redirect_uri")
    credentials = {name: os.environ[f"CERTIFY_{name.upper()}"] for name in names}
    sys.exit(EXIT[kind(base_url, os.environ["CERTIFY_TOKEN"], credentials).delete(order)])


if __name__ == "__main__":
    main()
