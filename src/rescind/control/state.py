"""Looking at a vendor's world, and changing it: with the same schemas that the fixtures are held to."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rescind.control.payloads import checked, invalid_fields, moment_at
from rescind.documents import moments
from rescind.errors import Problem
from rescind.model import CONTROL_PREFIX

if TYPE_CHECKING:
    from marshmallow import Schema

    from rescind.model import Bounds, Record
    from rescind.rules.vendor import Vendor
    from rescind.rules.world import World


class State:
    """One vendor's state in one transaction. Every method raises Problem for what does not exist or does not fit."""

    def __init__(self, vendor: Vendor, world: World, bounds: Bounds) -> None:
        self._vendor = vendor
        self._world = world
        self._bounds = bounds

    def everything(self) -> dict[str, Any]:
        """Return the settings, and all records by collection and identifier. It can take long: read a snapshot."""
        everything: dict[str, Any] = {"settings": self._world.settings}
        for collection in self._world.collections():
            everything[collection] = {record["id"]: record for record in self._world.records(collection)}
        return everything

    def settings(self) -> Record:
        """Return the vendor's settings."""
        return self._world.settings

    def change_settings(self, changes: Record) -> Record:
        """Change some settings, and return them all."""
        schema = self._vendor.shape.settings
        changed = checked(schema, {**self._world.settings, **changes})
        wrong = list(self._vendor.wrong_settings(changed))
        if wrong:
            raise invalid_fields([((name,), problem) for name, problem in wrong], schema)
        self._world.change_settings({name: value for name, value in changed.items() if name in changes})
        return changed

    def get(self, collection: str, identifier: str) -> Record:
        """Return one record."""
        self._schema(collection)
        record = self._world.get(collection, identifier)
        if record is None:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                f"{self._vendor.name} has no {identifier!r} in {collection}",
                f"GET {CONTROL_PREFIX}/state/{self._vendor.name} shows what there is; PUT adds a record",
            )
        return record

    def put(self, collection: str, identifier: str, record: Record) -> tuple[Record, bool]:
        """Add or replace a record; return it, and whether it is new."""
        schema = self._schema(collection)
        is_new = self._world.get(collection, identifier) is None
        if record.get("id", identifier) != identifier:
            raise invalid_fields([(("id",), f"is not {identifier!r}, which the path says")], schema)
        misnamed = self._vendor.shape.wrong_identifier(collection, identifier)
        if misnamed:
            raise invalid_fields([(("id",), misnamed)], schema)
        fitting = checked(schema, {name: value for name, value in record.items() if name != "id"})
        wrong = list(self._vendor.shape.dangling(collection, fitting, self._exists))
        if fitting.get("magic") not in (None, *self._vendor.outcomes):
            wrong.append((("magic",), f"no operation has an outcome {fitting['magic']!r}"))
        if wrong:
            raise invalid_fields(wrong, schema)
        if is_new and self._world.size(collection) >= self._bounds.records:
            detail = f"{self._vendor.name} has {self._bounds.records} changed records in {collection} already"
            raise Problem(HTTPStatus.CONFLICT, detail, "reset, or start with a larger --max-records")
        for name in self._vendor.shape.relative_moments(collection, fitting):
            fitting[name] = moments.format(moment_at(name, fitting[name], self._world.now))
        self._world.put(collection, identifier, fitting)
        return {**fitting, "id": identifier}, is_new

    def patch(self, collection: str, identifier: str, changes: Record) -> Record:
        """Change some fields of a record, and return it whole."""
        return self.put(collection, identifier, {**self.get(collection, identifier), **changes})[0]

    def delete(self, collection: str, identifier: str) -> None:
        """Remove a record, unless another refers to it."""
        record = self.get(collection, identifier)
        for other in self._world.collections():
            for one in self._world.records(other) if self._vendor.shape.refers(other, collection) else ():
                for _, target, name in self._vendor.shape.references(other, one):
                    if (target, name) == (collection, identifier):
                        detail = f"{one['id']!r} of {other} refers to {identifier!r} of {collection}"
                        raise Problem(HTTPStatus.CONFLICT, detail, "change or remove what refers to it first")
        self._world.remove(collection, record)

    def _exists(self, collection: str, identifier: str) -> bool:
        return self._world.get(collection, identifier) is not None

    def _schema(self, collection: str) -> Schema:
        schema = self._vendor.shape.schema(collection)
        if schema is None:
            known = ", ".join(self._vendor.shape.collections)
            detail = f"{self._vendor.name} has no collection {collection!r}"
            raise Problem(HTTPStatus.NOT_FOUND, detail, f"expected one of: {known}")
        return schema
