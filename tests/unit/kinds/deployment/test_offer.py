"""What image sources offer."""

from __future__ import annotations

from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.deployment.offer import from_managed_image, from_reference, from_warehouse
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.warehouse.view import WarehouseView

DIGEST = "sha256:" + "a" * 64
OLDER = "sha256:" + "b" * 64
METADATA = {"namespace": "shop", "name": "api"}


def managed_image(**status: object) -> ManagedImageView:
    """A ManagedImage with this status."""
    spec = {"image": {"repository": "registry.test/shop/api"}}
    return ManagedImageView.from_body({"metadata": METADATA, "spec": spec, "status": status})


def warehouse(**status: object) -> WarehouseView:
    """A Warehouse with the subscription `app` and this status."""
    image = {
        "repository": "registry.test/shop/api",
        "policy": {"type": "Digest", "digest": {"tag": "stable"}},
    }
    spec = {"subscriptions": [{"name": "app", "type": "Image", "image": image}]}
    return WarehouseView.from_body({"metadata": METADATA, "spec": spec, "status": status})


def test_reference() -> None:
    """One candidate, called as the person wrote it; Docker Hub's short names are spelt out to run."""
    offer = from_reference("nginx:1.27", DIGEST)

    assert offer.repository == "docker.io/library/nginx"
    assert offer.newest is not None
    assert (offer.newest.digest, offer.newest.reference) == (DIGEST, "nginx:1.27")


def test_managed_image() -> None:
    """All successful builds, newest first, each with its number."""
    builds = [
        {"number": 2, "phase": "Succeeded", "digest": DIGEST},
        {"number": 1, "phase": "Succeeded", "digest": OLDER},
    ]
    offer = from_managed_image("api", managed_image(image={"digest": DIGEST, "build": 2}, builds=builds))

    assert [candidate.digest for candidate in offer.candidates] == [DIGEST, OLDER]
    assert [candidate.cause for candidate in offer.candidates] == [
        "ManagedImage api: build 2",
        "ManagedImage api: build 1",
    ]
    assert offer.naming(OLDER) is offer.candidates[1]
    assert offer.naming("sha256:0") is None


def test_managed_image_with_the_source_build() -> None:
    """The pipeline's own build has no number."""
    offer = from_managed_image("api", managed_image(image={"digest": DIGEST}))

    assert offer.newest is not None
    assert offer.newest.cause == "ManagedImage api: source build"


def test_managed_image_that_offers_nothing() -> None:
    """Missing, or not built yet: it comes by itself."""
    for view, reason in ((None, "ManagedImageNotFound"), (managed_image(), "ManagedImageNotBuilt")):
        offer = from_managed_image("api", view)

        assert isinstance(offer.problem, Waiting)
        assert offer.problem.reason == reason
        assert offer.newest is None


def test_warehouse() -> None:
    """The artifact of the subscription that is named."""
    image = {"repository": "registry.test/shop/api", "tag": "1.4.1", "digest": DIGEST}
    offer = from_warehouse("api", "app", warehouse(artifacts=[{"name": "app", "image": image}]))

    assert offer.newest is not None
    assert (offer.repository, offer.newest.cause) == ("registry.test/shop/api", "Warehouse api: tag 1.4.1")
    assert offer.newest.reference == "registry.test/shop/api:1.4.1"


def test_warehouse_that_offers_nothing() -> None:
    """Missing or without a choice: it comes by itself. Another subscription: a person must correct it."""
    for view, subscription, kind, reason in (
        (None, "app", Waiting, "WarehouseNotFound"),
        (warehouse(), "app", Waiting, "WarehouseNotReady"),
        (warehouse(), "other", Stalled, "SubscriptionNotFound"),
    ):
        problem = from_warehouse("api", subscription, view).problem

        assert isinstance(problem, kind)
        assert problem.reason == reason
