"""The outcomes of an operation: the named examples of its responses, compiled into replies."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from rescind.contract.expressions import MISSING
from rescind.contract.http import OWN_FIELDS
from rescind.contract.provenance import of_document, parse_provenance
from rescind.contract.replies import Example, HeaderText, compile_example
from rescind.contract.sample import sample
from rescind.model import Outcome, reason_phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.contract.document import Spec
    from rescind.documents.reading import Pointer
    from rescind.model import Provenance


_ALLOW = "{$allow}"


class NamedExample(NamedTuple):
    """An example as the document shows it. ``is_made_up`` is one that a response without examples was given."""

    name: str
    media_type: str | None
    example: Mapping[str, Any]
    place: Pointer
    is_made_up: bool = False


def compile_outcomes(
    spec: Spec, owner: tuple[str, str], responses: Mapping[str, Any], place: Pointer, allow: str = ""
) -> Iterator[tuple[str, Example]]:
    """Compile every example of every response; ``owner`` is the vendor and the operation.

    A header ``{$allow}`` is ``allow``, the methods of the path.

    Two examples of one name differ by their status, unless they say where they are known from: then each needs
    a name of its own. Raises SpecError for that, and for a template that cannot be understood.
    """
    names: set[str] = set()
    for code, response in responses.items():
        if code.startswith(("x-", "1")):  # an informational response is no answer
            continue
        part, part_place = spec.follow(response, (*place, code))
        status = _status(code)
        headers = _headers(spec, part, part_place)
        for shown in _named_examples(spec, part, part_place, status):
            if shown.name in names and "x-provenance" in shown.example:
                problem = f"{owner[1]} has two outcomes named {shown.name!r}"
                raise spec.error(shown.place, problem, "give each a name of its own")
            name = f"{shown.name}_{status}" if shown.name in names else shown.name
            names.add(name)
            summary = shown.example.get("summary", part["description"])
            absent = shown.example.get("x-why-absent", {})
            outcome = Outcome(*owner, name, status, summary, _provenance(spec, shown), absent)
            yield name, _example(spec, outcome, shown, headers, allow)


def slug(text: str) -> str:
    """Turn the text into a name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _example(
    spec: Spec, outcome: Outcome, shown: NamedExample, headers: Mapping[str, HeaderText], allow: str
) -> Example:
    own = {name.lower(): (name, HeaderText(text)) for name, text in shown.example.get("x-headers", {}).items()}
    stated = [own.pop(name.lower(), (name, header)) for name, header in headers.items()]
    named = {
        name: HeaderText(allow) if header.text == _ALLOW else header
        for name, header in (*stated, *own.values())
        if header.text is not None  # null leaves a header out
    }
    templates, texts = shown.example.get("x-values", {}), shown.example.get("x-texts")
    try:
        return compile_example(
            outcome, shown.media_type, shown.example.get("value"), templates, named, shown.place, texts
        )
    except ValueError as wrong:
        remedy = "x-values go by JSON pointers into value; see docs/own-vendor.md"
        raise spec.error(shown.place, str(wrong), remedy) from None


def _provenance(spec: Spec, shown: NamedExample) -> Provenance:
    if "x-provenance" not in shown.example:
        is_text_made_up = shown.is_made_up and shown.media_type is not None
        return of_document(spec.data["info"]["title"], is_text_made_up=is_text_made_up)
    provenance = parse_provenance(shown.example["x-provenance"], has_body=shown.media_type is not None)
    if provenance.text is None and shown.media_type is not None:
        remedy = "add text: {mark: ..., source: ...}"
        raise spec.error((*shown.place, "x-provenance"), "the provenance of the text is missing", remedy)
    return provenance


def _named_examples(spec: Spec, response: Mapping[str, Any], place: Pointer, status: int) -> Iterator[NamedExample]:
    """Yield the named examples of a response. A response without examples gets a generated one."""
    found = False
    groups: list[tuple[str | None, Pointer, Mapping[str, Any]]] = [
        (None, (*place, "x-examples"), response.get("x-examples", {}))
    ]
    for media_type, media in response.get("content", {}).items():
        groups.append((media_type, (*place, "content", media_type, "examples"), media.get("examples", {})))
    for media_type, where, examples in groups:
        for name, example in examples.items():
            found = True
            shown, shown_place = spec.follow(example, (*where, name))
            yield NamedExample(name, media_type, shown, shown_place)
    if not found:
        yield _made_up(spec, response.get("content", {}), place, status)


def _made_up(spec: Spec, content: Mapping[str, Any], place: Pointer, status: int) -> NamedExample:
    name = slug(reason_phrase(status) or f"status {status}")
    by_preference = sorted(content, key=lambda media_type: "json" not in media_type)
    if not by_preference or status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return NamedExample(name, None, {}, place, is_made_up=True)
    media_type = by_preference[0]
    media = content[media_type]
    if "example" in media:
        return NamedExample(name, media_type, {"value": media["example"]}, place)
    return NamedExample(name, media_type, {"value": sample(spec, media.get("schema", {}))}, place, is_made_up=True)


def _headers(spec: Spec, response: Mapping[str, Any], place: Pointer) -> dict[str, HeaderText]:
    """Return the templates of the headers that say x-value, and the plain values of the others."""
    headers: dict[str, HeaderText] = {}
    for name, header in response.get("headers", {}).items():
        part, _ = spec.follow(header, (*place, "headers", name))
        example = part.get("example", MISSING)
        value = part.get("x-value", example)
        if value is MISSING and part.get("required"):
            value = sample(spec, part.get("schema", {}))
        if value is not MISSING and name.lower() not in OWN_FIELDS:
            headers[name] = HeaderText(value, example)
    return headers


def _status(code: str) -> int:
    if code == "default":
        return int(HTTPStatus.INTERNAL_SERVER_ERROR)
    return int(code.replace("XX", "00"))
