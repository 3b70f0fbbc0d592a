"""What an operation accepts: its parameters and its body, read from a request and held against their schemas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema_rs

from rescind.contract.expressions import MISSING
from rescind.contract.patterns import BACKTRACKING, LINEAR
from rescind.contract.received import FORMS, is_text, load_cookie_parser
from rescind.contract.sample import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.document import Spec
    from rescind.contract.received import Received
    from rescind.documents.reading import Pointer
    from rescind.model import ViolationRecord

# Longer than any number that a schema can mean, shorter than what Python refuses to parse.
_INTEGER = re.compile(r"-?[0-9]{1,400}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,4})?", re.ASCII)


class Refusal(Enum):
    """How a violation is answered where the document names no outcome for it."""

    BY_STATUS = "the first outcome with a status that fits"
    BY_RULES = "the vendor's rules decide"
    UNDOCUMENTED = "the operation documents no answer"


class Violation(NamedTuple):
    """One way in which a request breaks the contract. ``refusal`` names the outcome that it is answered with."""

    location: str
    parameter: str
    problem: str
    refusal: str | Refusal

    def as_record(self) -> ViolationRecord:
        """Return the violation as a template and the journal show it."""
        refusal = self.refusal if isinstance(self.refusal, str) else None
        return {"location": self.location, "parameter": self.parameter, "problem": self.problem, "refusal": refusal}


def _integer(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text


def _number(text: str) -> Any:
    return float(text) if _NUMBER.fullmatch(text) else text


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _text(text: str) -> Any:
    return text


def _boolean_in_any_case(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


_READERS: dict[str, Callable[[str], Any]] = {"integer": _integer, "number": _number, "boolean": _boolean}
_READERS_IN_ANY_CASE = {**_READERS, "boolean": _boolean_in_any_case}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation. ``example`` is a value that the spec shows, or one that fits the schema.

    ``refusal`` is the outcome for a value that breaks the schema, or says how it is found. One that
    ``precedes_security`` is refused before it is known who calls.
    """

    name: str
    location: str
    required: bool
    refusal: str | Refusal
    example: Any
    default: Any
    is_array: bool
    read: Callable[[str], Any]
    validator: jsonschema_rs.Validator
    precedes_security: bool = False

    def value(self, received: Received) -> Any:
        """Return the parameter's value with the type that its schema says, its default, or ``MISSING``.

        Raises ValueError, saying what is wrong, if the request breaks the schema.
        """
        texts = self.texts(received)
        if not texts:
            if self.required:
                raise ValueError("is required")
            return self.default
        for text in texts:
            if not (text.isascii() or is_text(text)):
                raise ValueError("is not UTF-8")
        if self.is_array:
            value: Any = [self.read(item) for text in texts for item in text.split(",")]
        elif len(texts) > 1:
            raise ValueError("is given more than once")
        else:
            value = self.read(texts[0])
        if not self.validator.is_valid(value):
            raise ValueError(next(self.validator.iter_errors(value)).message)
        return value

    def texts(self, received: Received) -> list[str]:
        """Return the parameter's values as they came."""
        if self.location == "query":
            return received.query.get(self.name, [])
        if self.location == "path":
            source: Mapping[str, str] = received.path
            name = self.name
        elif self.location == "header":
            source, name = received.request.headers, self.name.lower()
        else:
            source, name = received.cookies, self.name
        return [source[name]] if name in source else []


class UnsupportedMediaTypeError(ValueError):
    """The body is in a media type that the operation does not accept."""


class MalformedBodyError(ValueError):
    """The body is not what its media type says."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body that an operation accepts, as JSON or a form; ``fields`` are those of its schema.

    ``refusal`` is the outcome for a value that breaks the schema, ``malformed`` the one for a body that is no JSON, and
    ``unsupported`` the one for another media type.
    """

    required: bool
    refusal: str | Refusal
    malformed: str | Refusal
    unsupported: str | Refusal
    example: Any
    fields: tuple[str, ...]
    validators: Mapping[str, jsonschema_rs.Validator]

    def given(self, received: Received) -> Any:
        """Return the body as far as it can be parsed, for rules that decide on it; else ``MISSING``."""
        try:
            return received.parsed()
        except ValueError:
            return MISSING

    def refusal_of(self, wrong: ValueError) -> str | Refusal:
        """Return how a body is refused that ``value`` did not take."""
        if isinstance(wrong, UnsupportedMediaTypeError):
            return self.unsupported
        return self.malformed if isinstance(wrong, MalformedBodyError) else self.refusal

    def value(self, received: Received) -> Any:
        """Parse the body as JSON; ``MISSING`` if it is empty. Raises ValueError if it breaks the schema."""
        if not received.request.body:
            if self.required:
                raise ValueError("a body is required")
            return MISSING
        validator = self.validators.get(received.media_type)
        if validator is None:
            given = received.media_type or "missing"
            raise UnsupportedMediaTypeError(f"the media type is {given}, not {', '.join(self.validators)}")
        if not received.media_type.endswith("json") and received.media_type not in FORMS:
            return received.request.body
        try:
            value = received.parsed()
        except ValueError as wrong:
            raise MalformedBodyError(str(wrong)) from None
        error = next(validator.iter_errors(value), None)
        if error:
            raise ValueError("/".join(map(str, ["", *error.instance_path])) + f" {error.message}".lstrip())
        return value


