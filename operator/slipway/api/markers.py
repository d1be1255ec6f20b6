"""What a JSON schema cannot say, said beside the field: CEL rules and the ways lists merge.

Each marker stands in the `Annotated[...]` of a field and writes the `x-kubernetes-*` keys of its schema: CEL
as in https://kubernetes.io/docs/reference/using-api/cel/, and the list types of structured-merge-diff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = ["RULES", "Advice", "ListMap", "ListSet", "Rule", "Union"]

RULES: Final = "x-kubernetes-validations"
"""The key under which a schema keeps its CEL rules."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule: the API server refuses the object with `message` when `expression` is not true."""

    expression: str
    """CEL; `self` is the value that carries the marker."""

    message: str
    """What is wrong and how to put it right, in one sentence."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the field with this rule added."""
        return self.added_to(handler(core_schema))

    def added_to(self, schema: JsonSchemaValue) -> JsonSchemaValue:
        """The schema with this rule behind the rules that it has."""
        rule = {"rule": self.expression, "message": self.message}
        return {**schema, RULES: [*schema.get(RULES, []), rule]}


@dataclass(frozen=True, slots=True)
class Advice:
    """Says in words how to write a string that has a pattern: the API server alone would quote the regex."""

    message: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the field with its pattern repeated as a rule that has a message."""
        schema = handler(core_schema)
        return Rule(f"self.matches(r'{schema['pattern']}')", self.message).added_to(schema)


@dataclass(frozen=True, slots=True)
class ListMap:
    """A list whose items are told apart, and merged by server-side apply, by one of their fields."""

    key: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the field as a list-map."""
        keys: dict[str, Any] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.key]}
        return {**handler(core_schema), **keys}


@dataclass(frozen=True, slots=True)
class ListSet:
    """A list of different scalars, merged by server-side apply as a set."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the field as a set."""
        return {**handler(core_schema), "x-kubernetes-list-type": "set"}


@dataclass(frozen=True, slots=True)
class Union:
    """An object of which `type` says which one of its members is set."""

    members: Mapping[str, str]
    """From the value of `type` to the name of the field that goes with it."""

    required: bool = True
    """Whether the member must be there, or has defaults of its own when it is left out."""

    def rules(self) -> tuple[Rule, ...]:
        """One rule per member: there with its type, and only then."""
        return tuple(self._rule(value, member) for value, member in self.members.items())

    def _rule(self, value: str, member: str) -> Rule:
        if self.required:
            advice = f"type {value} and the field {member} go together: set {member} when type is {value}"
            return Rule(
                f"(self.type == '{value}') == has(self.{member})", f"{advice}, and remove it otherwise"
            )
        advice = f"the field {member} goes with type {value} only: remove {member} or change type"
        return Rule(f"self.type == '{value}' || !has(self.{member})", advice)
