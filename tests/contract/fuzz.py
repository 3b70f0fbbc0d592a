"""Schemathesis against both doors: each document in a sandbox of its own. ``make fuzz`` runs it.

The seed is random and printed; ``FUZZ_SEED=N make fuzz`` repeats a run, since nothing of an earlier run feeds it.
``fuzz.py --wsgi`` calls the Flask app in the process instead of a server.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support import ROOT, serving

DOCUMENTS = ("alephee", "ecommerce", "exsited", "rxuniverse", "control")


def main() -> int:
    """Fuzz every document. Returns 0 if nothing was found."""
    seed = os.environ.get("FUZZ_SEED") or str(secrets.randbelow(2**32))
    door = "the Flask app" if "--wsgi" in sys.argv else "rescind serve"
    print(f"Fuzzing {door} with seed {seed}", flush=True)
    codes = by_wsgi(seed) if "--wsgi" in sys.argv else by_socket(seed)
    failed = [name for name, code in codes.items() if code]
    print(f"Seed {seed}: {len(DOCUMENTS) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}".rstrip())
    return 1 if failed else 0


def by_socket(seed: str) -> dict[str, int]:
    """Fuzz a server."""
    with serving() as server:
        return {
            name: fuzz(f"{server.url}/~fuzz-{name}/_rescind/specs/{name}.yaml", "--seed", seed) for name in DOCUMENTS
        }


def by_wsgi(seed: str) -> dict[str, int]:
    """Fuzz the app: ``schemathesis.openapi.from_wsgi`` in a session of pytest, with the checks and the configuration."""
    test = str(Path(__file__).with_name("wsgi_cases.py"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:rescind",
        f"--hypothesis-seed={seed}",
        test,
    ]
    return {
        name: subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, "FUZZ_DOCUMENT": name}).returncode
        for name in DOCUMENTS
    }


def fuzz(url: str, *options: str) -> int:
    """Run every phase and every check against the document at ``url``."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "schemathesis.toml"), "run", url]
    # Every check runs unless told otherwise; naming them here would override what the configuration says of operations.
    options = ("--no-color", "--generation-database=none", *options)
    with tempfile.TemporaryDirectory() as folder:  # nothing is left there, and nothing is found there
        return subprocess.run([*command, *options], check=False, cwd=folder).returncode


if __name__ == "__main__":
    raise SystemExit(main())
