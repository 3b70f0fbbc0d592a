"""Wrong in one way: never gets a new token."""

import ecommerce


class Client(ecommerce.Client):
    def renew(self) -> bool:
        return False


ecommerce.main(Client)
