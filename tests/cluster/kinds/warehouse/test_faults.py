"""Warehouses in front of registries that do wrong (F22 to F31): what was good stays, and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dev.cluster import Cluster
from tests.cluster.kinds.warehouse.watched import artifact, image, is_ready, make, now_has, request, semver
from tests.support.faults import (
    Endpoint,
    Fault,
    FaultyRegistry,
    always_new,
    deep_nesting,
    garbage_json,
    html_page,
    other_content,
    page_two,
    rate_limited,
    short_read,
    status,
    stored_image,
    two_pages_in_a_circle,
)
from tests.support.objects import Body, Objects, condition

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

REPOSITORY = "shop/api"
OLD, NEW, NEXT = (stored_image(name) for name in ("old", "new", "next"))
FOLLOW = {"type": "Digest", "digest": {"tag": "stable"}}


@pytest.fixture
def faulty() -> Iterator[FaultyRegistry]:
    """A registry with two versions."""
    with FaultyRegistry() as running:
        running.shelf.put(REPOSITORY, "1.0.0", OLD)
        running.shelf.put(REPOSITORY, "1.1.0", NEW)
        yield running


def watch(objects: Objects, server: FaultyRegistry, policy: dict[str, Any] | None = None) -> Body:
    """A Warehouse that has chosen the newer one."""
    make(objects, "api", image("app", f"{server.host}/{REPOSITORY}", policy or semver("*")))
    return objects.wait("warehouses", "api", now_has("app", image="1.1.0"))


def kept(before: Body, after: Body) -> bool:
    """Whether image, history and release are as they were."""
    same = artifact(before, "app")["image"] == artifact(after, "app")["image"]
    return same and all(before["status"][name] == after["status"][name] for name in ("history", "release"))


LISTS: list[tuple[str, str, Fault]] = [
    ("F23 too many requests", "RateLimited", rate_limited("1")),
    ("F26 something like JSON", "InvalidResponse", garbage_json()),
    ("F26 a login page", "NotARegistry", html_page()),
    ("F26 lists in lists", "InvalidResponse", deep_nesting()),
    ("F27 a circle of pages", "ListingIncomplete", two_pages_in_a_circle),
    ("F28 a list that breaks off", "RegistryUnreachable", short_read()),
    ("F28 a second page that fails", "RegistryFailing", page_two(status(500))),
]


def test_whatever_is_wrong_with_a_list_the_image_stays(objects: Objects, faulty: FaultyRegistry) -> None:
    """F23, F26 to F28, one after the other, the same Warehouse; each is told, and then all is well again."""
    good = watch(objects, faulty)

    told = {}
    for name, _, fault in LISTS:
        faulty.play(fault, on=Endpoint.LIST)
        bad = request(objects, "warehouses", "api")
        assert kept(good, bad), name
        told[name] = condition(bad, "Ready").get("reason")
        faulty.heal()
        objects.wait("warehouses", "api", is_ready)

    assert told == {name: reason for name, reason, _ in LISTS}


def test_what_is_deleted_is_no_reason_to_go_back(objects: Objects, faulty: FaultyRegistry) -> None:
    """F30: the tag, then the repository; what comes next is chosen as ever."""
    good = watch(objects, faulty)

    faulty.shelf.delete_tag(REPOSITORY, "1.1.0")
    assert kept(good, objects.wait_not_ready("warehouses", "api", "TagDeleted"))
    faulty.shelf.delete_tag(REPOSITORY, "1.0.0")
    assert kept(good, objects.wait_not_ready("warehouses", "api", "NoTags"))
    faulty.shelf.delete_repository(REPOSITORY)
    assert kept(good, objects.wait_not_ready("warehouses", "api", "RepositoryNotFound"))

    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    after = objects.wait("warehouses", "api", now_has("app", image="1.2.0"))
    assert after["status"]["history"][0]["from"] == f"1.1.0@{NEW.digest}"


def test_a_digest_that_lies_is_not_chosen(objects: Objects, faulty: FaultyRegistry) -> None:
    """F29: the header names another image than the body has; only what is verified is taken."""
    platforms = {"platforms": ["linux/amd64"]}
    make(objects, "api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*"), **platforms))
    good = objects.wait("warehouses", "api", now_has("app", image="1.1.0"))

    claimed = stored_image("claimed").digest
    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    faulty.play(other_content(claimed, OLD), on=Endpoint.MANIFEST_HEAD)
    faulty.play(other_content(claimed, OLD), on=Endpoint.MANIFEST_GET)
    assert kept(good, objects.wait_not_ready("warehouses", "api", "DigestMismatch"))

    faulty.heal()
    objects.wait("warehouses", "api", now_has("app", image="1.2.0"))


def test_an_outage_of_one_host_concerns_nobody_else(objects: Objects, faulty: FaultyRegistry) -> None:
    """F22, F24: others are looked at as quickly as before."""
    good = watch(objects, faulty)
    with FaultyRegistry() as other:
        other.shelf.put("shop/web", "1.0.0", OLD)
        make(objects, "web", image("app", f"{other.host}/shop/web", semver("*")))
        objects.wait("warehouses", "web", is_ready)

        faulty.refuse()
        bad = objects.wait_not_ready("warehouses", "api", "RegistryUnreachable")
        other.shelf.put("shop/web", "1.1.0", NEW)
        objects.wait("warehouses", "web", now_has("app", image="1.1.0"), timeout=10)
        assert kept(good, bad)

        faulty.reopen()
        objects.wait("warehouses", "api", is_ready)


@pytest.mark.test_bed
def test_an_outage_is_written_once(cluster: Cluster, objects: Objects, faulty: FaultyRegistry) -> None:
    """F22: every look fails; the status says so once, and does not flap."""
    watch(objects, faulty)
    faulty.play(status(503))
    objects.wait_not_ready("warehouses", "api", "RegistryFailing")

    begun, asked = datetime.now(UTC), len(faulty.seen)
    deadline = time.monotonic() + 20
    while len(faulty.seen) < asked + 4 and time.monotonic() < deadline:
        time.sleep(0.05)

    assert len(faulty.seen) > asked
    writes = cluster.audit.writes((begun, datetime.now(UTC))).within(objects.namespace)
    assert str(writes) == "no writes"


@pytest.mark.test_bed
def test_a_digest_that_never_stays_is_written_once_a_look(
    cluster: Cluster, objects: Objects, faulty: FaultyRegistry
) -> None:
    """F31: at most one write in an interval, and a history that does not grow for ever."""
    faulty.shelf.put(REPOSITORY, "stable", OLD)
    never_the_same = always_new()
    for endpoint in (Endpoint.MANIFEST_HEAD, Endpoint.MANIFEST_GET):
        faulty.play(never_the_same, on=endpoint)
    make(objects, "api", image("app", f"{faulty.host}/{REPOSITORY}", FOLLOW))
    begun = datetime.now(UTC)
    found = objects.wait("warehouses", "api", lambda now: len(_history(now)) >= 4)
    took = (datetime.now(UTC) - begun).total_seconds()

    assert len(_history(found)) <= took + 2
    writes = cluster.audit.writes((begun, datetime.now(UTC))).within(objects.namespace)
    assert len(writes.objects) <= took + 2, writes


def _history(body: Body | None) -> list[Body]:
    return ((body or {}).get("status") or {}).get("history") or []
