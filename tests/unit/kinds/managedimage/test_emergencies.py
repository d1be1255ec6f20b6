"""Builds that a person demands at once: what they skip, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.api.conditions import Reason
from slipway.engine.outcome import EventNote
from slipway.engine.requests import Request
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import BeginAction, Source
from slipway.kinds.managedimage.keys import is_emergency
from slipway.kinds.managedimage.situation import Situation
from tests.unit.kinds.managedimage import sources
from tests.unit.kinds.managedimage.world import ASKED, NEW, NOW, OLD, SOURCE, STANDING_ON_OLD, built_on, facts

DEMANDED = Request("emergency-rebuild", NOW, {"reason": "CVE-2026-1 in openssl"}, by="alice")
TERMS: dict[str, dict[str, Any]] = {
    "a delay": {"delay": "2h"},
    "no open window": {"windows": [{"schedule": "0 2 * * *", "duration": "1h", "timeZone": "UTC"}]},
    "a freeze": {
        "freezes": [{"from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z", "reason": "audit"}]
    },
    "policy Manual": {"policy": "Manual"},
    "policy Notify": {"policy": "Notify"},
}


@pytest.mark.parametrize("rebuild", TERMS.values(), ids=TERMS.keys())
def test_it_passes_what_others_wait_for(rebuild: dict[str, Any]) -> None:
    """Without the demand the image waits; with it, the build begins."""
    moved = built_on(OLD)
    waiting = decide(facts(moved, source=STANDING_ON_OLD, rebuild=rebuild), NOW)
    assert "builds" not in waiting.status or not waiting.status["builds"]
    plan = decide(facts(moved, source=STANDING_ON_OLD, rebuild=rebuild, requests=(DEMANDED,)), NOW)
    (begun,) = plan.status["builds"]
    assert begun["requestedBy"] == "alice"
    assert [one["type"] for one in begun["reasons"]] == ["Base", "Emergency"]
    assert "CVE-2026-1 in openssl" in begun["reasons"][1]["detail"]
    assert plan.status["handledRequests"] == [
        {"verb": "emergency-rebuild", "at": "2026-11-21T09:00:00Z", "result": "Started", "by": "alice"}
    ]


def test_it_is_told_by_an_event_with_who_and_why() -> None:
    """A warning: somebody went around the rules."""
    plan = decide(facts(built_on(OLD), source=STANDING_ON_OLD, requests=(DEMANDED,)), NOW)
    (told,) = [note for note in plan.events if note.reason == Reason.EMERGENCY_REBUILD]
    assert told.type == "Warning"
    assert "alice" in told.message
    assert "CVE-2026-1 in openssl" in told.message


def test_without_the_policies_nobody_is_named() -> None:
    """What stands beside the request could be forged."""
    demanded = replace(DEMANDED, by=None)
    plan = decide(facts(built_on(OLD), source=STANDING_ON_OLD, requests=(demanded,)), NOW)
    assert "requestedBy" not in plan.status["builds"][0]
    assert any("not known" in note.message for note in plan.events)


def test_refused_demand_is_answered_and_leads_to_nothing() -> None:
    """Where the policies are demanded and missing, the image waits as if nobody had asked."""
    note = EventNote(Reason.POLICY_MISSING, "apply the manifests in policies/", "Warning")
    read = facts(built_on(OLD), source=STANDING_ON_OLD, rebuild={"delay": "2h"}, requests=(DEMANDED,))
    read = replace(read, refused={"emergency-rebuild": Reason.POLICY_MISSING}, complaints=(note,))
    plan = decide(read, NOW)
    assert plan.outcome.reason == "Delayed"
    assert [entry["result"] for entry in plan.status["handledRequests"]] == ["PolicyMissing"]
    assert note in plan.events


def test_plain_request_passes_delay_and_policy_but_no_window() -> None:
    """Who asks need not wait for bases; maintenance windows and freezes hold for everybody else."""
    for sentence, begins in (("a delay", True), ("policy Manual", True), ("no open window", False)):
        read = facts(built_on(OLD), source=STANDING_ON_OLD, rebuild=TERMS[sentence], requests=(ASKED,))
        assert bool(decide(read, NOW).status.get("builds")) is begins, sentence


def test_it_repeats_what_failed() -> None:
    """Like any request, under another key."""
    failed = decide(facts(built_on(OLD), source=STANDING_ON_OLD), NOW).status["builds"][0]
    status = built_on(OLD, builds=[{**failed, "phase": "Failed"}], rebuild={"tried": [failed["key"]]})
    plan = decide(
        facts(status, source=Source(SOURCE, OLD, 2), requests=(DEMANDED,)), NOW + timedelta(seconds=1)
    )
    assert plan.status["builds"][0]["number"] == 2


# --- of an image that is built from source


def attempted(*bases: Any, requests: tuple[Request, ...] = (DEMANDED,)) -> dict[str, Any]:
    """The status once the first attempt at what was asked for has come to nothing."""
    return sources.failing(
        sources.began(sources.facts(None, *bases, requests=requests)), sources.FAILED, *bases
    )


@pytest.mark.parametrize("rebuild", TERMS.values(), ids=TERMS.keys())
def test_its_retries_pass_all_that_the_first_attempt_passed(rebuild: dict[str, Any]) -> None:
    """The request was answered when the first attempt began, and is not fulfilled before one succeeds."""
    status = attempted()
    for attempt in (2, 3):
        read = sources.facts(status, rebuild=rebuild)
        assert isinstance(decide(read, sources.LATER).actions, BeginAction)
        again = sources.began(read, sources.LATER)
        assert again["builds"][0]["attempts"] == attempt
        assert [one["type"] for one in again["builds"][0]["reasons"]][-1] == "Emergency"
        status = sources.failing(again, sources.FAILED, rebuild=rebuild)


def test_retry_of_a_plain_request_keeps_to_windows() -> None:
    """As the first attempt did."""
    status = attempted(requests=(ASKED,))
    plan = decide(sources.facts(status, rebuild=TERMS["no open window"]), sources.LATER)
    assert (plan.outcome.reason, plan.actions) == ("OutsideWindow", None)


def test_its_retry_is_the_first_to_get_a_turn_too() -> None:
    """And one beyond the limit."""
    assert is_emergency(Situation(sources.facts(attempted()), NOW))
    assert not is_emergency(Situation(sources.facts(attempted(requests=(ASKED,))), NOW))


def test_it_is_remembered_among_more_changes_than_a_status_tells() -> None:
    """Six reasons are kept of a build, and what a person asked for is one of them."""
    references = [f"registry.example.com/base/{name}:1" for name in "abcdefgh"]
    status = sources.built(*(sources.base(OLD, one) for one in references))
    moved = [sources.base(NEW, one) for one in references]
    begun = sources.began(sources.facts(status, *moved, requests=(DEMANDED,)), number=2)["builds"][0]
    assert [one["type"] for one in begun["reasons"]] == [*["Base"] * 5, "Emergency"]
