"""The shape of a vendor's world: marshmallow schemas for its settings and its records."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields, validate

from rescind.documents import moments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rescind.documents.reading import Pointer
    from rescind.model import Record


class RecordSchema(Schema):
    """One record of a collection; a field that it does not declare is refused.

    Where ``is_numbered`` is set, the identifiers are whole numbers.
    """

    is_numbered: ClassVar[bool] = False

    class Meta:
        """Refuse unknown fields."""

        unknown = RAISE


class Truth(fields.Field[bool]):
    """True or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002 - marshmallow's
        if not isinstance(value, bool):
            raise ValidationError("Not a valid boolean.")
        return value


class Magic(fields.String):
    """The outcome in which a magic order always ends."""

    def __init__(self) -> None:
        super().__init__(load_default=None, allow_none=True, validate=validate.Length(min=1))


class Moment(fields.String):
    """A moment: RFC 3339, or relative to the beginning of the sandbox, such as ``now-2d``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            moment = moments.parse(text)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None
        return text if moments.is_relative(text) else moments.format(moment)  # in UTC, whatever the offset


class OpenSchema(Schema):
    """A record of a vendor that declares no shape: any field is kept, and those that the core reads are checked."""

    class Meta:
        """Whatever the user writes."""

        unknown = INCLUDE

    magic = fields.String(allow_none=True)
    expires = Moment(allow_none=True)


_OPEN = OpenSchema()
_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


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
        """Return the schema of a collection's records; None if there is no such collection."""
        return self.collections.get(collection) if self.collections else _OPEN

    def wrong_identifier(self, collection: str, identifier: str) -> str | None:
        """Return what is wrong with the identifier of a record; None if it is good."""
        schema = self.schema(collection)
        is_numbered = isinstance(schema, RecordSchema) and schema.is_numbered
        if is_numbered and not _WHOLE_NUMBER.fullmatch(identifier):
            return f"the identifiers of {collection} are whole numbers, not {identifier!r}"
        return None

    def relative_moments(self, collection: str, record: Record) -> tuple[str, ...]:
        """Return the fields of a record that hold a moment relative to the beginning of the sandbox."""
        schema = self.schema(collection)
        declared = schema.fields.items() if schema else ()
        return tuple(n for n, one in declared if isinstance(one, Moment) and moments.is_relative(record.get(n)))

    def references(self, collection: str, record: Record) -> Iterator[tuple[Pointer, str, str]]:
        """Return each reference in a record: where it stands, the collection that it names, the identifier."""
        schema = self.schema(collection)
        return _references(schema, record, ()) if schema else iter(())

    def refers(self, collection: str, target: str) -> bool:
        """Return whether records of ``collection`` can refer to records of ``target``."""
        schema = self.schema(collection)
        return schema is not None and target in _targets(schema)

    def dangling(
        self, collection: str, record: Record, exists: Callable[[str, str], bool]
    ) -> Iterator[tuple[Pointer, str]]:
        """Yield each reference in a record to something that does not exist: where it stands, and what is wrong."""
        for place, target, identifier in self.references(collection, record):
            if not exists(target, identifier):
                yield place, f"{target} has no {identifier!r}"


def messages(error: ValidationError) -> Iterator[tuple[Pointer, str]]:
    """Yield each message of a marshmallow error, with the place that it is about."""
    yield from _messages(error.messages, ())


def inner(declared: Any) -> Any:
    """Return the field of what a list or a mapping of any depth holds; another field itself."""
    while isinstance(declared, fields.List | fields.Dict):
        declared = declared.value_field if isinstance(declared, fields.Dict) else declared.inner
    return declared


def _targets(schema: Schema) -> set[str]:
    return {target for declared in schema.fields.values() for target in _refers_to(declared)}


def _refers_to(declared: fields.Field[Any]) -> set[str]:
    """Return the collections that a field's references name."""
    held = inner(declared)
    if isinstance(held, Reference):
        return {held.collection}
    return _targets(held.schema) if isinstance(held, fields.Nested) else set()


def _references(schema: Schema, data: Record, place: Pointer) -> Iterator[tuple[Pointer, str, str]]:
    for name in _referring(schema):
        value = data.get(name)
        if value is not None:
            yield from _field_references(schema.fields[name], value, (*place, name))


@cache
def _referring(schema: Schema) -> tuple[str, ...]:
    """Return the fields of a schema that can hold a reference."""
    return tuple(name for name, declared in schema.fields.items() if _refers_to(declared))


def _field_references(declared: fields.Field[Any], value: Any, place: Pointer) -> Iterator[tuple[Pointer, str, str]]:
    if isinstance(declared, Reference):
        yield place, declared.collection, value
    elif isinstance(declared, fields.List):
        for index, item in enumerate(value):
            yield from _field_references(declared.inner, item, (*place, index))
    elif isinstance(declared, fields.Nested):
        yield from _references(declared.schema, value, place)


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
