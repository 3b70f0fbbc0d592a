"""Fixtures: YAML files with the seed state of a vendor, checked by marshmallow against the vendor's shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields, validate

from rescind import documents, moments
from rescind.errors import FixtureError
from rescind.model import Seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rescind.documents import Document, Pointer
    from rescind.errors import Finding
    from rescind.model import Record

RESERVED = ("mount", "settings", "ways")
"""The keys of a fixture that are no collections."""


class RecordSchema(Schema):
    """One record of a collection; a field that it does not declare is refused."""

    class Meta:
        """Nothing passes silently."""

        unknown = RAISE


class OpenSchema(Schema):
    """A record of a vendor that declares no shape: any field is kept."""

    class Meta:
        """Whatever the user writes."""

        unknown = INCLUDE


class Magic(fields.String):
    """The outcome in which a magic order always ends."""

    def __init__(self) -> None:
        super().__init__(load_default=None, allow_none=True, validate=validate.Length(min=1))


class Moment(fields.String):
    """A moment: RFC 3339, or relative to the beginning of the sandbox, such as ``now-2d``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            moments.parse(text)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None
        return text


class Reference(fields.String):
    """The identifier of a record in ``collection``, which must exist in the fixture."""

    def __init__(self, collection: str, **kwargs: Any) -> None:
        self.collection = collection
        super().__init__(**kwargs)


@dataclass(frozen=True)
class Shape:
    """What a vendor's world holds: a schema for the settings and for the records of each collection.

    ``indexes`` lists the ``(collection, field)`` pairs by which rules look records up. A shape without collections is
    open: it takes any.
    """

    settings: Schema = field(default_factory=OpenSchema)
    collections: Mapping[str, Schema] = field(default_factory=dict)
    indexes: tuple[tuple[str, str], ...] = ()

    def schema(self, collection: str) -> Schema | None:
        """The schema of a collection's records; None if there is no such collection."""
        return self.collections.get(collection) if self.collections else OpenSchema()

    def relative_moments(self, collection: str, record: Record) -> tuple[str, ...]:
        """The fields of a record that hold a moment relative to the beginning of the sandbox."""
        schema = self.schema(collection)
        declared = schema.fields.items() if schema else ()
        return tuple(n for n, one in declared if isinstance(one, Moment) and moments.is_relative(record.get(n)))

    def references(self, collection: str, record: Record) -> Iterator[tuple[Pointer, str, str]]:
        """Each reference in a record: where it stands, the collection that it names, the identifier."""
        schema = self.schema(collection)
        return _references(schema, record, ()) if schema else iter(())

    def dangling(
        self, collection: str, record: Record, exists: Callable[[str, str], bool]
    ) -> Iterator[tuple[Pointer, str]]:
        """Each reference in a record to something that does not exist: where it stands, and what is wrong."""
        for place, target, identifier in self.references(collection, record):
            if not exists(target, identifier):
                yield place, f"{target} has no {identifier!r}"


@dataclass(frozen=True)
class Fixture:
    """A fixture that was read. ``ways`` is for the catalogue; ``document`` knows where everything stands."""

    document: Document | None
    seeds: Seeds
    mount: str
    ways: Mapping[str, Any]


class _StepSchema(RecordSchema):
    operation = fields.String()
    # What differs from the operation's plain request; null leaves a parameter out.
    parameters = fields.Dict(keys=fields.String(), data_key="with", load_default=dict)
    json = fields.Raw()
    control = fields.String(validate=validate.Regexp(r"^(GET|PUT|POST|PATCH|DELETE) /\S+$"))
    times = fields.Integer(strict=True, load_default=1, validate=validate.Range(min=1, max=1000))


class _Steps(fields.Field[Any]):
    """A list of steps, or the name of the way that is the same."""

    _list = fields.List(fields.Nested(_StepSchema), validate=validate.Length(min=1))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value if value == "natural" else self._list.deserialize(value, attr, data, **kwargs)


