from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.api.conditions import BASES_DISPUTED
from slipway.build.evidence import Kind, Source, ToldBase
from slipway.engine.outcome import Settled
from slipway.engine.requests import Request
from slipway.kinds.managedimage.decide import decide, needs_evidence
from slipway.kinds.managedimage.facts import Facts, KnownBase, Pushed, Told
from slipway.kinds.managedimage.facts import Source as SourceBuild
from slipway.kinds.managedimage.naming import known_before
from slipway.kinds.managedimage.situation import Situation
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.managedimage.words import REBUILD
from tests.unit.kinds.managedimage import sources
from tests.unit.kinds.managedimage.sources import RESULT, base, began, status_of
from tests.unit.kinds.managedimage.world import (
    ASKED,
    BASE,
    NEW,
    NEWER,
    NOW,
    OLD,
    REPOSITORY,
    SOURCE,
    build,
    built_on,
    digest,
    facts,
)

GO = "registry.example.com/base/go:1"
PYTHON = ToldBase(BASE, NEW, Kind.FINAL, Source.LABEL)
TOLD = Told(RESULT, (PYTHON, ToldBase(GO, OLD, Kind.UNKNOWN, Source.PROVENANCE)), ("they disagree",))
WORKFLOW = {"owner": "shop", "repository": "api", "workflow": "image.yml", "secretRef": {"name": "ci"}}
PIPELINE: dict[str, Any] = {"source": None, "build": {"type": "GitHub", "github": WORKFLOW}}
LATEST: dict[str, Any] = {"repository": REPOSITORY, "tag": "latest"}


def pipeline(status: dict[str, Any] | None = None, *bases: KnownBase, **more: Any) -> Facts:
    """What is read of an image that a pipeline builds, and that names neither source nor bases."""
    read = sources.facts(status, **{**PIPELINE, **more})
    return replace(read, bases=bases, commit=None)


def told_of(status: dict[str, Any]) -> list[tuple[str, str | None, str | None, list[str]]]:
    """Each base of a status with the digest that was built on, who told it, and what for."""
    return [
        (one["reference"], one.get("builtDigest"), one.get("toldBy"), [use["kind"] for use in one["uses"]])
        for one in status["bases"]
    ]


def first_build() -> dict[str, Any]:
    """The status once the first build was pushed, and told its bases."""
    begun = began(pipeline())
    sight = Pushed(RESULT, None, is_unchanged=False, disputes=TOLD.disputes, told=TOLD)
    return status_of(decide(replace(pipeline(begun), sight=sight), NOW))


def test_a_build_tells_what_is_followed() -> None:
    """By the digests that it names, for it was told none; and two that disagree are a condition."""
    status = first_build()
    assert told_of(status) == [(BASE, NEW, "Label", ["Final"]), (GO, OLD, "Provenance", ["Unknown"])]
    begun = pipeline(began(pipeline()))
    sight = Pushed(RESULT, None, is_unchanged=False, disputes=TOLD.disputes, told=TOLD)
    plan = decide(replace(begun, sight=sight), NOW)
    assert [(one.type, one.message) for one in plan.conditions] == [(BASES_DISPUTED, "they disagree")]
    assert plan.outcome.reason == "Building", "who tells the digests is looked for at once"


def test_what_it_was_built_with_counts_before_what_it_says() -> None:
    """A label may name the manifest of one platform, or be an old one."""
    status = first_build()
    moved = (base(NEWER), base(OLD, GO))
    begun = began(pipeline(status, *moved), number=2)
    newer = replace(
        TOLD, digest=digest("2"), bases=(replace(PYTHON, digest=digest("amd64")), *TOLD.bases[1:])
    )
    sight = Pushed(digest("2"), None, is_unchanged=False, told=newer)
    plan = decide(replace(pipeline(begun, *moved), sight=sight), NOW)
    assert plan.status["phase"] == "Current"
    assert [one[:2] for one in told_of(dict(plan.status))] == [(BASE, NEWER), (GO, OLD)]


