from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.lengths import stored_size
from slipway.api.managedimage import BuildBase, ManagedImagePhase, ManagedImageStatus
from slipway.engine.outcome import Settled, Waiting
from slipway.engine.requests import Request
from slipway.kinds.managedimage.builds import digests_of
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import Source
from slipway.kinds.managedimage.situation import (
    Situation,
    as_json,
    current,
    plan,
    short,
)
from slipway.kinds.managedimage.words import REBUILD
from slipway.kinds.sizes import ROOM
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

LATER = NOW + timedelta(hours=1)
DONE = build(1, "Succeeded", NEW, digest=digest("result"), finishedAt="2026-11-21T08:01:00Z")
SETTLED = Settled("Current", "it stands on the newest base")


def situation(status: dict[str, Any] | None = None, **read: Any) -> Situation:
    return Situation(facts(status, **{"source": STANDING_ON_OLD, **read}), NOW)


# --- why a build is due


@pytest.mark.parametrize(
    ("status", "read", "types"),
    [
        # a new object whose source build stands on an older base
        ({}, {}, ["Base"]),
        # the base moved
        (built_on(OLD), {}, ["Base"]),
        # the pipeline pushed the source build anew, on the same old base
        (built_on(OLD), {"base": OLD, "source": Source(digest("other"), NEWER, 1)}, ["Source"]),
        # both
        (built_on(OLD), {"source": Source(digest("other"), OLD, 1)}, ["Base", "Source"]),
        # and a person asked for it
        (built_on(OLD), {"requests": (ASKED,)}, ["Base", "Request"]),
        # base and source build are those of the image, and yet it is not what the spec wants
        (built_on(NEW), {}, ["Configuration"]),
    ],
)
def test_a_build_has_a_reason(status: dict[str, Any], read: dict[str, Any], types: list[str]) -> None:
    """What changed, each with what it was and what it is."""
    assert [reason.type for reason in situation(status, **read).reasons] == types


def test_a_reason_keeps_the_moment_it_was_first_seen() -> None:
    """Looking again is no news; a base that moves on is."""
    first = situation(built_on(OLD)).due("why")
    known = {**built_on(OLD), "rebuild": first.rebuild.model_dump(mode="json") if first.rebuild else None}
    again = Situation(facts(known, source=STANDING_ON_OLD), LATER)
    moved = Situation(facts(known, base=NEWER, source=STANDING_ON_OLD), LATER)
    assert [reason.since for reason in again.reasons] == [NOW]
    assert [reason.since for reason in moved.reasons] == [LATER]


# --- the build that is wanted


def test_the_wanted_build_says_all_that_goes_into_it() -> None:
    """Number, tag, digests and the moment."""
    wanted = situation(built_on(OLD), source=Source(SOURCE, OLD, next_number=7)).wanted
    assert (wanted.number, wanted.reference, wanted.phase) == (7, f"{REPOSITORY}:1.4.0-7", "Building")
    assert (wanted.source_digest, digests_of(wanted), wanted.started_at) == (SOURCE, (NEW,), NOW)


def test_only_what_failed_is_asked_for_under_another_key() -> None:
    """A request for what was never tried is that build itself, so that it is not built twice."""
    key = situation(built_on(OLD)).wanted.key
    tried = {"rebuild": {"tried": [key]}}
    assert situation(built_on(OLD), requests=(ASKED,)).wanted.key == key
    assert situation(built_on(OLD, **tried)).wanted.key == key
    assert situation(built_on(OLD, **tried), requests=(ASKED,)).wanted.key != key


def test_a_build_of_the_same_key_is_taken_up_again() -> None:
    """Under its number; what is new gets the next free one."""
    source = Source(SOURCE, OLD, next_number=9)
    given_up = build(4, "Failed", NEW, reason="Superseded")
    again = situation(built_on(OLD, builds=[given_up]), source=source).begun
    assert (again.number, again.reference, again.phase) == (4, f"{REPOSITORY}:1.4.0-4", "Building")
    assert situation(built_on(OLD), source=source).begun.number == 9


# --- what the status says


def test_the_status_shows_what_was_found() -> None:
    """The base as the Warehouse has it, the source build as the registry has it; the image stays."""
    status = situation(built_on(OLD), source=Source(digest("other"), NEWER, 1)).status
    (base,) = status.bases
    assert (base.reference, base.latest_digest, base.built_digest, base.changed_at) == (BASE, NEW, OLD, NOW)
    assert status.source is not None
    assert (status.source.digest, status.source.base_digest) == (digest("other"), NEWER)
    assert status.image is not None
    assert status.image.digest == SOURCE


def test_a_base_that_did_not_move_keeps_its_time() -> None:
    """It is the moment of the move, not of the look."""
    moved = as_json(situation(built_on(OLD)).status)
    again = Situation(facts(dict(moved), source=STANDING_ON_OLD), LATER)
    assert again.status.bases[0].changed_at == NOW


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        (BASE, True),
        ("registry.example.com/base/python:3.11", True),
        ("registry.example.com/base/debian:12", False),
        ("docker.io/library/python:3.12", False),
    ],
)
def test_what_the_source_build_stands_on_is_known_of_one_repository_only(reference: str, kept: bool) -> None:
    """A digest of another base would be asked for in the wrong repository."""
    status = built_on(OLD)
    status["bases"] = [{**status["bases"][0], "reference": reference}]
    assert (Situation(facts(status), NOW).status.source is not None) is kept


