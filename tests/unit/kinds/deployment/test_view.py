"""What the store keeps of a Deployment and of its children."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.engine.key import Key
from slipway.kinds.children import child_parser
from slipway.kinds.deployment.view import DeploymentView, deployment_key
from slipway.kube.resources import APPS_DEPLOYMENTS

METADATA = {"namespace": "shop", "name": "api", "uid": "u", "resourceVersion": "17", "generation": 2}


def view(image: dict[str, Any], status: dict[str, Any] | None = None) -> DeploymentView:
    """Of an object with this image source."""
    return DeploymentView.from_body({"metadata": METADATA, "spec": {"image": image}, "status": status})


def test_identity() -> None:
    """Key, UID and versions."""
    found = view({"type": "Reference", "reference": "a"})

    assert (found.key, found.uid, found.resource_version, found.generation) == (
        deployment_key("shop", "api"),
        "u",
        17,
        2,
    )
    assert (found.owner, found.topics) == (None, ())


@pytest.mark.parametrize(
    ("image", "status", "listens"),
    [
        ({"managedImage": {"name": "x"}}, None, (Key("managedimages.slipway.dev", "shop", "x"),)),
        (
            {"warehouse": {"name": "x", "subscription": "app"}},
            {"image": {"reference": "registry.test:5000/a:1"}},
            (Key("warehouses.slipway.dev", "shop", "x"), ("registry-host", "shop", "registry.test:5000")),
        ),
        (
            {"reference": "registry.test/a:2"},
            {"image": {"reference": "registry.test/a:1"}},
            (("registry-host", "shop", "registry.test"),),
        ),
        ({"reference": "NOT an image"}, None, ()),
        ({}, None, ()),
    ],
)
def test_listens_to_its_source_and_registries(
    image: dict[str, Any], status: dict[str, Any] | None, listens: tuple[object, ...]
) -> None:
    """Their changes concern it."""
    assert view(image, status).listens == listens


def test_child_wakes_its_controller() -> None:
    """Found through the owner reference of our own group."""
    ours = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Deployment", "name": "api", "controller": True}
    child = child_parser(APPS_DEPLOYMENTS)({"metadata": {**METADATA, "ownerReferences": [ours]}})

    assert child.key == Key("deployments.apps", "shop", "api")
    assert child.owner == deployment_key("shop", "api")


@pytest.mark.parametrize("change", [{"controller": False}, {"apiVersion": "apps/v1"}, {"kind": "Warehouse"}])
def test_others_children_wake_nobody(change: dict[str, object]) -> None:
    """An owner of another kind, or one that does not control it."""
    ours = {"apiVersion": "slipway.dev/v1alpha1", "kind": "Deployment", "name": "api", "controller": True}
    child = child_parser(APPS_DEPLOYMENTS)(
        {"metadata": {**METADATA, "ownerReferences": [{**ours, **change}]}}
    )

    assert child.owner is None
