from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.contract.expressions import MISSING, Scope, compile_template
from rescind.contract.received import Received, parse_json
from rescind.contract.replies import HeaderText, compile_example
from rescind.model import Code, Evidence, Outcome, Provenance, Request

OUTCOME = Outcome("v", "op", "name", 404, "d", Provenance(Evidence("assumed"), Evidence("assumed"), None), {})
JSON = "application/json"


def received(query: str = "", **headers: str) -> Received:
    return Received(Request("DELETE", "/a/1", query, headers, b"", "http://h"), {"id": "1"})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("no expression", "no expression"),
        ("{$request.path.id}", "1"),
        ("<{$request.query.q}|{$request.header.X}>", "<a b|y>"),
        ("{$url} {$method}", "http://h/a/1 DELETE"),
        ("{$order.size}", 7),
        ("size {$order.size}", "size 7"),
        ("{$order.none}", MISSING),
        ("a {$request.query.none} b", MISSING),
        ("{$nothing.at.all}", MISSING),
    ],
)
def test_expression_gives_what_the_exchange_has(template: str, expected: object) -> None:
    scope = Scope(received("q=a+b&q=c", x="y"), {"order": {"size": 7}})
    assert compile_template(template)(scope) == expected


@pytest.mark.parametrize("template", ["{$request.body.x}", "{$response.body#/x}", "{$request.path}"])
def test_expression_that_means_nothing_here_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="the expression"):
        compile_template(template)


def test_value_that_is_not_there_leaves_the_example_as_it_stands() -> None:
    example = compile_example(
        OUTCOME, JSON, {"a": ["was"], "b": 1}, {"/a/0": "is {$request.query.q}"}, {"X": HeaderText("{$x.y}")}
    )
    assert json.loads(example.reply(received("q=1"), {}).body) == {"a": ["is 1"], "b": 1}
    kept = example.reply(received(), {})
    assert json.loads(kept.body) == {"a": ["was"], "b": 1}
    assert kept.headers == (("Content-Type", JSON),)
    assert example.reply(received(), {"x": {"y": 5}}).headers[0] == ("X", "5")


def test_header_whose_value_is_not_there_has_its_example() -> None:
    example = compile_example(OUTCOME, None, None, {}, {"X": HeaderText("{$x.y}", "shown")})
    assert example.reply(received(), {}).headers == (("X", "shown"),)
    assert example.reply(received(), {"x": {"y": "filled"}}).headers == (("X", "filled"),)


def test_code_is_shown_as_its_text_and_text_of_a_client_is_not() -> None:
    example = compile_example(OUTCOME, JSON, {"a": []}, {"/a": "{$a}"}, {}, texts={"gone": "It is gone."})
    assert example.reply(received(), {"a": [Code("gone"), "gone"]}).body == b'{"a":["It is gone.","gone"]}'


def test_example_without_templates_is_built_once() -> None:
    example = compile_example(OUTCOME, JSON, {"a": 1}, {}, {"X": HeaderText("y")})
    assert example.reply(received(), {}) is example.reply(received(), {})


@pytest.mark.parametrize(
    ("value", "templates", "expected"),
    [
        ({"a": [1, {"b": "was"}], "c": "\u20ac"}, {"/a/1/b": "{$v.n}"}, '{"a":[1,{"b":7}],"c":"\u20ac"}'),
        ({"a": "was", "b": "was"}, {"/b": "<{$v.n}>", "/a": "{$v.none}"}, '{"a":"was","b":"<7>"}'),
        ({"url": "was", "id": "was"}, {"": "{$v.order}", "/url": "{$url}"}, '{"id":3,"url":"http://h/a/1"}'),
        ({"o": {"x": 1, "y": "was"}}, {"/o/y": "{$v.n}", "/o": "{$v.order}"}, '{"o":{"id":3,"y":7}}'),
        ("was", {"": "{$v.text}"}, '"a \\"b\\""'),
    ],
)
def test_values_are_put_in_where_the_pointers_say_and_nowhere_else(
    value: object, templates: dict[str, str], expected: str
) -> None:
    example = compile_example(OUTCOME, JSON, value, templates, {})
    values = {"v": {"n": 7, "order": {"id": 3}, "text": 'a "b"'}}
    assert example.reply(received(), values).body.decode() == expected


def test_body_that_is_no_json_is_the_text_itself() -> None:
    example = compile_example(OUTCOME, "text/plain", "was", {"": "order {$request.path.id}"}, {})
    assert example.reply(received(), {}).body == b"order 1"


@pytest.mark.parametrize("pointer", ["/b", "/a/0", "/a/x/y", "/l/9", "/l/x"])
def test_pointer_that_leads_nowhere_is_refused(pointer: str) -> None:
    with pytest.raises(ValueError, match="the value has no"):
        compile_example(OUTCOME, JSON, {"a": {"x": 1}, "l": [1]}, {pointer: "{$url}"}, {})


def test_headers_cannot_be_split() -> None:
    example = compile_example(OUTCOME, None, None, {}, {"X": HeaderText("{$request.query.q}")})
    assert example.reply(received("q=a%0d%0aY:%20z"), {}).headers == (("X", "a  Y: z"),)


@given(st.text())
def test_any_text_of_a_request_makes_a_reply_of_valid_json(text: str) -> None:
    example = compile_example(OUTCOME, JSON, {"a": ""}, {"/a": "<{$v.text}>"}, {})
    body = example.reply(received(), {"v": {"text": text}}).body
    assert json.loads(body)["a"] == f"<{text}>".encode(errors="replace").decode()


@given(st.binary(max_size=50) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_json_parses_or_raises_value_error_and_what_parses_can_be_written(body: bytes) -> None:
    try:
        value = parse_json(body)
    except ValueError:
        return
    json.dumps(value, ensure_ascii=False).encode()
