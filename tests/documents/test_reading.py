"""Files that users write: what is wrong with them is said with its place, and nothing brings the reader down."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.documents.reading import MAX_DEPTH, load
from rescind.errors import DocumentError, FixtureError

BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def refusal(path: Path, content: bytes | str) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FixtureError) as caught:
        load(path, FixtureError)
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("orders:\n  1: {a: 1}\n  1: {a: 2}\n", ":3:3: duplicate key '1'"),
        ("orders:\n  1: {a: 1}\n  '1': {a: 2}\n", ":3:3: duplicate key '1'"),
        ("a: [1\nb: 2", ":2:2: while parsing a flow sequence"),
        ("\ta: 1", ":1:1: while scanning"),
        ("a: !!bool maybe", ":1:4: 'maybe' is not !!bool"),
        ("a: {b: !!int x}", ":1:8: 'x' is not !!int"),
        ("a: !!float {b: 1}", ":1:4: expected a scalar node"),
        ("- !!timestamp x", ":1:3: the tag !!timestamp has no JSON value"),
        ("a: !!timestamp 2026-11-20", ":1:4: the tag !!timestamp has no JSON value"),
        ("a: !!binary é", ":1:4: the tag !!binary has no JSON value"),
        ("a: !!set {b}", ":1:4: the tag !!set has no JSON value"),
        ("a: !!python/object/apply:os.system [ls]", ":1:4: could not determine a constructor"),
        ("[" * 500 + "]" * 500, f":1:{MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
        ("- " * 500 + "a", f":1:{2 * MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
        ("[ # ]\n" * 500 + "]" * 500, f":{MAX_DEPTH + 1}:1: nested deeper than {MAX_DEPTH} levels"),
        (BOMB, ":1:1: aliases expand to more than 100000 nodes"),
        ("a: &a [*a]", ":1:4: an alias is inside its own anchor"),
        (b"a: \xff", ": is not UTF-8 at byte 3"),
    ],
)
def test_refusal_says_where_and_what(tmp_path: Path, content: bytes | str, expected: str) -> None:
    message = refusal(tmp_path / "file.yaml", content)
    assert message.startswith(expected)
    assert "remedy: " in message


@pytest.mark.parametrize(
    "content", ["[" * 100_000, "- " * 50_000 + "a", "[ # ]\n" * 50_000, "{a: " * 50_000, "? " * 50_000]
)
def test_nesting_beyond_the_stack_is_refused(tmp_path: Path, content: str) -> None:
    # libyaml's own limit, without which it would overflow the stack.
    assert "exceeded maximum nesting depth" in refusal(tmp_path / "file.yaml", content)


def test_missing_file_and_large_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FixtureError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml", FixtureError)
    large = tmp_path / "large.yaml"
    large.write_text("a: 123456789")
    with pytest.raises(FixtureError, match="has 12 bytes; at most 10 are read"):
        load(large, FixtureError, max_bytes=10)


def test_words_and_dates_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("{country: NO, on: yes, at: 12:30, day: 2026-11-20, old: 0o17, n: 42, f: 1.5, t: true, z: null}")
    assert load(path, FixtureError).data == {
        "country": "NO", "on": "yes", "at": "12:30", "day": "2026-11-20", "old": "0o17",
        "n": 42, "f": 1.5, "t": True, "z": None,
    }  # fmt: skip


def test_merge_keys_and_modest_aliases_work(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\n")
    assert load(path, FixtureError).data["more"] == {"a": 1, "b": 3}


def test_positions_are_those_of_keys_and_items(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a:\n  b:\n    - x\n    - {c: 1}\n")
    document = load(path, FixtureError)
    assert document.position(("a", "b")) == (2, 3)
    assert document.position(("a", "b", 1)) == (4, 7)
    assert document.position(("a", "b", 1, "c")) == (4, 8)
    assert document.position(("a", "nothing", "here")) == (1, 1)


@given(st.binary(max_size=200) | st.text(alphabet="-[]{}:&*!|>%@`'\"#,? \n\tab01", max_size=200).map(str.encode))
def test_any_bytes_load_or_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    with suppress(DocumentError):
        load(path, DocumentError)
