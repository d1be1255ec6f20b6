"""Every policy, with platforms, against a real registry; ages, suspension, sizes, and how soon it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.images import ImageMaker
from dev.populate import Contents, populate
from dev.registry import Registry
from slipway.oci.client import RegistryClient
from tests.cluster.kinds.warehouse.watched import artifact, image, is_ready, make, now_has, request, semver
from tests.support.faults import FaultyRegistry, stored_image
from tests.support.images import push_image
from tests.support.objects import Body, Objects
from tests.support.raw_server import Reply, Seen

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

REPOSITORY = "shop/api"
BOTH = ("linux/amd64", "linux/arm64")
LIMIT = 64 * 1024
BUILT = {
    "1.0.0": ("2026-01-01T00:00:00Z", BOTH),
    "1.1.0": ("2026-03-01T00:00:00Z", BOTH),
    "1.2.0": ("2026-02-01T00:00:00Z", ("linux/amd64",)),
}


@pytest.fixture(scope="module")
def full() -> Iterator[Registry]:
    """A registry with versions, of which the highest lacks a platform."""
    with Registry() as running:
        asyncio.run(_fill(running.url))
        yield running


async def _fill(url: str) -> None:
    async with RegistryClient(url) as client:
        maker = ImageMaker(client)
        for tag, (created, platforms) in BUILT.items():
            await maker.push_base(
                REPOSITORY, tag, files={"/version": tag}, platforms=platforms, created=created
            )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param(semver("*"), "1.1.0", id="the highest version that has both"),
        pytest.param({"type": "Newest", "newest": {"by": "Created"}}, "1.1.0", id="the one built last"),
        pytest.param({"type": "Digest", "digest": {"tag": "1.0.0"}}, "1.0.0", id="one tag"),
        pytest.param({"type": "Alphabetical"}, "1.1.0", id="the last one by letters that has both"),
        pytest.param(
            {"type": "Numerical", "numerical": {"order": "Descending"}}, "1.0.0", id="the smallest number"
        ),
    ],
)
def test_every_policy_finds_an_image_with_the_platforms_that_are_wanted(
    objects: Objects, full: Registry, policy: dict[str, Any], expected: str
) -> None:
    """With the digest for each of them."""
    spec: dict[str, Any] = {"platforms": list(BOTH)}
    if policy["type"] == "Numerical":
        spec["tags"] = {"include": [r"1\.(?P<minor>\d)\.0"], "extract": "$minor"}
    make(objects, "api", image("app", f"{full.host}/{REPOSITORY}", policy, **spec))

    found = artifact(objects.wait("warehouses", "api", is_ready), "app")

    assert found["image"]["tag"] == expected
    assert [one["name"] for one in found["image"]["platforms"]] == list(BOTH)
    assert found["image"]["createdAt"] == BUILT[expected][0]


def test_an_image_must_be_old_enough_by_our_own_sight(objects: Objects, registry: Registry) -> None:
    """The first is taken since nobody knows its age; the next one waits, and is taken by itself."""
    push_image(registry.url, REPOSITORY, "1.0.0", label="one")
    spec = image("app", f"{registry.host}/{REPOSITORY}", semver("*"))
    make(objects, "api", spec, minimumAge="6s", interval="1h")
    found = objects.wait("warehouses", "api", now_has("app", image="1.0.0"))
    assert artifact(found, "app")["image"]["ageUnknown"] is True

    digest = push_image(registry.url, REPOSITORY, "1.1.0", label="two")
    young = artifact(request(objects, "warehouses", "api"), "app")
    assert young["image"]["tag"] == "1.0.0"
    assert young["rejected"] == {"TooYoung": 1}
    assert digest in {one["digest"] for one in young["seen"]}

    old = artifact(objects.wait("warehouses", "api", now_has("app", image="1.1.0")), "app")
    first, chosen = (
        datetime.fromisoformat(text) for text in (old["image"]["firstSeenAt"], _latest(objects)["at"])
    )
    assert (chosen - first).total_seconds() >= 5


def _latest(objects: Objects) -> Body:
    history: list[Body] = objects.api.get(objects.path("warehouses", "api"))["status"]["history"]
    return history[0]


def test_a_suspended_warehouse_is_as_tools_want_it(objects: Objects, registry: Registry) -> None:
    """kstatus: Ready is True, nothing reconciles or stalls, and the generation is the current one."""
    push_image(registry.url, REPOSITORY, "1.0.0")
    make(objects, "api", image("app", f"{registry.host}/{REPOSITORY}", semver("*")), suspend=True)

    found = objects.wait_ready("warehouses", "api", "Suspended")

    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
    assert {one["type"]: one["status"] for one in found["status"]["conditions"]} == {"Ready": "True"}


def test_the_status_stays_small_over_twenty_thousand_tags(objects: Objects, tmp_path: Path) -> None:
    """Whatever a registry has, and however long the names are."""
    tags = tuple(f"1.{number}.0-{'x' * 100}" for number in range(20_000))
    with Registry() as registry:
        populate(registry.directory / "data", [Contents(REPOSITORY, tags)])
        prereleases = {"type": "Semver", "semver": {"range": "*", "prereleases": True}}
        subscriptions = [
            image(f"app-{number}", f"{registry.host}/{REPOSITORY}", prereleases) for number in range(4)
        ]
        make(objects, "api", *subscriptions, interval="1h", minimumAge="1h")
        found = objects.wait("warehouses", "api", is_ready, timeout=60)

    assert artifact(found, "app-0")["tags"] == 20_000
    assert artifact(found, "app-0")["image"]["tag"] == tags[-1]
    assert len(json.dumps(found["status"]).encode()) < LIMIT


@pytest.mark.test_bed
def test_a_change_is_told_soon(
    cluster: Cluster, objects: Objects, record_property: Callable[[str, object], None]
) -> None:
    """The bound is generous, since other tests run beside it; the report has the figure."""
    answered: list[datetime] = []

    def stamped(seen: Seen) -> Reply:
        answered.append(datetime.now(UTC))
        return registry.shelf.answer(seen)

    with FaultyRegistry() as registry:
        registry.shelf.put(REPOSITORY, "1.0.0", stored_image("one"))
        make(objects, "api", image("app", f"{registry.host}/{REPOSITORY}", semver("*")))
        objects.wait("warehouses", "api", is_ready)
        registry.play(stamped)
        pushed = datetime.now(UTC)
        registry.shelf.put(REPOSITORY, "1.1.0", stored_image("two"))
        objects.wait("warehouses", "api", now_has("app", image="1.1.0"))

    writes = cluster.audit.writes((pushed, datetime.now(UTC))).within(objects.namespace)
    (written,) = [one.at for one in writes.objects if one.subresource == "status"]
    delay = written - max(moment for moment in answered if moment < written)
    record_property("milliseconds", round(delay.total_seconds() * 1000))
    assert delay.total_seconds() < 3
