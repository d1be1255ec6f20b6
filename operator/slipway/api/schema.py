"""From a pydantic model to the structural schema of a CRD.

The rules of structural schemas are those of
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from slipway.api.markers import RULES

__all__ = ["Schema", "structural_schema"]

Schema: TypeAlias = dict[str, Any]

_KEYS: Final = (
    "description",
    "type",
    "format",
    "default",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
    "anyOf",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    RULES,
)
"""What a schema may say, in the order that it is written; anything else is a mistake of ours."""


def structural_schema(model: type[BaseModel]) -> Schema:
    """The schema of a model: no references, no nulls, descriptions from docstrings, static defaults.

    Raises:
        ValueError: when the model holds something that a structural schema cannot say.
    """
    whole = model.model_json_schema(by_alias=True)
    return _structural(whole, whole.get("$defs", {}))


def _structural(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    schema = _without_null(_resolved(node, definitions), definitions)
    _name_constants(schema)
    _drop_noise(schema)
    if "properties" in schema:
        schema["properties"] = {
            name: _structural(value, definitions) for name, value in schema["properties"].items()
        }
        _default_by_members(schema)
    for key in ("items", "additionalProperties"):
        if key in schema:
            schema[key] = _structural(schema[key], definitions)
    return _ordered(schema)


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """The node with its reference replaced by what it refers to."""
    schema = dict(node)
    reference = schema.pop("$ref", None)
    if reference is None:
        return schema
    return _joined(_resolved(definitions[reference.removeprefix("#/$defs/")], definitions), schema)


def _joined(inner: Schema, outer: Schema) -> Schema:
    """What a field says wins over what its type says, except that the rules of both hold."""
    rules = [*inner.get(RULES, []), *outer.get(RULES, [])]
    return {**inner, **outer, **({RULES: rules} if rules else {})}


def _without_null(schema: Schema, definitions: Mapping[str, Any]) -> Schema:
    """`X | None` is an optional X: the API server drops nulls by itself."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) != 1 or len(choices) == len(schema["anyOf"]):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return _joined(_resolved(choices[0], definitions), rest)


def _default_by_members(schema: Schema) -> None:
    """An object that is left out becomes what its members default to, so that both say the same."""
    if "default" in schema:
        members = schema["properties"].items()
        schema["default"] = {name: member["default"] for name, member in members if "default" in member}


def _name_constants(schema: Schema) -> None:
    """A `Literal` of one value is an enumeration that will grow."""
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]


def _drop_noise(schema: Schema) -> None:
    """Titles repeat the name; empty defaults would write themselves into every object."""
    for key in ("title", "$defs", "propertyNames"):
        schema.pop(key, None)
    if schema.get("default", ...) in (None, [], {}):
        del schema["default"]
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    if "description" in schema:
        schema["description"] = _unwrapped(schema["description"])


def _unwrapped(text: str) -> str:
    """The docstring as flowing text: single line breaks come from the width of the source."""
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _ordered(schema: Schema) -> Schema:
    strange = schema.keys() - set(_KEYS)
    if strange:
        msg = f"a structural schema has no {', '.join(sorted(strange))}: {schema}"
        raise ValueError(msg)
    return {key: schema[key] for key in _KEYS if key in schema}
