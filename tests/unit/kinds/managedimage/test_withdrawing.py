"""What becomes of a request to cancel a build while none is under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.build.builders import contract
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.requests import Request
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import BeginAction, Facts, Running, UnknownBase
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.words import CANCEL, REBUILD
from tests.unit.kinds.managedimage.sources import (
    LATER,
    PUSH,
    RUN,
    base,
    began,
    built,
    facts,
    failing,
    status_of,
)
from tests.unit.kinds.managedimage.world import ASKED, BASE, NEW, NEWER, NOW

CANCEL_IT = Request(CANCEL, NOW, by="ann")
EVICTED = Running(RUN, contract.Failed("RunnerFailed", "evicted", is_infrastructure=True))
UNFOUND = UnknownBase(BASE, Waiting("WarehouseNotReady", "not found yet"))
BUILT = built()
WINDOW: dict[str, Any] = {"windows": [{"schedule": "0 2 * * *", "duration": "4h"}]}
LATE = NOW + timedelta(hours=2)


def naming(build: str) -> Request:
    return replace(CANCEL_IT, arguments={"build": build})


def told(read: Facts) -> dict[str, Any]:
    """The status once these facts were looked at, and nothing came of them yet."""
    return status_of(decide(read, NOW))


def answers(plan: ImagePlan) -> list[tuple[str, str]]:
    return [(one["verb"], one["result"]) for one in plan.status["handledRequests"]]


def newest(plan: ImagePlan) -> tuple[int, str, str | None]:
    build = plan.status["builds"][0]
    return build["number"], build["phase"], build.get("reason")


QUEUED = told(facts(BUILT, base(NEWER)))
RETRYING = told(facts(failing(began(facts(BUILT, base(NEWER)), number=2), EVICTED, base(NEWER)), base(NEWER)))
WAITING = told(facts(BUILT, base(NEWER), rebuild=WINDOW))


def test_stages_are_what_their_names_say() -> None:
    """Else nothing below would mean anything."""
    assert (QUEUED["phase"], RETRYING["phase"], WAITING["phase"]) == ("Queued", "Waiting", "Waiting")


@pytest.mark.parametrize(
    ("sentence", "status", "request_", "spec"),
    [
        ("it waits for its turn", QUEUED, CANCEL_IT, {}),
        ("it waits for a window", WAITING, CANCEL_IT, {"rebuild": WINDOW}),
        ("between attempts", RETRYING, CANCEL_IT, {}),
        ("between attempts, by its number", RETRYING, naming("2"), {}),
        ("between attempts, while its window is closed", RETRYING, naming("2"), {"rebuild": WINDOW}),
        ("between attempts, under policy Manual", RETRYING, naming("2"), {"rebuild": {"policy": "Manual"}}),
        ("between attempts, while suspended", RETRYING, naming("2"), {"suspend": True}),
    ],
)
def test_build_that_is_waited_for_is_cancelled(
    sentence: str, status: dict[str, Any], request_: Request, spec: dict[str, Any]
) -> None:
    """It ends, is answered, gives its turn back, and is not begun again until somebody asks."""
    plan = decide(facts(status, base(NEWER), requests=(request_,), **spec), LATER)
    assert newest(plan) == (2, "Cancelled", "Cancelled"), sentence
    assert "cancelled by ann" in plan.status["builds"][0]["message"], sentence
    assert answers(plan) == [(CANCEL, "Cancelled")], sentence
    assert plan.actions is None, sentence
    assert plan.outcome.reason != "Queued", sentence
    after = decide(facts(status_of(plan), base(NEWER)), LATE)
    assert isinstance(after.outcome, Stalled), sentence
    assert (after.outcome.reason, after.status["phase"]) == ("Cancelled", "Failed"), sentence
    assert after.actions is None, sentence
    asked = decide(facts(status_of(plan), base(NEWER), requests=(Request(REBUILD, LATE),)), LATE)
    assert isinstance(asked.actions, BeginAction), sentence


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        ("nothing is due", facts(BUILT, requests=(CANCEL_IT,))),
        ("what was due is so no more", facts(QUEUED, requests=(CANCEL_IT,))),
        ("another build is named", facts(RETRYING, base(NEWER), requests=(naming("1"),))),
        ("a build that has no number yet is not named by one",
         facts(QUEUED, base(NEWER), requests=(naming("2"),))),
        ("it became due after the person looked", facts(BUILT, base(NEWER), requests=(CANCEL_IT,))),
        ("somebody asked for it since",
         facts(QUEUED, base(NEWER), requests=(CANCEL_IT, Request(REBUILD, NOW + timedelta(seconds=1))))),
        ("a person has to ask for it anyway",
         facts(QUEUED, base(NEWER), requests=(CANCEL_IT,), rebuild={"policy": "Manual"})),
        ("what failed was of other inputs",
         facts(RETRYING, base(NEWER), commit=PUSH, requests=(naming("2"),))),
        ("its base is not found, and nothing failed", facts(QUEUED, UNFOUND, requests=(CANCEL_IT,))),
        ("the number is no number", facts(RETRYING, base(NEWER), requests=(naming("two"),))),
    ],
)  # fmt: skip
def test_stale_target_is_superseded(sentence: str, read: Facts) -> None:
    """No build is there to be cancelled, and none is harmed."""
    plan = decide(read, LATER)
    assert (CANCEL, "Superseded") in answers(plan), sentence
    assert [one["phase"] for one in plan.status["builds"]] == [
        build.phase for build in read.image.status.builds
    ], sentence


def test_build_is_cancelled_between_attempts_although_its_base_cannot_be_told_now() -> None:
    """Nobody has to wait for a registry to take a wish back."""
    plan = decide(facts(RETRYING, UNFOUND, requests=(CANCEL_IT,)), LATER)
    assert newest(plan) == (2, "Cancelled", "Cancelled")
    assert decide(facts(status_of(plan), base(NEWER)), LATE).outcome.reason == "Cancelled"


def test_request_for_a_build_is_taken_back_with_it() -> None:
    """Whoever asked before gets no build either."""
    asked = told(facts(BUILT, requests=(ASKED,)))
    plan = decide(facts(asked, requests=(ASKED, replace(CANCEL_IT, at=LATER))), LATER)
    assert answers(plan) == [(CANCEL, "Cancelled"), (REBUILD, "Cancelled")]
    assert newest(plan) == (2, "Cancelled", "Cancelled")
    assert decide(facts(status_of(plan)), LATE).status["phase"] == "Current"


def test_no_other_attempt_at_the_same_inputs_follows() -> None:
    """A request was made for what had failed once: both are ended."""
    status = failing(began(facts(BUILT, base(NEWER)), number=2), EVICTED, base(NEWER))
    asked = facts(status, base(NEWER), requests=(ASKED,))
    status = failing(began(asked, number=3), EVICTED, base(NEWER))
    plan = decide(facts(status, base(NEWER), requests=(replace(CANCEL_IT, at=LATER),)), LATER)
    assert newest(plan) == (3, "Cancelled", "Cancelled")
    after = decide(facts(status_of(plan), base(NEWER)), LATE)
    assert (after.status["phase"], after.actions) == ("Failed", None)


def test_image_that_the_registry_has_lost_stays_lost() -> None:
    """That nobody wants it built again does not bring it back."""
    lost = {**BUILT["builds"][0], "phase": "Failed", "reason": "ManifestNotFound"}
    due = told(facts({**BUILT, "builds": [lost]}))
    plan = decide(facts(due, requests=(CANCEL_IT,)), LATER)
    assert newest(plan) == (1, "Cancelled", "Cancelled")
    assert decide(facts(status_of(plan)), LATE).status["phase"] == "Failed"


def test_first_build_can_be_cancelled_before_it_begins() -> None:
    """Also where nothing was ever built: the record has its number."""
    queued = told(facts())
    plan = decide(facts(queued, requests=(CANCEL_IT,)), LATER)
    assert newest(plan) == (1, "Cancelled", "Cancelled")
    assert "image" not in plan.status
    assert (
        began(facts(status_of(plan), requests=(Request(REBUILD, LATE),)), number=2)["builds"][0]["number"]
        == 2
    )


def test_cancelled_inputs_are_for_others_no_obstacle() -> None:
    """A base that goes on is built."""
    plan = decide(facts(QUEUED, base(NEWER), requests=(CANCEL_IT,)), LATER)
    assert isinstance(decide(facts(status_of(plan), base(NEW), commit=PUSH), LATE).actions, BeginAction)
