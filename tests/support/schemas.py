"""Objects drawn from the structural schema of a CRD: what the API server would let through by its schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

from slipway.clock import format_time

__all__ = ["values_of"]


_ENOUGH = 2
"""Longest lists and maps that are drawn: more of the same shows nothing new."""


def values_of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """JSON values that satisfy the schema; CEL rules are not looked at."""
    if schema.get("x-kubernetes-int-or-string"):
        return st.one_of(_integers(schema), _texts(schema))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _STRATEGIES[schema["type"]](schema)


def _objects(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "additionalProperties" in schema:
        names = st.text(alphabet="abcdefghij", min_size=1, max_size=5)
        return st.dictionaries(names, values_of(schema["additionalProperties"]), max_size=_ENOUGH)
    members = {name: values_of(member) for name, member in schema.get("properties", {}).items()}
    required = {name: members.pop(name) for name in schema.get("required", [])}
    return st.fixed_dictionaries(required, optional=members)


def _lists(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    longest = min(_ENOUGH, schema["maxItems"])
    return st.lists(values_of(schema["items"]), min_size=schema.get("minItems", 0), max_size=longest)


def _integers(schema: Mapping[str, Any]) -> st.SearchStrategy[int]:
    return st.integers(schema.get("minimum", -1), schema.get("maximum", 2**31))


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        moments = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001 - made aware below
        return moments.map(lambda moment: format_time(moment.replace(tzinfo=UTC)))
    shortest, longest = schema.get("minLength", 0), schema["maxLength"]
    if "pattern" in schema:
        texts = st.from_regex(schema["pattern"], fullmatch=True)
        return texts.filter(lambda text: text.isascii() and shortest <= len(text) <= longest)
    return st.text(min_size=shortest, max_size=min(longest, 20))


_STRATEGIES: Final[Mapping[str, Callable[[Mapping[str, Any]], st.SearchStrategy[Any]]]] = {
    "object": _objects,
    "array": _lists,
    "string": _texts,
    "integer": _integers,
    "boolean": lambda _: st.booleans(),
}