def compile_parameter(spec: Spec, part: Any, place: Pointer) -> Parameter:
    """Compile a parameter object. Raises SpecError if its schema is not a JSON Schema."""
    part, place = spec.follow(part, place)
    if part["in"] == "cookie":
        load_cookie_parser()
    schema, schema_place = spec.follow(part.get("schema", {}), (*place, "schema"))
    kind = _type(schema)
    items, _ = spec.follow(schema.get("items", {}), schema_place) if kind == "array" else (schema, place)
    return Parameter(
        name=part["name"],
        location=part["in"],
        required=part.get("required", False),
        refusal=_refusal(part),
        example=_example(spec, part, schema),
        default=schema.get("default", MISSING) if isinstance(schema, dict) else MISSING,
        is_array=kind == "array",
        read=(_READERS_IN_ANY_CASE if spec.conventions.ignores_query_case else _READERS).get(_type(items), _text),
        validator=compile_schema(spec, schema if kind != "object" else {}, schema_place),
        precedes_security=part.get("x-before-security", False),
    )


def compile_request_body(spec: Spec, part: Any, place: Pointer) -> Body:
    """Compile a request body object. Raises SpecError if a schema is not a JSON Schema."""
    part, place = spec.follow(part, place)
    content = part["content"]
    validators = {
        media_type.lower(): compile_schema(spec, media.get("schema", {}), (*place, "content", media_type, "schema"))
        for media_type, media in content.items()
    }
    media: Mapping[str, Any] = next(iter(content.values()), {})
    schema, _ = spec.follow(media.get("schema", {}), place)
    fields = tuple(schema.get("properties", ())) if isinstance(schema, dict) else ()
    refusal = _refusal(part)
    malformed, unsupported = _refusal(part, "x-malformed", refusal), _refusal(part, "x-unsupported", refusal)
    example, required = first_example(media, schema), part.get("required", False)
    return Body(required, refusal, malformed, unsupported, example, fields, validators)


def compile_schema(spec: Spec, schema: Any, place: Pointer) -> jsonschema_rs.Validator:
    """Compile a schema of the document, once. Raises SpecError if it is not a JSON Schema."""
    known = spec.validators.get(id(schema))
    if known is None:
        known = spec.validators[id(schema)] = (schema, _compiled(spec, schema, place))
    return known[1]


def _compiled(spec: Spec, schema: Any, place: Pointer) -> jsonschema_rs.Validator:
    whole = spec.schema(schema)
    try:
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, pattern_options=LINEAR)
    except (ValueError, jsonschema_rs.ReferencingError):
        pass  # a pattern may need the other engine, or the schema is wrong
    try:
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, pattern_options=BACKTRACKING)
    except (ValueError, jsonschema_rs.ReferencingError) as failure:
        message = str(failure).partition("\n")[0]
        raise spec.error(place, f"invalid JSON Schema: {message}", "correct the schema") from None


def first_example(part: Mapping[str, Any], schema: Any) -> Any:
    """Return the value that a parameter or media type shows: its example, its first named one, or its schema's."""
    if "example" in part:
        return part["example"]
    for example in part.get("examples", {}).values():
        if isinstance(example, dict) and "value" in example:
            return example["value"]
    if isinstance(schema, dict):
        return schema.get("example", next(iter(schema.get("examples", ())), MISSING))
    return MISSING


def _refusal(
    part: Mapping[str, Any], keyword: str = "x-refusal", default: str | Refusal = Refusal.BY_STATUS
) -> str | Refusal:
    named: str | bool | None = part.get(keyword)
    if named is None:
        return default
    return named if isinstance(named, str) else Refusal.BY_RULES


def _example(spec: Spec, part: Mapping[str, Any], schema: Any) -> Any:
    example = first_example(part, schema)
    return sample(spec, schema) if example is MISSING else example


def _type(schema: Any) -> str:
    kind = schema.get("type", "") if isinstance(schema, dict) else ""
    return next((one for one in kind if one != "null"), "") if isinstance(kind, list) else kind
