"""Real clients as their users configure them: who is certified, and why not. ``python tests/certify/real.py`` writes the table."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo import ARGUMENTS, CLIENTS, broken_requirements, certified

from rescind.certify.certificate import Certificate
from rescind.certify.requirements import requirements

DOCS = Path(__file__).parent.parent.parent / "docs" / "certify.md"
BEGIN, END = "<!-- real clients: python tests/certify/real.py -->\n", "<!-- end of real clients -->"
REAL = CLIENTS / "real"
CURL_CLAIMS = ("22=refused", "28=unknown", "52=unknown", "56=unknown", "18=unknown", "16=unknown")
COMMANDS = {
    "curl `--retry`": ("bash", str(REAL / "with_curl.sh")),
    "requests, `Retry`": (sys.executable, str(REAL / "with_requests.py")),
    "httpx": (sys.executable, str(REAL / "with_httpx.py")),
    "aiohttp": (sys.executable, str(REAL / "with_aiohttp.py")),
    "`fetch` of Node": (str(shutil.which("node")), str(REAL / "with_fetch.mjs")),
}


def cell(certificate: Certificate) -> str:
    """Return the verdict, and the numbers of the requirements that are broken."""
    broken = broken_requirements(certificate)
    numbers = [one.number for one in requirements() if one.name in broken]
    musts = [number for number in numbers if number.startswith("MUST")]
    shoulds = [number.removeprefix("SHOULD ") for number in numbers if number.startswith("SHOULD")]
    said = f"no: MUST {', '.join(number.removeprefix('MUST ') for number in musts)}" if musts else "certified"
    return f"{said}; SHOULD {', '.join(shoulds)}" if shoulds else said


def table(vendors: Sequence[str] = tuple(ARGUMENTS)) -> str:
    """Certify every client with the vendors."""
    lines = [f"| client | {' | '.join(vendors)} |", f"| --- |{' --- |' * len(vendors)}"]
    for name, command in COMMANDS.items():
        claims = CURL_CLAIMS if "curl" in name else ()
        cells = [cell(certified(vendor, *command, vendor, timeout=12, claim=claims)) for vendor in vendors]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = DOCS.read_text()
    before, _, rest = text.partition(BEGIN)
    DOCS.write_text(before + BEGIN + table() + END + rest.partition(END)[2])
