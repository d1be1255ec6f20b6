"""Whether a live object still is what was applied."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.deployment.drift import covers, same_quantity

SCALARS = st.one_of(st.booleans(), st.integers(-3, 3), st.text(max_size=3))
MANIFESTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=12,
)


def emptied(value: Any) -> Any:
    """What the API server leaves out: false and empty values."""
    if isinstance(value, dict):
        return {name: emptied(item) for name, item in value.items() if item not in (False, "", [], {})}
    return value


@given(MANIFESTS)
def test_object_covers_itself(manifest: Any) -> None:
    """As it was written, and as the API server answers it."""
    assert covers(manifest, manifest)
    assert covers(emptied(manifest), manifest)


@given(
    st.dictionaries(st.sampled_from("abcd"), MANIFESTS), st.dictionaries(st.sampled_from("wxyz"), MANIFESTS)
)
def test_additions_of_others_are_left_alone(wanted: dict[str, Any], more: dict[str, Any]) -> None:
    """Defaults and foreign fields are no drift."""
    assert covers({**more, **wanted}, wanted)


@pytest.mark.parametrize(
    ("live", "wanted", "same"),
    [
        (
            {"containers": [{"name": "app", "image": "a"}]},
            {"containers": [{"name": "app", "image": "b"}]},
            False,
        ),
        ({"containers": [{"name": "app"}, {"name": "mesh"}]}, {"containers": [{"name": "app"}]}, True),
        ({"containers": [{"name": "mesh"}]}, {"containers": [{"name": "app"}]}, False),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, False),
        ({"args": ["added"]}, {"args": []}, False),
        ({}, {"args": []}, True),
        (
            {"ports": [{"port": 80, "name": "http", "nodePort": 3}]},
            {"ports": [{"name": "http", "port": 80}]},
            True,
        ),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, {"limits": {"cpu": "1000m"}}, True),
        ({"limits": {"cpu": "2"}}, {"limits": {"cpu": "1000m"}}, False),
        ({"limits": None}, {"limits": {"cpu": "1"}}, False),
        ({"replicas": 3}, {"replicas": 0}, False),
        ({"paused": True}, {"paused": False}, False),
        ({"a": "text"}, {"a": {"b": "c"}}, False),
        ({"a": "text"}, {"a": ["b"]}, False),
        (None, {"a": "b"}, False),
    ],
)
def test_what_is_drift(live: Any, wanted: Any, same: bool) -> None:
    """One row per kind of difference."""
    assert covers(live, wanted) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1000m", "1", True),
        ("0.5", "500m", True),
        ("1024Mi", "1Gi", True),
        ("1e3", "1k", True),
        ("1E3", "1k", True),
        (1, "1", True),
        ("1M", "1Mi", False),
        ("100n", "0.1u", True),
        ("what", "what", True),
        ("what", "1", False),
        (None, "1", False),
    ],
)
def test_quantities(one: object, other: object, same: bool) -> None:
    """Compared by amount, as the API server writes them anew."""
    assert same_quantity(one, other) is same
