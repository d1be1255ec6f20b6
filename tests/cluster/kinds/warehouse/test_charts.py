"""Chart subscriptions: from the index of a chart repository, and from a real registry."""

from __future__ import annotations

import pytest

from dev.registry import Registry
from tests.cluster.kinds.warehouse.watched import artifact, chart, is_ready, make, now_has
from tests.support.images import push_image
from tests.support.objects import Objects, condition
from tests.support.scripted_registry import Answer, ScriptedRegistry

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")


def index(*versions: str) -> Answer:
    """An index with these versions of one chart."""
    entries = "".join(
        f"  - version: {version}\n    appVersion: '7'\n    digest: {number:064x}\n    urls: [api.tgz]\n"
        for number, version in enumerate(versions, 1)
    )
    return Answer(200, {"Content-Type": "text/yaml"}, f"apiVersion: v1\nentries:\n  api:\n{entries}".encode())


def test_the_highest_version_of_an_index_is_followed(objects: Objects) -> None:
    """With what the index says of it; a failing server keeps it."""
    with ScriptedRegistry(lambda _method, _path: index("1.9.0", "2.0.0", "2.1.0", "3.0.0")) as server:
        make(objects, "chart", chart("chart", f"{server.url}/stable", name="api", range="^2"))
        found = objects.wait("warehouses", "chart", now_has("chart", chart="2.1.0"))
        told = artifact(found, "chart")
        assert (told["chart"]["appVersion"], told["chart"]["digest"]) == ("7", f"sha256:{3:064x}")
        assert (told["candidates"], told["rejected"], told["tags"]) == (
            ["2.1.0", "2.0.0"],
            {"OutOfRange": 2},
            4,
        )
        assert set(server.requests) == {"GET /stable/index.yaml"}

        server.script = lambda _method, _path: Answer(503)
        bad = objects.wait_not_ready("warehouses", "chart", "RegistryFailing")
        assert artifact(bad, "chart")["chart"] == told["chart"]

        server.script = lambda _method, _path: index("2.0.0")
        gone = objects.wait_not_ready("warehouses", "chart", "TagDeleted")
        assert artifact(gone, "chart")["chart"] == told["chart"]
        assert gone["status"]["history"] == found["status"]["history"]

        server.script = lambda _method, _path: index("2.1.0", "2.2.0+build.7")
        objects.wait("warehouses", "chart", now_has("chart", chart="2.2.0+build.7"))


def test_a_chart_in_a_registry_is_followed(objects: Objects, registry: Registry) -> None:
    """Its tags are its versions, with `_` where a version has a `+`."""
    digests = {
        tag: push_image(registry.url, "charts/api", tag, label=tag) for tag in ("1.0.0", "2.0.0_build.7")
    }
    make(objects, "chart", chart("chart", f"oci://{registry.host}/charts/api", range="^2"))

    found = objects.wait("warehouses", "chart", now_has("chart", chart="2.0.0+build.7"))

    assert artifact(found, "chart")["chart"]["digest"] == digests["2.0.0_build.7"]
    assert is_ready(found)


def test_a_chart_waits_for_its_registry(objects: Objects, registry: Registry) -> None:
    """Its creation is noticed at once, whatever the interval is."""
    push_image(registry.url, "charts/api", "1.0.0")
    url = f"oci://{registry.host}/charts/api"
    make(objects, "chart", chart("chart", url, registryRef={"name": "acme"}), interval="24h")
    found = objects.wait_not_ready("warehouses", "chart", "RegistryNotFound")
    assert condition(found, "Reconciling")["status"] == "True"

    objects.registry("acme", registry.url)
    objects.wait("warehouses", "chart", now_has("chart", chart="1.0.0"), timeout=3)
