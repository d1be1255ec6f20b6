from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.view import hash_status, hash_wish

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
names = st.text(max_size=5).filter(lambda name: name != "lastTransitionTime")
documents = st.dictionaries(
    names,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.mark.parametrize("status", [None, {}, {"observedGeneration": -1}])
def test_a_blank_status_has_no_hash(status: dict[str, Any] | None) -> None:
    """Missing, empty and defaulted statuses are the same: nobody wrote one yet."""
    assert hash_status(status) == b""


@pytest.mark.parametrize(
    "status", [{"observedGeneration": 1}, {"phase": ""}, {"observedGeneration": -1, "conditions": []}]
)
def test_any_other_status_has_a_hash(status: dict[str, Any]) -> None:
    """What somebody wrote is never taken for blank."""
    assert hash_status(status) != b""


@given(documents, st.text(max_size=5), st.text(max_size=5))
def test_transition_times_never_count(document: dict[str, Any], one: str, other: str) -> None:
    """Two statuses that differ only in transition times, at any depth, hash the same."""
    first = {"x": 1, "nested": [{**document, "lastTransitionTime": one}]}
    second = {"nested": [{**document, "lastTransitionTime": other}], "x": 1}

    assert hash_status(first) == hash_status(second) == hash_status({"x": 1, "nested": [document]})


@given(documents, documents)
def test_different_statuses_have_different_hashes(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The hash tells apart what the JSON tells apart, and nothing else (1 and True are not the same)."""
    assert (hash_status({"a": one}) == hash_status({"a": other})) == (repr_of(one) == repr_of(other))


def test_mappings_that_are_no_dicts_hash_like_dicts() -> None:
    """A read-only mapping is the same status."""
    assert hash_status(MappingProxyType({"a": MappingProxyType({"b": (1,)})})) == hash_status(
        {"a": {"b": [1]}}
    )


def test_the_wish_knows_requests_but_not_other_annotations() -> None:
    """A request is a wish; what kubectl or Argo CD leave behind is none."""
    plain = hash_wish({"a": 1}, {"kubectl.kubernetes.io/last-applied": "x"})

    assert plain == hash_wish({"a": 1})
    assert plain != hash_wish({"a": 1}, {"slipway.dev/reconcile": "2026-11-21T09:00:00Z"})


def test_who_asked_is_no_wish() -> None:
    """A name that comes, goes or changes beside the same request wakes nobody."""
    asked = {"slipway.dev/reconcile": "2026-11-21T09:00:00Z"}

    stamped = hash_wish({"a": 1}, {**asked, "requested-by.slipway.dev/reconcile": "anna"})

    assert stamped == hash_wish({"a": 1}, asked)


def test_a_deletion_is_a_wish() -> None:
    """The deletion timestamp changes what a person wants."""
    assert hash_wish({"a": 1}) != hash_wish({"a": 1}, {}, "2026-11-21T09:00:00Z")


def repr_of(value: Any) -> str:
    """An order-free text of a JSON value that keeps 1 and True apart."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{repr_of(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(repr_of(item) for item in value) + "]"
    return repr(value)


@pytest.mark.parametrize("odd", ["\ud800", 1 << 70], ids=["half a surrogate pair", "a long number"])
def test_what_only_json_itself_can_write_has_a_hash_too(odd: object) -> None:
    """A registry may send it; one object must not stand still for it."""
    assert hash_status({"a": odd}) == hash_status({"a": odd}) != hash_status({"a": "x"})
