"""Wrong in one way: waits as the vendor asks, and never gives up."""

import alephee


class Client(alephee.Client):
    tries = 1_000_000


alephee.main(Client)
