"""Fixtures: YAML files with the seed state of a vendor, checked by marshmallow against the vendor's shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from rescind.documents import reading
from rescind.documents.progress import progress
from rescind.documents.schemas import RecordSchema, Shape, inner, messages
from rescind.errors import FixtureError
from rescind.model import Seeds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rescind.documents.reading import Document, Pointer
    from rescind.errors import Finding
    from rescind.model import Record

RESERVED = ("mount", "settings", "ways", "client")
"""The keys of a fixture that are no collections."""


@dataclass(frozen=True)
class Fixture:
    """A fixture that was read. ``document`` knows where everything stands.

    ``ways`` is for the catalogue, ``client`` for certification: what a client is given beside the plain request.
    """

    document: Document | None
    seeds: Seeds
    mount: str
    ways: Mapping[str, Any]
    client: ClientFixture


@dataclass(frozen=True)
class ClientFixture:
    """What a client under test is given, by the names of placeholders.

    ``gives`` are further values, such as the secret of an OAuth client; ``expired`` and ``spent`` take the place of
    some: a credential that has expired, and then also what it can be renewed with no more.
    """

    gives: Mapping[str, str]
    expired: Mapping[str, str]
    spent: Mapping[str, str]


_CONTROL_FORM = "Write a call of the control API such as PATCH /state/VENDOR/settings."


class _StepSchema(RecordSchema):
    operation = fields.String()
    # What differs from the operation's plain request; null leaves a parameter out.
    parameters = fields.Dict(keys=fields.String(), data_key="with", load_default=dict)
    json = fields.Raw()
    headers = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    # A target that the operation's parameters do not make, such as a path without its slash.
    path = fields.String(validate=validate.Regexp(r"^/\S*\Z", error="Write a path such as /orders/1."))
    control = fields.String(validate=validate.Regexp(r"^(GET|PUT|POST|PATCH|DELETE) /\S+\Z", error=_CONTROL_FORM))
    times = fields.Integer(strict=True, load_default=1, validate=validate.Range(min=1, max=1000))


class _Steps(fields.Field[Any]):
    """A list of steps, or the name of the way that is the same."""

    inner = fields.List(fields.Nested(_StepSchema), validate=validate.Length(min=1))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value if value == "natural" else self.inner.deserialize(value, attr, data, **kwargs)


class _WaysSchema(RecordSchema):
    natural = _Steps()
    magic = _Steps()


class _Ways(fields.Nested):
    """The ways to an outcome; those that an alias repeats are loaded once. ``loaded`` is emptied after each fixture."""

    loaded: ClassVar[dict[int, tuple[Any, Any]]] = {}

    def __init__(self) -> None:
        super().__init__(_WaysSchema)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        known = self.loaded.get(id(value))
        if known is None:
            known = self.loaded[id(value)] = (value, super()._deserialize(value, *args, **kwargs))
        return known[1]


class _OperationSchema(RecordSchema):
    request = fields.Dict(keys=fields.String(), load_default=dict)
    json = fields.Raw()
    outcomes = fields.Dict(keys=fields.String(), values=_Ways(), load_default=dict)


def _placeholders() -> fields.Dict:
    name = validate.Regexp(r"^[a-z][a-z0-9_]*\Z", error="Write a name such as client_id.")
    return fields.Dict(keys=fields.String(validate=name), values=fields.String(), load_default=dict)


class _ClientSchema(RecordSchema):
    gives = _placeholders()
    expired = _placeholders()
    spent = _placeholders()


class _HeadSchema(RecordSchema):
    mount = fields.String(
        load_default="", validate=validate.Regexp(r"^(/[A-Za-z0-9._-]+)*\Z", error="Write a prefix such as /lab.")
    )
    ways = fields.Dict(keys=fields.String(), values=fields.Nested(_OperationSchema), load_default=dict)
    client = fields.Nested(_ClientSchema, load_default=lambda: _ClientSchema().load({}))


def load_fixture(path: Path, shape: Shape) -> Fixture:
    """Read a fixture.

    Raises FixtureError with every finding: an unknown field or collection, a wrong type, a dangling reference.
    """
    document = reading.load(path, FixtureError)
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise FixtureError([document.finding((), "a fixture is a mapping", "write settings:, orders: and so on")])
    findings: list[Finding] = []
    given = {key: data[key] for key in ("mount", "ways", "client") if data.get(key) is not None}
    head = _checked(_HeadSchema(), given, document, (), findings)
    _Ways.loaded.clear()
    settings = _checked(shape.settings, data.get("settings") or {}, document, ("settings",), findings)
    collections = _collections(document, data, shape, findings)
    for collection, records in collections.items():
        for identifier, record in records.items():
            for place, wrong in shape.dangling(collection, record, lambda c, i: i in collections.get(c, {})):
                remedy = "name a record that this fixture has, or add it"
                findings.append(document.finding((collection, identifier, *place), wrong, remedy))
    if findings:
        raise FixtureError(findings)
    client = ClientFixture(**head["client"])
    return Fixture(document, _seeds(settings, collections, shape), head["mount"], head["ways"], client)


def no_fixture(shape: Shape, collections: Mapping[str, Mapping[str, Record]] | None = None) -> Fixture:
    """Make the fixture of a vendor without one, with only the given records."""
    records = collections or {name: {} for name in shape.collections}
    return Fixture(None, _seeds(shape.settings.load({}), records, shape), "", {}, ClientFixture({}, {}, {}))


def _collections(
    document: Document, data: Mapping[Any, Any], shape: Shape, findings: list[Finding]
) -> dict[str, dict[str, Record]]:
    collections: dict[str, dict[str, Record]] = {name: {} for name in shape.collections}
    for name, records in data.items():
        if name in RESERVED:
            continue
        schema = shape.schema(str(name))
        if schema is None:
            known = ", ".join([*RESERVED, *shape.collections])
            findings.append(document.finding((str(name),), f"unknown collection {name!r}", f"expected one of: {known}"))
        elif not isinstance(records, dict):
            findings.append(
                document.finding((str(name),), f"{name}: expected a mapping", "write one record under each identifier")
            )
        else:
            report = progress(f"{document.path.name}: {name} checked", len(records))
            mine = collections[str(name)] = {}
            for key, record in records.items():
                report(len(mine))
                identifier = str(key)
                place = (str(name), identifier)
                wrong = shape.wrong_identifier(str(name), identifier)
                if wrong:
                    findings.append(document.finding(place, wrong, "write a number such as 72001"))
                mine[identifier] = _checked(schema, record, document, place, findings) | {"id": identifier}
    return collections


def _checked(schema: Schema, data: Any, document: Document, place: Pointer, findings: list[Finding]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        for where, message in messages(error):
            remedy = (
                f"the fields here are: {', '.join(_known_fields(schema, where))}"
                if message == "Unknown field."
                else "correct the value, or leave the field out where it has a default"
            )
            findings.append(document.finding((*place, *where), _with_value(message, data, where), remedy))
        return {}
    return loaded


def _known_fields(schema: Schema, place: Pointer) -> list[str]:
    """Return the names of the fields beside the one at ``place``."""
    nested: Any = None
    for step in place[:-1]:
        declared = schema.fields.get(str(step))
        nested = inner(declared.inner if isinstance(declared, _Steps) else declared) or nested
        if isinstance(nested, fields.Nested):
            schema = nested.schema
    return [declared.data_key or name for name, declared in schema.fields.items()]


def _with_value(message: str, data: Any, place: Pointer) -> str:
    value = data
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return f"{'.'.join(map(str, place))}: {message}"
    shown = repr(value)
    return f"{'.'.join(map(str, place)) or 'this'}: {message} (found {shown[:80]})"


def _seeds(settings: Record, collections: Mapping[str, Mapping[str, Record]], shape: Shape) -> Seeds:
    indexes: dict[tuple[str, str], dict[Any, tuple[str, ...]]] = {}
    for collection, name in shape.indexes:
        index: dict[Any, list[str]] = {}
        for identifier, record in collections[collection].items():
            index.setdefault(record.get(name), []).append(identifier)
        indexes[collection, name] = {value: tuple(found) for value, found in index.items()}
    relative = {
        (collection, identifier): names
        for collection, records in collections.items()
        for identifier, record in records.items()
        if (names := shape.relative_moments(collection, record))
    }
    return Seeds(settings, collections, indexes, relative)
