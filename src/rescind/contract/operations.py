"""The operations of a vendor: what they accept, and every outcome that they name."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.contract.conventions import Conventions
from rescind.contract.expressions import MISSING
from rescind.contract.parameters import Refusal, Violation
from rescind.contract.received import Received

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.parameters import Body, Parameter
    from rescind.contract.replies import Example
    from rescind.contract.security import SecurityScheme
    from rescind.documents.reading import Pointer
    from rescind.model import Request

_LONGEST_PROBLEM = 1_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """That an operation is limited per credential: the outcome that refuses, the window in seconds.

    ``setting`` is the field that has the number of requests in a window, in the credential or else in the settings.
    Without a ``refusal`` the rate is stated in the replies, and nothing is counted.
    """

    setting: str
    window_seconds: int
    refusal: str | None = None


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``security`` lists alternatives, each a tuple of schemes that all must be satisfied.

    ``is_fallback`` is what answers the methods of a path that have no operation, or the paths that the vendor does not
    know; ``allow`` are the methods that have one, and ``not_simulated`` says of others why the sandbox has none.
    """

    vendor: str
    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    security: tuple[tuple[SecurityScheme, ...], ...]
    rate_limit: RateLimit | None
    examples: Mapping[str, Example]
    place: Pointer
    conventions: Conventions = field(default_factory=Conventions)
    is_fallback: bool = False
    allow: str = ""
    not_simulated: Mapping[str, str] = field(default_factory=dict)

    def receive(self, request: Request, path: Mapping[str, str]) -> Received:
        """Return the request as this operation reads it."""
        return Received(request, path, self._spellings)

    def read(self, received: Received) -> tuple[Mapping[str, Any], Any, tuple[Violation, ...]]:
        """Parse the request: the parameters by name, the body (``MISSING`` if it is empty), and every violation."""
        values: dict[str, Any] = {}
        body: Any = MISSING
        violations: list[Violation] = []
        for parameter in self.parameters:
            try:
                value = parameter.value(received)
            except ValueError as wrong:
                violations.append(self._violation(parameter, wrong))
                if parameter.refusal is Refusal.BY_RULES:
                    values[parameter.name] = parameter.texts(received)[0]
            else:
                if value is not MISSING:
                    values[parameter.name] = value
        if self.body:
            try:
                body = self.body.value(received)
            except ValueError as wrong:
                refusal = self._refusal(self.body.refusal_of(wrong), "body")
                violations.append(Violation("body", "body", _problem(wrong), refusal))
                if refusal is Refusal.BY_RULES and received.request.body:
                    body = self.body.given(received)
        return values, body, tuple(violations)

    def early_violation(self, received: Received, location: str) -> Violation | None:
        """Return the first violation of a parameter that is checked before it is known who calls."""
        for parameter in self._early_parameters:
            if parameter.location == location:
                try:
                    parameter.value(received)
                except ValueError as wrong:
                    return self._violation(parameter, wrong)
        return None

    def _violation(self, parameter: Parameter, wrong: ValueError) -> Violation:
        refusal = self._refusal(parameter.refusal, parameter.location)
        return Violation(parameter.location, parameter.name, _problem(wrong), refusal)

    def _refusal(self, refusal: str | Refusal, location: str) -> str | Refusal:
        if refusal is Refusal.BY_STATUS:
            return self.default_refusal(location) or Refusal.UNDOCUMENTED
        return refusal

    def default_refusal(self, location: str) -> str | None:
        """Return the outcome for a wrong part of a request where the spec names none: by status, as far as any fits."""
        statuses = {"path": (400, 422, 404), "security": (401, 403)}.get(location, (400, 422))
        return self.first(*statuses)

    def first(self, *statuses: int) -> str | None:
        """Return the first outcome that has one of the statuses, in the order of the statuses."""
        for status in statuses:
            for name, example in self.examples.items():
                if example.outcome.status == status:
                    return name
        return None

    @cached_property
    def locations(self) -> Mapping[str, str]:
        """Where each parameter goes, credentials included: name to path, query, header or cookie."""
        credentials = {scheme.name: scheme.location for scheme in self.schemes}
        return credentials | {parameter.name: parameter.location for parameter in self.parameters}

    @cached_property
    def _early_parameters(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.precedes_security)

    @cached_property
    def _spellings(self) -> Mapping[str, str] | None:
        if not self.conventions.ignores_query_case:
            return None
        return {name.lower(): name for name, location in self.locations.items() if location == "query"}

    @cached_property
    def matchable(self) -> tuple[str, ...]:
        """The names that ``texts`` knows: parameters, credentials, and the fields of the body."""
        return (*self.locations, *(self.body.fields if self.body else ()))

    def texts(self, received: Received, name: str) -> list[str]:
        """Return the values of a parameter, a credential or a field of the body, as they came."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.texts(received)
        for scheme in self.schemes:
            if scheme.name == name:
                credential = scheme.credential(received)
                return [] if credential is None else [credential]
        fields = received.json_fields
        return [str(fields[name])] if name in fields else []

    @cached_property
    def schemes(self) -> tuple[SecurityScheme, ...]:
        """Every security scheme that some alternative asks for."""
        return tuple(scheme for schemes in self.security for scheme in schemes)

    @cached_property
    def credential_names(self) -> tuple[str, ...]:
        """The parameters and headers that carry credentials."""
        return tuple(scheme.name for scheme in self.schemes)

    def named_by_contract(self) -> set[str]:
        """Return the outcomes that validation, authentication, the rate limit and the conventions lead to."""
        refusals: set[str | Refusal | None] = {parameter.refusal for parameter in self.parameters}
        refusals |= {self.body.refusal, self.body.malformed, self.body.unsupported} if self.body else set()
        refusals |= {self.rate_limit.refusal} if self.rate_limit else set()
        refusals |= self._refusals_by_convention()
        for scheme in self.schemes:
            refusals |= set(scheme.refusals.values())
        return {refusal for refusal in refusals if isinstance(refusal, str)}

    def _refusals_by_convention(self) -> set[str | None]:
        named = {self.conventions.not_acceptable}
        if self.path.endswith("/"):
            named.add(self.conventions.missing_slash)
        return named & self.examples.keys() if self.is_fallback else named


def _problem(wrong: ValueError) -> str:
    """Return what is wrong; a message that quotes a long value is cut."""
    text = str(wrong)
    return text if len(text) <= _LONGEST_PROBLEM else f"{text[:_LONGEST_PROBLEM]}..."
