"""A client as a command: placeholders filled in, run once, and what it claims."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rescind.certify.advice import CLAIMS
from rescind.errors import SettingsError, nearest
from rescind.testing.processes import run_process

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping, Sequence

    from rescind.testing.processes import Ended

EXIT_CODES: Final = {0: "gone", 3: "refused", 75: "unknown", 1: "unknown"}
"""What an exit code claims, unless the client or its user says otherwise."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNCAUGHT = re.compile(
    r"^Traceback \(most recent call last\):|^Node\.js v\d|^Exception in thread \"|^panic: |^Unhandled exception\."
    r"|^[^\s:]+\.rb:\d+:in ",
    re.MULTILINE,
)
"""How Python, Node, the JVM, Go, .NET and Ruby print an exception that nothing caught."""

_LONGEST = 500


@dataclass(frozen=True)
class Command:
    """The command of a client. ``claims`` says what an exit code claims."""

    argv: tuple[str, ...]
    claims: Mapping[int, str]

    def check(self, placeholders: Iterable[str]) -> None:
        """Raise SettingsError for a program that cannot be run, and for an unknown placeholder."""
        if not self.argv:
            raise SettingsError("missing command: write it after --, such as: -- python client.py {base_url} {order}")
        _refuse_program(self.argv[0])
        known = [*placeholders]
        for word in self.argv:
            for found in _PLACEHOLDER.finditer(word):
                if found[1] is not None and found[1] not in known:
                    raise SettingsError(
                        f"unknown placeholder {found[0]}; did you mean {{{nearest(found[1], known)}}}? There are: "
                        f"{', '.join(f'{{{name}}}' for name in known)}; write {{{{ and }}}} for braces of your own"
                    )

    def run(self, gives: Mapping[str, str], timeout_seconds: float, stop: threading.Event) -> dict[str, Any]:
        """Run the client once, and return its run as the control API takes it, without times."""
        argv = [_filled(word, gives) for word in self.argv]
        given = {f"CERTIFY_{name.upper()}": value for name, value in gives.items()}
        try:
            ended = run_process(argv, {**os.environ, **given, **_without_proxy()}, timeout_seconds, stop)
        except OSError as failure:
            raise SettingsError(f"cannot run {argv[0]}: {failure.strerror}; check the command after --") from None
        return self._read(ended)

    def _read(self, ended: Ended) -> dict[str, Any]:
        if ended.timed_out:
            return {"claim": None, "timed_out": True}
        run = _last_line(ended.stdout)
        if ended.code < 0:
            return {**run, "crash": f"ended by {_signal_name(-ended.code)}"}
        if run:
            return run
        is_silent = ended.code not in self.claims or (ended.code == 1 and self.claims[1] == EXIT_CODES[1])
        uncaught = _uncaught(ended.stderr) if is_silent else None
        if uncaught:
            return {"claim": "unknown", "uncaught": uncaught}
        if ended.code not in self.claims:
            said = _cut(ended.stderr.strip().rpartition("\n")[2])
            last = f"; the last it said is: {said}" if said else ""
            mapped = f"map it with --claim {ended.code}=CLAIM{last}"
            return {"claim": None, "crash": f"ended with exit code {ended.code}, which has no meaning; {mapped}"}
        return {"claim": self.claims[ended.code], "detail": f"exit code {ended.code}"}


def parse_claims(texts: Sequence[str]) -> dict[int, str]:
    """Parse ``CODE=CLAIM`` and add them to the defaults. Raises SettingsError for one that is no such pair."""
    claims = dict(EXIT_CODES)
    for text in texts:
        code, _, claim = text.partition("=")
        if not (code.isascii() and code.isdecimal() and int(code) <= 255) or claim not in CLAIMS:  # noqa: PLR2004 - the last code
            raise SettingsError(
                f"invalid claim {text!r}: expected CODE=CLAIM, such as 22=refused; a claim is {_either()}"
            )
        claims[int(code)] = claim
    return claims


def _refuse_program(program: str) -> None:
    if shutil.which(program):
        return
    if os.path.exists(program):  # noqa: PTH110 - no Path: the program may be a plain name
        remedy = "make it executable with chmod +x, or name its interpreter first"
        raise SettingsError(f"cannot run {program}: it is not executable; {remedy}")
    raise SettingsError(f"cannot run {program}: there is no such command; check the words after --")


def _filled(word: str, gives: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: gives[found[1]] if found[1] else found[0][0], word)


def _without_proxy() -> dict[str, str]:
    """Return the variables that keep a client from asking a proxy for loopback."""
    kept = [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1", "localhost", "::1"]
    value = ",".join(filter(None, kept))
    return {"NO_PROXY": value, "no_proxy": value}


def _last_line(stdout: str) -> dict[str, Any]:
    """Return the claim on the last line of the output; empty if it is no JSON object with a claim."""
    line = stdout.rstrip().rpartition("\n")[2]
    if not line.lstrip().startswith("{"):
        return {}
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or "claim" not in said:
        is_meant = '"claim"' in line.lower()
        crash = f'has {_cut(line)} on its last line, which is not a JSON object with "claim"'
        return {"claim": None, "crash": crash} if is_meant else {}
    claim, detail = said["claim"], said.get("detail", "")
    detail = detail if isinstance(detail, str) else json.dumps(detail)
    if claim not in CLAIMS:
        return {"claim": None, "crash": f"claims {_cut(json.dumps(claim))} on its last line; a claim is {_either()}"}
    return {"claim": claim, "detail": _cut(detail)}


def _uncaught(stderr: str) -> str | None:
    """Return the last words of an exception that nothing caught; None if there is no sign of one."""
    if not _UNCAUGHT.search(stderr):
        return None
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|panic)\b", line)]
    return _cut((named or lines)[-1])


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _either() -> str:
    return f"{', '.join(CLAIMS[:-1])} or {CLAIMS[-1]}"


def _cut(text: str) -> str:
    """Cut a long text, and replace what UTF-8 cannot have."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
