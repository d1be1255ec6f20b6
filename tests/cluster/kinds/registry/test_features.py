"""What a Registry tells of itself: capabilities, repositories, quota, and its columns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dev.referrers import ReferrersRegistry
from dev.registry import Registry
from tests.cluster.kinds.warehouse.watched import image, make, now_has, request
from tests.support.cluster import Kubectl
from tests.support.faults import stored_image
from tests.support.images import push_image
from tests.support.objects import Body, Objects, condition
from tests.support.scripted_registry import Answer, ScriptedRegistry
from tests.support.scripted_registry import image as described

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

JSON = {"Content-Type": "application/json"}


def test_what_a_registry_offers_is_told(objects: Objects, kubectl: Kubectl, registry: Registry) -> None:
    """Found out with an image at hand; its columns tell the story."""
    for name in ("shop/api", "shop/web"):
        push_image(registry.url, name, "1.0.0")
    objects.registry("acme", registry.url)

    found = objects.wait_ready("registries", "acme", "Connected")["status"]

    assert found["repositories"] == 2
    assert found["capabilities"] == ["Catalog", "ConditionalRequests"]
    header, line = kubectl("get", "reg").splitlines()
    assert header.split()[:5] == ["NAME", "TYPE", "URL", "PHASE", "REPOSITORIES"]
    assert line.split()[:5] == ["acme", "Generic", registry.url, "Connected", "2"]


def test_referrers_are_found_where_they_are_offered(objects: Objects) -> None:
    """By a registry of OCI 1.1."""
    with ReferrersRegistry() as registry:
        push_image(registry.url, "shop/api", "1.0.0")
        objects.registry("acme", registry.url)

        assert "Referrers" in objects.wait_ready("registries", "acme", "Connected")["status"]["capabilities"]


def test_a_low_quota_is_told_and_slows_down(objects: Objects) -> None:
    """As Docker Hub tells it: the Registry has its state, the Warehouse a condition, until there is more."""
    left, stored = "10", stored_image("one")

    def script(method: str, path: str) -> Answer:
        quota = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": f"{left};w=21600"}
        if "/manifests/" in path:
            headers = {**described(stored.digest).headers, "Content-Length": str(len(stored.manifest))}
            return Answer(200, {**headers, **quota}, stored.manifest)
        if "/blobs/" in path:
            return Answer(200, {}, stored.config)
        return Answer(200 if path == "/v2/" else 404, JSON, b"{}")

    with ScriptedRegistry(script) as server:
        objects.registry("hub", server.url)
        objects.wait_ready("registries", "hub", "Connected")
        follow = {"type": "Digest", "digest": {"tag": "1"}}
        make(objects, "api", image("app", f"{server.host}/shop/api", follow))
        low = objects.wait("warehouses", "api", lambda now: condition(now, "Throttled") != {})
        assert condition(low, "Throttled")["reason"] == "QuotaLow"
        assert condition(low, "Ready")["status"] == "True"

        request(objects, "registries", "hub")
        objects.wait("registries", "hub", _has_state("Low"))

        left = "90"
        objects.wait("warehouses", "api", lambda now: condition(now, "Throttled") == {})
        assert now_has("app", image="1")(request(objects, "warehouses", "api"))
        objects.wait("registries", "hub", _has_state("Ok"))


def _has_state(state: str) -> Callable[[Body | None], bool]:
    def check(body: Body | None) -> bool:
        return (((body or {}).get("status") or {}).get("rateLimit") or {}).get("state") == state

    return check
