"""Wrong in one way: takes the 304 or 404 that its own retry meets for a refusal."""

import alephee
import httpx


class Client(alephee.Client):
    def claim(self, reply: httpx.Response, *, is_repeated: bool) -> str:
        return (
            "refused"
            if is_repeated and reply.status_code in (304, 404)
            else super().claim(reply, is_repeated=is_repeated)
        )


alephee.main(Client)
