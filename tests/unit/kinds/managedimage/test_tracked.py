from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.engine.outcome import Settled, Waiting
from slipway.engine.requests import Request
from slipway.kinds.managedimage.decide import decide, needs_registry
from slipway.kinds.managedimage.facts import KnownBase
from tests.unit.kinds.managedimage.world import (
    ASKED,
    BASE,
    NEW,
    NEWER,
    NOW,
    OLD,
    REPOSITORY,
    SOURCE,
    STANDING_ON_OLD,
    build,
    built_on,
    digest,
    facts,
)

LATEST = f"{REPOSITORY}:latest"
IMAGE = {"repository": REPOSITORY, "tag": "1.4.0-{build}", "floatingTags": ["latest"]}


def seen(status: dict[str, Any], found: Any, role: str = "External", **more: Any) -> Any:
    base = KnownBase(LATEST, found, "auto-1") if isinstance(found, str) else found
    return facts(status, base=base, role=role, image=IMAGE, **more)


@pytest.mark.parametrize("role", ["Base", "External"])
def test_tracked_image_is_what_its_warehouse_has_found(role: str) -> None:
    """Each new digest is the image from then on."""
    first = decide(seen({}, OLD, role), NOW)
    assert (first.status["image"]["digest"], first.status["phase"]) == (OLD, "Current")
    assert (type(first.outcome), first.outcome.reason) == (Settled, "Tracked")
    second = decide(seen(dict(first.status), NEW, role), NOW)
    assert second.status["image"]["digest"] == NEW


def test_tracked_image_does_not_churn() -> None:
    """Looking again changes nothing."""
    first = decide(seen({}, OLD), NOW)
    assert decide(seen(dict(first.status), OLD), NOW).status == first.status


def test_tracked_image_that_is_not_found_keeps_what_it_was() -> None:
    """A registry that is away for a while takes nothing away."""
    before = dict(decide(seen({}, OLD), NOW).status)
    plan = decide(seen(before, Waiting("WarehouseNotReady", "not yet", None)), NOW)
    assert plan.outcome.reason == "WarehouseNotReady"
    assert plan.status["image"]["digest"] == OLD


def test_no_registry_is_asked_for_a_tracked_image() -> None:
    """Its Warehouse does that."""
    assert not needs_registry(seen({}, OLD, requests=(ASKED,)))


def test_request_to_rebuild_a_tracked_image_says_who_could() -> None:
    """It is answered, so that it does not wait for the day when the image is Managed again."""
    plan = decide(seen({}, OLD, requests=(Request("rebuild", NOW),)), NOW)
    assert [entry["result"] for entry in plan.status["handledRequests"]] == ["NotManaged"]


def test_image_that_becomes_managed_again_goes_on_where_it_was() -> None:
    """Managed, External, Managed: builds, digests, bases and times survive both ways."""
    ended = build(1, "Succeeded", NEW, digest=digest("result"), finishedAt="2026-11-21T08:01:00Z")
    image = {"reference": f"{REPOSITORY}:1.4.0-1", "digest": digest("result"), "build": 1}
    managed = built_on(NEW, builds=[ended], image={**image, "createdAt": "2026-11-21T08:01:00Z"})
    external = decide(seen(managed, digest("result")), NOW).status
    assert external["image"]["reference"] == LATEST
    for kept in ("builds", "bases", "source"):
        assert [*external[kept]] == [*decide(facts(managed, base=NEW), NOW).status[kept]], kept
    back = decide(
        facts(dict(external), base=NEW, source=STANDING_ON_OLD, observed_generation=0, image=IMAGE), NOW
    )
    assert back.status["image"] == managed["image"]
    assert back.status["builds"] == decide(facts(managed, base=NEW), NOW).status["builds"]


def test_build_under_way_ends_when_the_image_is_no_longer_ours() -> None:
    """It is told as superseded, so that it is neither tried nor repeated."""
    status = built_on(OLD, builds=[build(1, "Building", NEW)])
    plan = decide(seen(status, NEWER), NOW)
    assert (plan.status["builds"][0]["phase"], plan.status["builds"][0]["reason"]) == ("Failed", "Superseded")


def test_suspended_image_stays_what_it_was() -> None:
    """Suspended before found: nothing is looked at."""
    plan = decide(seen(built_on(OLD), None, suspend=True), NOW)
    assert plan.outcome.reason == "Suspended"
    assert plan.status["image"]["digest"] == SOURCE


def test_who_has_the_lesser_right_builds_nothing() -> None:
    """Two that push the same tags would undo each other."""
    read = replace(facts(built_on(OLD), base=NEW), claimed_by="ManagedImage other")
    assert not needs_registry(read)
    plan = decide(read, NOW)
    assert (plan.outcome.reason, plan.status["phase"]) == ("ImageClaimed", "Failed")
    assert "ManagedImage other" in plan.outcome.message
    assert BASE not in plan.outcome.message
