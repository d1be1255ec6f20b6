"""The largest status that the schema of a kind allows."""

from __future__ import annotations

from typing import Any, Final

from slipway.api.base import Resource, Status
from slipway.api.schema import Schema, structural_schema

__all__ = ["WIDE", "dumped", "largest_status"]

WIDE: Final = "<"
"""The API server stores it in six bytes."""

_FREE: Final = {"message", "author", "by", "detail", "error", "cause", "reason"}
"""Fields that hold what people and hosts write. All other texts are names, words and digests: ASCII."""

_MOMENT: Final = "2026-11-21T09:00:00Z"


def largest_status(kind: type[Resource], **entries: int) -> dict[str, Any]:
    """Every text of its greatest length, every list full, or with so many entries as said."""
    schema = structural_schema(kind)["properties"]["status"]
    for name, count in entries.items():
        schema["properties"][name]["maxItems"] = count
    largest: dict[str, Any] = _largest("status", schema)
    return largest


def dumped(status: Status) -> dict[str, Any]:
    """What a kind makes of it: all but what the engine writes."""
    return status.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"conditions", "observed_generation"}
    )


def _largest(name: str, schema: Schema) -> Any:
    match schema["type"]:
        case "object" if "properties" in schema:
            return {key: _largest(key, member) for key, member in schema["properties"].items()}
        case "object":
            value = _largest(name, schema["additionalProperties"])
            return {f"{key:x>63}": value for key in range(schema["maxProperties"])}
        case "array":
            return [_largest(name, schema["items"]) for _ in range(schema["maxItems"])]
        case "string":
            return _longest_text(name, schema)
        case "integer":
            return schema.get("maximum", 2**63 - 1)
        case "boolean":
            return False
        case other:
            raise AssertionError(other)


def _longest_text(name: str, schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return _MOMENT
    if "sha512" in schema.get("pattern", ""):
        return "sha512:" + "f" * 128
    if "0-9a-f" in schema.get("pattern", ""):
        return "f" * int(schema["maxLength"])
    if "Unknown" in schema.get("pattern", ""):
        return "Unknown"
    is_free = name in _FREE and "pattern" not in schema
    return (WIDE if is_free else "x") * int(schema["maxLength"])