@pytest.mark.parametrize(
    ("sentence", "moved", "on", "phase"),
    [
        ("nothing moved", (base(NEW), base(OLD, GO)), {}, "Current"),
        ("what it stands on moved", (base(NEWER), base(OLD, GO)), {}, "Waiting"),
        ("what was loaded moved", (base(NEW), base(NEWER, GO)), {}, "Waiting"),
        ("which is ignored", (base(NEW), base(NEWER, GO)), {"builderStage": "Ignore"}, "Current"),
    ],
)
def test_told_bases_lead_to_builds(
    sentence: str, moved: tuple[KnownBase, ...], on: dict[str, str], phase: str
) -> None:
    """What was loaded for a purpose that nobody tells counts as a builder stage; each waits for the other."""
    status = first_build()
    named = known_before(pipeline(status).image)
    bases = tuple(replace(one, uses=known.uses) for one, known in zip(moved, named, strict=True))
    assert decide(pipeline(status, *bases, rebuild={"on": on}), NOW).status["phase"] == phase, sentence


def tracked(status: dict[str, Any], told: Told | None = None) -> Facts:
    """What is read of an image that is only tracked."""
    known = KnownBase(f"{REPOSITORY}:latest", RESULT, "auto-1")
    return replace(facts(status, base=known, role="External", image=LATEST), told=told)


def test_a_tracked_image_tells_what_it_stands_on() -> None:
    """Once for each digest."""
    plan = decide(tracked({}, TOLD), NOW)
    assert told_of(dict(plan.status))[0] == (BASE, NEW, "Label", ["Final"])
    assert plan.status["source"]["toldDigest"] == RESULT
    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.next_check is None
    assert not needs_evidence(tracked(dict(plan.status)))
    assert decide(tracked(dict(plan.status)), NOW).status == plan.status


def test_a_tracked_image_is_followed_although_nothing_is_told() -> None:
    """It is asked again after a while."""
    read = tracked({})
    assert needs_evidence(read)
    plan = decide(read, NOW)
    assert plan.status["image"]["digest"] == RESULT
    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.next_check == timedelta(minutes=15)


def test_what_a_managed_image_stood_on_stays_where_nothing_is_told() -> None:
    """Silence contradicts nothing."""
    before = built_on(OLD)
    plan = decide(tracked(before, Told(RESULT, ())), NOW)
    assert [one["reference"] for one in plan.status["bases"]] == [BASE]


@pytest.mark.parametrize(
    ("sentence", "read", "needed"),
    [
        ("nothing is known yet", facts({}, base=None, bases=[]), True),
        ("it is current", facts(built_on(NEW), bases=[]), False),
        ("its base moved", facts(built_on(OLD), bases=[]), True),
        ("somebody asked", facts(built_on(NEW), bases=[], requests=(ASKED,)), True),
        ("a build is under way", facts(built_on(OLD, builds=[build(1, "Building", NEW)]), bases=[]), False),
        ("the spec names a base", facts(built_on(OLD)), False),
        ("it is suspended", facts({}, base=None, bases=[], suspend=True), False),
        ("another builds it", replace(facts({}, base=None, bases=[]), claimed_by="x"), False),
        ("a pipeline builds it", pipeline(requests=(Request(REBUILD, NOW),)), False),
    ],
)
def test_when_an_image_is_asked(sentence: str, read: Facts, needed: bool) -> None:
    """Where nobody else names the base, and something is to be decided."""
    assert needs_evidence(read) is needed, sentence


def test_only_what_a_tracked_image_tells_itself_is_below_it() -> None:
    """What it stood on while it was Managed is history."""
    status = {"bases": [{"reference": BASE, "toldBy": "Label"}, {"reference": GO}]}
    body = {"metadata": {"name": "api", "namespace": "shop"}, "status": status}
    assert ManagedImageView.from_body({**body, "spec": {"role": "External"}}).bases == (BASE,)
    assert ManagedImageView.from_body({**body, "spec": {"role": "Managed"}}).bases == (BASE, GO)


def test_who_named_a_base_stays_known() -> None:
    """Also where nobody tells its digest."""
    status = first_build()
    named = known_before(pipeline(status).image)
    assert [one.told_by for one in named] == ["Label", "Provenance"]
    bases = tuple(replace(base(NEW, one.reference), told_by=one.told_by) for one in named)
    kept = Situation(pipeline(status, *bases), NOW).status.bases
    assert [one.told_by for one in kept] == ["Label", "Provenance"]


def test_a_source_build_that_disagrees_with_itself_says_so() -> None:
    """Labels and provenance are both shown."""
    source = SourceBuild(SOURCE, NEW, 1, ("they disagree",))
    plan = decide(facts({}, base=NEW, bases=[], source=source), NOW)
    assert [one.type for one in plan.conditions] == [BASES_DISPUTED]
