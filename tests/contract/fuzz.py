"""Schemathesis against a running server: each document in a sandbox of its own. ``make fuzz`` runs it.

The seed is random and printed; ``FUZZ_SEED=N make fuzz`` repeats a run.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support import ROOT, serving

DOCUMENTS = ("alephee", "ecommerce", "exsited", "rxuniverse", "control")


def main() -> int:
    """Fuzz every document. Returns 0 if nothing was found."""
    seed = os.environ.get("FUZZ_SEED") or str(secrets.randbelow(2**32))
    print(f"Fuzzing with seed {seed}", flush=True)
    with serving() as server:
        codes = {
            name: fuzz(f"{server.url}/~fuzz-{name}/_rescind/specs/{name}.yaml", "--seed", seed) for name in DOCUMENTS
        }
    failed = [name for name, code in codes.items() if code]
    print(f"Seed {seed}: {len(DOCUMENTS) - len(failed)} passed, {len(failed)} failed {' '.join(failed)}".rstrip())
    return 1 if failed else 0


def fuzz(url: str, *options: str) -> int:
    """Run every phase and every check against the document at ``url``."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "schemathesis.toml"), "run", url]
    return subprocess.run([*command, "--checks", "all", "--no-color", *options], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    raise SystemExit(main())
