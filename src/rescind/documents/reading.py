"""YAML and JSON files that users write: read safely, within bounds, and with the position of everything."""

from __future__ import annotations

import itertools
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import yaml

from rescind.documents.progress import progress
from rescind.errors import DocumentError, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 100
MAX_ALIASED_NODES = 100_000

Pointer = tuple[str | int, ...]
"""A path into a document: mapping keys and sequence indexes, outermost first."""

# What JSON can say, as the core schema of YAML 1.2 writes it: "no" is a word, and 12:30, 0x1F, .inf and 2026-11-20 stay
# the text that was written.
_CORE_SCHEMA = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("tag:yaml.org,2002:merge", r"^(?:<<)$", "<"),
)


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, which keeps to YAML 1.2 and refuses a key that is written twice."""

    report: Callable[[int], None]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        self.report(node.start_mark.line)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise _refusal(f"duplicate key {key.value!r}", key.start_mark)
                seen.add(key.value)
        return cast("dict[Any, Any]", super().construct_mapping(node, deep=deep))


def _refuse_tag(_: _Loader, node: yaml.Node) -> Any:
    raise _refusal(f"the tag {_short_tag(node)} has no JSON value", node.start_mark)


def _checked(construct: Callable[[Any, Any], Any]) -> Callable[[_Loader, yaml.Node], Any]:
    """Return the constructor of a tag that a value may not fit which was written with it."""

    def construct_checked(loader: _Loader, node: yaml.Node) -> Any:
        try:
            return construct(loader, node)
        except (KeyError, ValueError) as wrong:
            raise _refusal(f"{node.value!r} is not {_short_tag(node)}", node.start_mark) from wrong

    return construct_checked


def _short_tag(node: yaml.Node) -> str:
    return str(node.tag).replace("tag:yaml.org,2002:", "!!")


for _name in ("bool", "int", "float"):
    _known = f"tag:yaml.org,2002:{_name}"
    _Loader.add_constructor(_known, _checked(_Loader.yaml_constructors[_known]))
for _name in ("binary", "omap", "pairs", "set", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _refuse_tag)
for _tag, _pattern, _first in _CORE_SCHEMA:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), [char.replace("\0", "") for char in _first])


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


@dataclass(frozen=True)
class Document:
    """A file that was read: its ``data``, and on demand the position of each part of it."""

    path: Path
    text: str
    data: Any

    def finding(self, pointer: Sequence[str | int], problem: str, remedy: str = "") -> Finding:
        """Say what is wrong at ``pointer``, or at the nearest part around it that exists."""
        line, column = self.position(pointer)
        return Finding(str(self.path), line, column, problem, remedy)

    def position(self, pointer: Sequence[str | int]) -> tuple[int, int]:
        """Return line and column, from 1, of the key or item at ``pointer``, or of the nearest part around it."""
        node, mark = self._root, None
        for step in pointer:
            child = _child(node, str(step))
            if child is None:
                break
            node, mark = child
        if mark is None:
            mark = node.start_mark if node else None
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)

    @cached_property
    def _root(self) -> yaml.Node | None:
        return yaml.compose(self.text, Loader=_Loader)


def _child(node: yaml.Node | None, step: str) -> tuple[yaml.Node, yaml.Mark] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return value, key.start_mark
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        item = node.value[int(step)]
        return item, item.start_mark
    return None


def load(path: Path, error: type[DocumentError], max_bytes: int = MAX_BYTES) -> Document:
    """Read a YAML or JSON file.

    Raises ``error`` with the position of what is wrong: a file that cannot be read, is larger than ``max_bytes`` or
    not UTF-8, bad syntax, a key written twice, nesting beyond ``MAX_DEPTH``, aliases that expand beyond
    ``MAX_ALIASED_NODES`` nodes.
    """

    def refuse(problem: str, remedy: str, mark: yaml.Mark | None = None) -> DocumentError:
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        return error([Finding(str(path), line, column, problem, remedy)])

    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise refuse("is not a regular file", "name a file")
        size = status.st_size
        if size > max_bytes:
            raise refuse(f"the file has {size} bytes; at most {max_bytes} are read", "split it")
        text = path.read_bytes().decode()
    except OSError as failure:
        raise refuse(f"cannot be read: {failure.strerror}", "name a file that exists and is readable") from None
    except UnicodeDecodeError as failure:
        raise refuse(f"is not UTF-8 at byte {failure.start}", "save the file as UTF-8") from None
    try:
        return Document(path, text, _read(text, path.name))
    except yaml.MarkedYAMLError as failure:
        problem = ", ".join(filter(None, (failure.context, failure.problem)))
        raise refuse(problem, "correct the YAML at this place", failure.problem_mark or failure.context_mark) from None
    except (yaml.YAMLError, ValueError) as failure:
        raise refuse(str(failure).replace("\n", " "), "correct the YAML") from None


def dump(data: Any) -> str:
    """Format data as YAML, in its own order and without aliases, which people find hard to read."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _read(text: str, name: str) -> Any:
    loader = _Loader(text)
    loader.report = progress(f"{name}: lines read", text.count("\n"))
    try:
        root = loader.get_single_node()
        if root:
            _refuse_depth_and_bombs(root)
        return loader.construct_document(root) if root else None
    finally:
        loader.dispose()


def _refuse_depth_and_bombs(root: yaml.Node) -> None:
    """Refuse nesting that is too deep to work with (libyaml's own limit is a thousand), and aliases that expand."""
    weights: dict[int, int] = {}
    nodes = 1

    def weigh(node: yaml.Node, depth: int) -> int:
        nonlocal nodes
        known = weights.get(id(node))
        if known is not None:
            if known < 0:
                raise _refusal("an alias is inside its own anchor", node.start_mark)
            return known
        if depth > MAX_DEPTH:
            raise _refusal(f"nested deeper than {MAX_DEPTH} levels", node.start_mark)
        weights[id(node)] = -1
        parts = list(itertools.chain(*node.value) if isinstance(node, yaml.MappingNode) else node.value)
        nodes += len(parts)
        weight = 1
        for part in parts:
            weight += weigh(part, depth + 1) if isinstance(part, yaml.CollectionNode) else 1
        weights[id(node)] = weight
        return weight

    if isinstance(root, yaml.CollectionNode) and weigh(root, 1) > nodes + MAX_ALIASED_NODES:
        raise _refusal(f"aliases expand to more than {MAX_ALIASED_NODES} nodes", root.start_mark)


def _refusal(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.composer.ComposerError(None, None, problem, mark)
