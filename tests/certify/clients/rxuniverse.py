"""Cancel an order of RxUniverse, and say what became of it: gone (0), refused (3) or unknown (75)."""

from __future__ import annotations

import sys
import time

import httpx

EXIT = {"gone": 0, "refused": 3, "unknown": 75}
MARKED = "Order marked for cancelation"


class Client:
    """A client that reads the status of the order after a try without an answer, before it tries again."""

    tries = 4

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=f"{base_url}/api/v2", timeout=2)

    def cancel(self, order: str) -> str:
        """Cancel the order, and return the claim."""
        for attempt in range(self.tries):
            try:
                if attempt and self.is_cancelled(order):
                    return "gone"
                return self.claim(self.send(order))
            except httpx.HTTPError:
                self.pause(attempt)
        return "unknown"

    def send(self, order: str) -> httpx.Response:
        """Send the cancellation once."""
        return self.http.delete(f"/orders/{order}")

    def claim(self, reply: httpx.Response) -> str:
        """Return what the answer to a first try means."""
        return "gone" if reply.status_code == 200 else "refused"

    def is_cancelled(self, order: str) -> bool:
        """Read the status, and return whether the order is marked for cancellation."""
        return MARKED in self.http.get(f"/orders/{order}/status").text

    def pause(self, attempt: int) -> None:
        """Wait before another try, longer each time."""
        time.sleep(0.2 * 2**attempt)


def main(kind: type[Client] = Client) -> None:
    """Cancel the order that the arguments name: BASE_URL ORDER."""
    base_url, order = sys.argv[1:]
    sys.exit(EXIT[kind(base_url).cancel(order)])


if __name__ == "__main__":
    main()
