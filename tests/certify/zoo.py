"""The clients of the zoo, as a user certifies them: each in a process of its own, in every scenario of its vendor."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from rescind.certify.certificate import Certificate
from rescind.testing.certifier import Certifier, CertifyOptions

CLIENTS = Path(__file__).parent / "clients"
ARGUMENTS = {
    "alephee": ("{base_url}", "{api_key}", "{account}", "{order}"),
    "ecommerce": ("{base_url}", "{order}"),
    "exsited": ("{base_url}", "{order}"),
    "rxuniverse": ("{base_url}", "{order}"),
}
BROKEN = {
    "crashes_on_an_empty_body": ("exsited", {"tell_final", "tolerance", "no_uncaught_exception"}),
    "deletes_another_order": ("rxuniverse", {"one_effect"}),
    "ignores_the_wait": ("alephee", {"pacing"}),
    "key_in_a_header": ("alephee", {"secrets"}),
    "lost_reply_is_refused": ("exsited", {"no_false_claim", "find_out"}),
    "never_renews": ("ecommerce", {"renew_credential"}),
    "never_times_out": ("ecommerce", {"patience"}),
    "own_deletion_is_refused": ("alephee", {"no_false_claim"}),
    "renews_in_a_loop": ("exsited", {"bounded"}),
    "retries_refusals": ("alephee", {"no_blind_retry"}),
    "sends_twice_at_once": ("exsited", {"one_effect"}),
    "timeout_is_gone": ("rxuniverse", {"no_false_claim", "find_out"}),
    "trusts_a_truncated_reply": ("rxuniverse", {"no_false_claim", "find_out"}),
    "waits_for_ever": ("alephee", {"bounded"}),
}
"""The vendor of each broken client, and the requirements that it breaks: no other, and all of them."""

HONEST = ("never_retries", "raises", "three_retries", "urllib3_retry")
NODE = shutil.which("node")


def certified(vendor: str, *command: str, timeout: float = 8, **options: object) -> Certificate:
    """Certify a command, which may import the model clients."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(CLIENTS), str(CLIENTS / "honest")])
    chosen = CertifyOptions(vendor, timeout=timeout, jobs=8, **options)  # type: ignore[arg-type]
    return Certifier(chosen).certify(command, lambda: None)


def python(*words: str) -> tuple[str, ...]:
    """Return the command that runs a client."""
    return sys.executable, str(CLIENTS / words[0]), *words[1:]


def broken_requirements(certificate: Certificate) -> dict[str, list[str]]:
    """Return the requirements that were broken, each with what happened and where."""
    found: dict[str, list[str]] = {}
    for one in certificate["scenarios"]:
        for finding in one["findings"]:
            found.setdefault(finding["requirement"], []).append(f"{one['scenario']['id']}: {finding['happened']}")
    return found
