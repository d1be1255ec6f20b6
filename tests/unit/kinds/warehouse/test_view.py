from __future__ import annotations

from typing import Any

import pytest

from slipway.engine.key import Key
from slipway.kinds.registry.view import host_topic
from slipway.kinds.warehouse.view import ArtifactView, SubscriptionView, WarehouseView, image_topic

DIGEST = "sha256:" + "a" * 64
SEMVER = {"type": "Semver", "semver": {"range": "~1.4"}}


def body(image: dict[str, Any], status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A live Warehouse with one subscription."""
    return {
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "42",
            "generation": 3,
        },
        "spec": {"subscriptions": [{"name": "app", "type": "Image", "image": image}], **spec},
        "status": status or {},
    }


def artifact(repository: str, tag: str = "1.4.1") -> dict[str, Any]:
    """A status that has found something."""
    image = {"repository": repository, "tag": tag, "digest": DIGEST}
    return {"artifacts": [{"name": "app", "image": image}]}


def test_it_is_found_by_repository_and_by_the_chosen_tag() -> None:
    """Whoever takes an image from it finds it by what the image is called."""
    repository = "registry.example.com/shop/api"
    view = WarehouseView.from_body(body({"repository": repository, "policy": SEMVER}, artifact(repository)))

    assert view.key == Key("warehouses.slipway.dev", "shop", "api")
    assert view.topics == (
        image_topic("shop", "registry.example.com", "shop/api"),
        image_topic("shop", "registry.example.com", "shop/api", "1.4.1"),
    )
    assert view.artifact("app") == ArtifactView("app", repository, "1.4.1", DIGEST)
    assert view.artifact("other") is None
    assert view.subscriptions == (SubscriptionView("app", "registry.example.com", "shop/api", None, None),)


def test_a_followed_tag_is_a_topic_before_anything_was_found() -> None:
    """A ManagedImage that waits for it can tell that somebody watches."""
    view = WarehouseView.from_body(
        body({"repository": "alpine", "policy": {"type": "Digest", "digest": {"tag": "3.22"}}})
    )

    assert image_topic("shop", "docker.io", "library/alpine", "3.22") in view.topics
    assert view.artifacts == ()


def test_it_listens_to_the_registry_it_names_else_to_all_of_its_host() -> None:
    """Their change can mean another credential, or that the registry answers again."""
    named = WarehouseView.from_body(
        body({"repository": "r.example.com/api", "policy": SEMVER, "registryRef": {"name": "acme"}})
    )
    other = WarehouseView.from_body(body({"repository": "r.example.com/api", "policy": SEMVER}))

    assert named.listens == (Key("registries.slipway.dev", "shop", "acme"),)
    assert other.listens == (host_topic("shop", "r.example.com"),)


def test_it_listens_for_its_charts_too() -> None:
    """Of those in registries; nobody watches the others' Secrets."""
    charts = [
        {"url": "oci://r.example.com/charts/api"},
        {"url": "oci://r.example.com/charts/web", "registryRef": {"name": "acme"}},
        {"url": "https://charts.example.com", "name": "api"},
        {"url": "oci://nonsense"},
    ]
    subscriptions = [{"name": str(number), "chart": chart} for number, chart in enumerate(charts)]
    view = WarehouseView.from_body({**body({}), "spec": {"subscriptions": subscriptions}})

    assert view.listens == (
        host_topic("shop", "r.example.com"),
        Key("registries.slipway.dev", "shop", "acme"),
    )
    assert view.topics == ()


def test_what_was_found_in_a_repository_it_no_longer_names_is_not_offered() -> None:
    """Between the change of the spec and the next look nobody may take the old image for the new one."""
    view = WarehouseView.from_body(
        body({"repository": "r.example.com/new", "policy": SEMVER}, artifact("r.example.com/old"))
    )

    assert view.artifacts == ()


@pytest.mark.parametrize("spec", [{}, {"suspend": True}], ids=["at work", "suspended"])
@pytest.mark.parametrize("status", [{}, artifact("r.example.com/api")], ids=["new", "settled"])
def test_a_view_has_all_that_a_decision_needs(status: dict[str, Any], spec: dict[str, Any]) -> None:
    """What tools noted on the object is left out, for it may be larger than all the rest."""
    live = body({"repository": "alpine"}, status, **spec)
    request = {"slipway.dev/reconcile": "2026-11-21T08:00:00Z"}
    live["metadata"] |= {"managedFields": [{}], "annotations": {**request, "kubectl.kubernetes.io/x": "y"}}

    expected = {**body({"repository": "alpine"}, status), "spec": live["spec"]}
    expected["metadata"]["annotations"] = request
    assert WarehouseView.from_body(live).body() == expected


def test_any_body_becomes_a_view() -> None:
    """Objects from before the schema, or with values that it refuses, disturb nobody."""
    view = WarehouseView.from_body({"metadata": {"name": "api", "resourceVersion": "1"}, "spec": None})
    broken = WarehouseView.from_body(body({"repository": "UPPER case", "policy": SEMVER}, suspend=True))

    assert (view.subscriptions, view.artifacts, view.suspended, view.owner) == ((), (), False, None)
    assert (broken.subscriptions, broken.topics, broken.listens, broken.suspended) == ((), (), (), True)