def test_an_image_keeps_its_time_when_it_is_promoted_again() -> None:
    """And gets that of its build when it was another one in between."""
    image = {
        "reference": DONE["reference"],
        "digest": DONE["digest"],
        "build": 1,
        "createdAt": "2026-11-20T00:00:00Z",
    }
    found = decide(facts(built_on(NEW, image=image, builds=[DONE]), source=Source(SOURCE, OLD, 2)), NOW)
    other = decide(facts(built_on(OLD, builds=[DONE]), source=Source(SOURCE, OLD, 2)), NOW)
    assert found.status["image"]["createdAt"] == "2026-11-20T00:00:00Z"
    assert other.status["image"]["createdAt"] == "2026-11-21T08:01:00Z"


def test_promoting_clears_what_was_due_and_remembers_what_failed() -> None:
    """A key that failed by itself is not begun again, whatever is the image meanwhile."""
    due = situation(built_on(OLD, rebuild={"tried": ["k"]})).due("why")
    at = Situation(facts({**as_json(due)}, base=OLD, source=STANDING_ON_OLD), NOW)
    assert at.before.image is not None
    promoted = at.promoted(at.before.image, [BuildBase(reference=BASE, digest=OLD)])
    assert promoted.rebuild is not None
    assert (promoted.rebuild.reasons, promoted.rebuild.tried) == ((), ("k",))
    assert promoted.bases[0].changed_at is None


# --- requests


def test_the_newest_request_counts() -> None:
    """The one before it is answered by it."""
    newer = Request(REBUILD, LATER)
    at = situation(requests=(ASKED, newer))
    assert (at.request(REBUILD), at.request("reconcile")) == (newer, None)
    answered = plan(at, at.status, SETTLED, ManagedImagePhase.CURRENT, rebuild="Started")
    assert [entry["at"] for entry in answered.status["handledRequests"]] == ["2026-11-21T10:00:00Z"]


def test_a_handled_request_tells_who_made_it() -> None:
    """Where a policy vouches for it."""
    for by in ("anna", None):
        at = situation(requests=(Request(REBUILD, NOW, by=by),))
        answered = plan(at, at.status, SETTLED, ManagedImagePhase.CURRENT, rebuild="Started")
        assert [entry.get("by") for entry in answered.status["handledRequests"]] == [by]


def test_a_request_that_is_not_answered_stays() -> None:
    """Waiting for a base answers a look, and leaves the rebuild for later."""
    requests = (Request("reconcile", NOW), ASKED)
    waiting = decide(
        facts(built_on(OLD), base=Waiting("NoWarehouse", "apply one", None), requests=requests), NOW
    )
    assert [entry["verb"] for entry in waiting.status["handledRequests"]] == ["reconcile"]


def test_a_handled_request_tells_when_it_was_made() -> None:
    """A build that was begun for it has that moment in its key."""
    handled = [{"verb": REBUILD, "at": "2026-11-21T08:30:00Z", "result": "Started"}]
    at = situation(built_on(OLD, handledRequests=handled))
    assert at.answered(REBUILD) == NOW - timedelta(minutes=30)
    assert at.answered("reconcile") is None


# --- plans


def test_a_move_is_told_once() -> None:
    """In the run whose status first shows it."""
    first = decide(
        facts(built_on(OLD), base=NEWER, source=STANDING_ON_OLD, rebuild={"policy": "Manual"}), NOW
    )
    again = decide(
        facts(dict(first.status), base=NEWER, source=STANDING_ON_OLD, rebuild={"policy": "Manual"}), NOW
    )
    assert [note.reason for note in first.events] == ["BaseMoved"]
    assert again.events == ()


def test_a_current_image_says_what_it_stands_on() -> None:
    """Image, base and the digest that tells one push of it from the next."""
    at = situation(built_on(NEW))
    found = current(at, at.status)
    assert found.outcome.message == f"{REPOSITORY}:1.4.0 stands on {BASE} ({short(NEW)})"
    assert found.actions is None


def test_digests_are_named_shortly() -> None:
    """By as much as people compare."""
    assert short("sha256:" + "a" * 64) == "sha256:" + "a" * 12


@given(st.integers(0, 41), st.integers(1, 41), st.text(alphabet="<", min_size=256, max_size=256))
def test_a_status_of_any_length_fits_and_keeps_the_build_of_the_image(
    count: int, image: int, message: str
) -> None:
    """The oldest builds give way, never the one that the image comes from."""
    listed = [
        build(count - place, "Failed", NEW, message=message, reason="NotOnBase") for place in range(count)
    ]
    offered = {"reference": f"{REPOSITORY}:x", "digest": SOURCE, "build": image}
    status = as_json(ManagedImageStatus.model_validate({"image": offered, "builds": listed}))
    assert stored_size(status) <= ROOM
    left = [one["number"] for one in status["builds"]]
    assert (image in left) is (image <= count)
    assert left == sorted(left, reverse=True)