class _WaysSchema(RecordSchema):
    natural = _Steps()
    magic = _Steps()


class _OperationSchema(RecordSchema):
    request = fields.Dict(keys=fields.String(), load_default=dict)
    json = fields.Raw()
    outcomes = fields.Dict(keys=fields.String(), values=fields.Nested(_WaysSchema), load_default=dict)


class _HeadSchema(OpenSchema):
    mount = fields.String(load_default="", validate=validate.Regexp(r"^(/[A-Za-z0-9._-]+)*$"))
    ways = fields.Dict(keys=fields.String(), values=fields.Nested(_OperationSchema), load_default=dict)


def load_fixture(path: Path, shape: Shape) -> Fixture:
    """Read a fixture.

    Raises FixtureError with every finding: an unknown field or collection, a wrong type, a reference to nothing.
    """
    document = documents.load(path, FixtureError)
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise FixtureError([document.finding((), "a fixture is a mapping", "write settings:, orders: and so on")])
    findings: list[Finding] = []
    head = _checked(_HeadSchema(), {key: data[key] for key in ("mount", "ways") if key in data}, document, (), findings)
    settings = _checked(shape.settings, data.get("settings") or {}, document, ("settings",), findings)
    collections = _collections(document, data, shape, findings)
    for collection, records in collections.items():
        for identifier, record in records.items():
            for place, wrong in shape.dangling(collection, record, lambda c, i: i in collections.get(c, {})):
                remedy = "name a record that this fixture has, or add it"
                findings.append(document.finding((collection, identifier, *place), wrong, remedy))
    if findings:
        raise FixtureError(findings)
    return Fixture(document, _seeds(settings, collections, shape), head["mount"], head["ways"])


def no_fixture(shape: Shape, collections: Mapping[str, Mapping[str, Record]] | None = None) -> Fixture:
    """The fixture of a vendor that has none: only the given records."""
    records = collections or {name: {} for name in shape.collections}
    return Fixture(None, _seeds(shape.settings.load({}), records, shape), "", {})


def messages(error: ValidationError) -> Iterator[tuple[Pointer, str]]:
    """Each message of a marshmallow error, with the place that it is about."""
    yield from _messages(error.messages, ())


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
            findings.append(
                document.finding((str(name),), f"there is no collection {name!r}", f"it is one of: {known}")
            )
        elif not isinstance(records, dict):
            findings.append(
                document.finding((str(name),), f"{name} is no mapping", "write one record under each identifier")
            )
        else:
            collections[str(name)] = {
                str(identifier): _checked(schema, record, document, (str(name), str(identifier)), findings)
                | {"id": str(identifier)}
                for identifier, record in records.items()
            }
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
    """The names of the fields beside the one at ``place``."""
    for step in place[:-1]:
        declared = schema.fields.get(str(step))
        nested = declared.inner if isinstance(declared, fields.List) else declared
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


def _messages(tree: Any, place: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(tree, dict):
        for key, part in tree.items():
            # marshmallow's own steps, which stand for no key of the document
            step = () if key in {"_schema", "value", "key"} else (key,)
            yield from _messages(part, (*place, *step))
    elif isinstance(tree, list):
        for part in tree:
            yield from _messages(part, place)
    else:
        yield place, str(tree)


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


def _references(schema: Schema, data: Record, place: Pointer) -> Iterator[tuple[Pointer, str, str]]:
    for name, declared in schema.fields.items():
        value = data.get(name)
        if value is not None:
            yield from _field_references(declared, value, (*place, name))


def _field_references(declared: fields.Field[Any], value: Any, place: Pointer) -> Iterator[tuple[Pointer, str, str]]:
    if isinstance(declared, Reference):
        yield place, declared.collection, value
    elif isinstance(declared, fields.List):
        for index, item in enumerate(value):
            yield from _field_references(declared.inner, item, (*place, index))
    elif isinstance(declared, fields.Nested):
        yield from _references(declared.schema, value, place)
