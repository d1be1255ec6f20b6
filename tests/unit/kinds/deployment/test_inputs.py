"""What makes one revision differ from another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.deployment import DeploymentSpec
from slipway.kinds.deployment.inputs import Inputs, PortInput, digest_of, identity_of, inputs_of, pinned

IMAGE = "registry.test/shop/api@sha256:" + "a" * 64
WORDS = st.lists(st.text(max_size=5), max_size=3).map(tuple)
AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["1", "500m", "1Gi"]))
PORTS = st.lists(
    st.builds(PortInput, st.sampled_from(["http", "admin"]), st.integers(1, 9), st.integers(1, 9)), max_size=2
).map(tuple)
INPUTS = st.builds(Inputs, st.just(IMAGE), PORTS, WORDS, WORDS, AMOUNTS, AMOUNTS)


def spec(**more: object) -> DeploymentSpec:
    """A spec of the fields that matter here."""
    return DeploymentSpec.model_validate({"image": {"type": "Reference", "reference": IMAGE}, **more})


@given(INPUTS)
def test_stored_form_loses_nothing(inputs: Inputs) -> None:
    """What was written is read."""
    assert Inputs.from_json(inputs.to_json()) == inputs


@given(INPUTS, INPUTS)
def test_identity_tells_inputs_apart(one: Inputs, other: Inputs) -> None:
    """Equal inputs have one identity, others have others."""
    assert (identity_of(one) == identity_of(other)) == (one == other)


def test_identity_is_the_same_for_ever() -> None:
    """A change of this value would restart every application at the next upgrade."""
    inputs = Inputs(
        IMAGE, (PortInput("http", 8080, 80),), ("/serve",), ("-v",), {"cpu": "1"}, {"memory": "1Gi"}
    )

    assert identity_of(Inputs(IMAGE)) == "4aee9029dd"
    assert identity_of(inputs) == "5f3f7b0bc3"


@pytest.mark.parametrize(
    "more",
    [
        {"replicas": 7},
        {"strategy": {"rolling": {"maxSurge": 3}}},
        {"progressDeadline": "1m"},
        {"paused": True},
        {"acceptDigests": ["sha256:" + "b" * 64]},
        {"revisionHistoryLimit": 3},
        {"command": [], "args": [], "resources": {}},
    ],
)
def test_what_is_no_input(more: dict[str, object]) -> None:
    """These change no pod."""
    assert inputs_of(spec(**more), IMAGE) == inputs_of(spec(), IMAGE)


def test_service_port_defaults_to_the_container_port() -> None:
    """Leaving it out and writing the same number mean the same."""
    left_out = inputs_of(spec(ports=[{"name": "http", "containerPort": 80}]), IMAGE)
    written = inputs_of(spec(ports=[{"name": "http", "containerPort": 80, "servicePort": 80}]), IMAGE)

    assert left_out == written


def test_pinned_image() -> None:
    """Repository and digest, and the digest back."""
    assert digest_of(pinned("registry.test:5000/a/b", "sha256:1")) == "sha256:1"
    assert digest_of("registry.test/a/b:1") == ""
