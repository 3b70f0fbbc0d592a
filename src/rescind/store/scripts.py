"""The scripts that Redis runs: each is one step that happens whole."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from redis import Redis
from redis.exceptions import NoScriptError, OutOfMemoryError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Committed(NamedTuple):
    """What a commit answers: whether it happened, the version now, and the changes that were missed."""

    happened: int
    version: bytes
    missed: Sequence[bytes] = ()


class Scripts:
    """The scripts, as a client calls them: by their hashes, and whole where the server does not know them yet."""

    def __init__(self, client: Any) -> None:
        self._client = client
        text = _text_of("commit")
        self._sha = sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._commit_script = client.register_script(text)
        self.read = client.register_script(_text_of("read"))
        self.correct = client.register_script(_text_of("correct"))

    def commit_all(self, calls: Sequence[tuple[list[str], list[Any]]]) -> list[Committed | ResponseError]:
        """Commit each, in one round trip where there are several. A cluster has no pipelines for scripts."""
        if len(calls) <= 1 or not isinstance(self._client, Redis):
            return [self._commit(keys, args) for keys, args in calls]
        pipeline = self._client.pipeline(transaction=False)
        for keys, args in calls:
            pipeline.evalsha(self._sha, len(keys), *keys, *args)
        found = pipeline.execute(raise_on_error=False)
        return [
            reply
            if isinstance(reply, ResponseError) and not isinstance(reply, NoScriptError)
            else self._commit(*call)  # the server has been restarted, and has lost the script
            if isinstance(reply, Exception)
            else Committed(*reply)
            for reply, call in zip(found, calls, strict=True)
        ]

    def _commit(self, keys: Sequence[str], args: Sequence[Any]) -> Committed | ResponseError:
        try:
            return Committed(*self._commit_script(keys=keys, args=args))
        except OutOfMemoryError:
            raise
        except ResponseError as wrong:
            return wrong


def _text_of(name: str) -> str:
    return (Path(__file__).parent / f"{name}.lua").read_text()
