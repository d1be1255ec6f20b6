"""Whether a live object still is what was applied."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.deployment.drift import clashes, covers, same_quantity

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


def port(name: str, number: int, **more: Any) -> dict[str, Any]:
    """A port of a Service."""
    return {"name": name, "port": number, "protocol": "TCP", **more}


def test_a_port_that_took_the_name_of_ours_goes() -> None:
    """An apply would keep it beside ours; what has another name, and what we said before, stays."""
    live = {"spec": {"ports": [port("http", 81), port("grpc", 90, nodePort=30090), port("debug", 99)]}}
    wanted = {"spec": {"ports": [port("http", 80), port("grpc", 90)]}}

    (operation,) = clashes(live, wanted)

    ports = [port("grpc", 90, nodePort=30090), port("debug", 99), port("http", 80)]
    assert operation == {"op": "replace", "path": "/spec/ports", "value": ports}


def test_a_port_of_a_container_is_found_by_the_place_of_the_container() -> None:
    """Others may have put theirs before it."""
    changed = {"name": "app", "ports": [{"name": "http", "containerPort": 9090}]}
    ours = {"name": "app", "ports": [{"name": "http", "containerPort": 8080}]}

    operations = list(clashes({"containers": [{"name": "side"}, changed]}, {"containers": [ours]}))

    assert operations == [{"op": "replace", "path": "/containers/1/ports", "value": ours["ports"]}]


def test_the_protocol_belongs_to_the_number() -> None:
    """The same number of another protocol is another port."""
    live = {"ports": [port("dns", 53) | {"protocol": "UDP"}]}

    (operation,) = clashes(live, {"ports": [port("dns", 53)]})

    assert operation["value"] == [port("dns", 53)]


@given(MANIFESTS)
def test_nothing_clashes_with_itself(manifest: Any) -> None:
    """Nor with what the API server makes of it."""
    assert list(clashes(manifest, manifest)) == []
    assert list(clashes(emptied(manifest), manifest)) == []


def test_a_selector_is_compared_as_a_whole() -> None:
    """With one more label it would select no pod."""
    wanted = {"selector": {"app": "api"}}

    assert covers({"selector": {"app": "api"}}, wanted)
    assert not covers({"selector": {"app": "api", "tier": "other"}}, wanted)
