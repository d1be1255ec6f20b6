from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.conditions import Reason
from slipway.api.registry import Registry
from slipway.engine.key import Key
from slipway.engine.outcome import Settled, Stalled, Waiting, conditions_for
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request
from slipway.engine.view import hash_status
from slipway.kinds.looks import Cause, Look, Schedule
from slipway.kinds.registry.decide import Facts, Probe, Seen, decide
from slipway.kinds.registry.pullsecret import (
    DeletePullSecret,
    PullFacts,
    PullSecretAction,
    WritePullSecret,
)

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
URL = "https://registry.example.com"
GOOD = Probe(url=URL)
BAD = Probe(Waiting("RegistryUnreachable", "registry.example.com refused the connection"))
UNBOUND = Probe(Stalled(Reason.CREDENTIAL_NOT_BOUND, "Secret password does not name the host"))


def run(
    tested: Probe | None,
    status: Mapping[str, Any] | None = None,
    *,
    at: datetime = NOW,
    requests: tuple[Request, ...] = (),
    suspended: bool = False,
    pull: PullFacts | None = None,
    **spec: Any,
) -> Plan[PullSecretAction | None]:
    """The plan after one test, or after a restart."""
    key = Key("registries.slipway.dev", "shop", "acme")
    status = status or {}
    registry = Registry.model_validate(
        {
            "metadata": {"name": "acme", "namespace": "shop", "generation": 3},
            "spec": {"url": URL} | spec,
            "status": status,
        }
    )
    seen = Observed(key, "u1", "7", 3, status, hash_status(status), {}, NOW - timedelta(days=1))
    look = None if suspended else Look("u1", 3, at, Cause.POLL, tested)
    schedule = Schedule("u1", timedelta(minutes=10), retry=True)
    return decide(Facts(seen, registry, look, schedule, requests, pull=pull), at)


def test_a_registry_that_answers_is_connected() -> None:
    """Phase, time and message say so; capabilities nobody probed are not claimed."""
    plan = run(GOOD)

    assert plan.status == {"phase": "Connected", "url": URL, "lastSyncTime": "2026-11-21T09:00:00Z"}
    assert isinstance(plan.outcome, Settled)
    assert (plan.outcome.reason, plan.outcome.message) == (Reason.CONNECTED, f"Connected to {URL}")
    assert plan.outcome.next_check is not None
    assert timedelta(0) < plan.outcome.next_check <= timedelta(minutes=10)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"url": f"{URL}/"}, URL, id="what the spec says, without the slash"),
        pytest.param({"url": f"{URL}:5000", "type": "GHCR"}, f"{URL}:5000", id="which goes before the type"),
        pytest.param({"url": None, "type": "GHCR"}, "https://ghcr.io", id="the address of the type"),
        pytest.param(
            {"url": None, "type": "DockerHub"},
            "https://registry-1.docker.io",
            id="Docker Hub's API has its own",
        ),
        pytest.param({"url": "https://docker.io"}, "https://registry-1.docker.io", id="whatever the type"),
        pytest.param({"url": "https://registry.example.com:99999"}, None, id="no place at all"),
    ],
)
@pytest.mark.parametrize("tested", [GOOD, BAD, None], ids=["connected", "down", "suspended"])
def test_the_status_tells_where_the_registry_is_called(
    tested: Probe | None, spec: dict[str, Any], expected: str | None
) -> None:
    """Also before anything answers there: it may be the reason why nothing does."""
    before = {"url": "https://before.example.com"}
    assert run(tested, before, suspended=tested is None, **spec).status.get("url") == expected


def test_an_error_waits_for_the_next_interval() -> None:
    """It is never Stalled, and the time of the last good connection stays."""
    good = run(GOOD)
    plan = run(BAD, good.status, at=NOW + timedelta(minutes=10))

    assert plan.status == {"phase": "Error", "url": URL, "lastSyncTime": "2026-11-21T09:00:00Z"}
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.until is not None
    assert timedelta(0) < plan.outcome.until <= timedelta(minutes=10)


def test_a_credential_that_is_not_bound_waits_for_a_person() -> None:
    """It is looked at again within a minute, because Secrets are not watched."""
    plan = run(UNBOUND, secretRef={"name": "password"})

    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.recheck <= timedelta(seconds=60)
    assert plan.status == {"phase": "Error", "url": URL}


def test_a_changed_secret_is_noticed_within_a_minute() -> None:
    """Without a Secret nobody looks before the interval is over."""
    plan = run(GOOD, secretRef={"name": "password"}, at=NOW)

    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.next_check is not None
    assert plan.outcome.next_check <= timedelta(seconds=60)


def test_the_time_of_the_last_sync_is_written_hourly() -> None:
    """Tests that find nothing new change the status once an hour and no more."""
    status = run(GOOD).status
    writes = 0
    for minute in range(10, 3 * 60 + 1, 10):
        plan = run(GOOD, status, at=NOW + timedelta(minutes=minute))
        writes += plan.status != status
        status = plan.status

    assert writes == 3


def test_the_time_of_the_last_sync_is_written_when_the_registry_comes_back() -> None:
    """That is a change of the outcome."""
    later = NOW + timedelta(minutes=10)
    error = run(BAD, run(GOOD).status).status

    assert run(GOOD, error, at=later).status == {
        "phase": "Connected",
        "url": URL,
        "lastSyncTime": "2026-11-21T09:10:00Z",
    }


def test_a_request_is_answered_with_the_time_of_the_test() -> None:
    """Whoever asked wants to see that it happened."""
    asked, later = Request("reconcile", NOW), NOW + timedelta(minutes=1)
    plan = run(GOOD, run(GOOD).status, at=later, requests=(asked,))

    assert plan.status["lastSyncTime"] == "2026-11-21T09:01:00Z"
    assert plan.status["handledRequests"] == [
        {"verb": "reconcile", "at": "2026-11-21T09:00:00Z", "result": "Succeeded"}
    ]
    assert run(BAD, requests=(asked,)).status["handledRequests"][0]["result"] == "Failed"


def test_a_suspended_registry_is_not_tested() -> None:
    """It is Pending when it never was, else what it was before."""
    assert run(None, suspended=True).status == {"phase": "Pending", "url": URL}
    for tested in (GOOD, BAD):
        assert run(None, run(tested).status, suspended=True).status == run(tested).status
    plan = run(None, suspended=True)
    assert isinstance(plan.outcome, Settled)
    assert (plan.outcome.reason, plan.outcome.next_check) == (Reason.SUSPENDED, None)


@pytest.mark.parametrize("before", [GOOD, BAD, UNBOUND], ids=["connected", "down", "not bound"])
def test_a_suspended_registry_is_current_to_kstatus(before: Probe) -> None:
    """Nothing is under way and nobody has to act, whatever the last test came to."""
    failed = conditions_for(run(before).outcome, (), (), 2, NOW)
    plan = run(None, run(before).status, suspended=True)

    (ready,) = conditions_for(plan.outcome, failed, (), 3, NOW)
    assert (ready.type, ready.status, ready.reason) == ("Ready", "True", Reason.SUSPENDED)
    assert ready.observed_generation == 3


def test_after_a_restart_everything_stays_as_it_is() -> None:
    """Status and conditions are repeated until the next test is due."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Connected",
        "message": f"Connected to {URL}",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-11-20T09:00:00Z",
    }
    good = run(GOOD).status
    plan = run(None, {**good, "observedGeneration": 3, "conditions": [ready]}, at=NOW + timedelta(days=1))

    assert plan.status == good
    assert (plan.outcome.reason, plan.outcome.message) == ("Connected", f"Connected to {URL}")


tests = st.sampled_from([GOOD, BAD, UNBOUND])


@given(st.lists(tests, max_size=8))
def test_deciding_a_test_twice_changes_nothing(story: list[Probe]) -> None:
    """When a write is lost and the object read again, the same test gives the same status."""
    status: Mapping[str, Any] = {}
    for number, tested in enumerate(story):
        at = NOW + timedelta(minutes=17 * number)
        status = run(tested, status, at=at).status
        assert run(tested, status, at=at).status == status
        assert status["phase"] == ("Connected" if tested is GOOD else "Error")


def test_what_a_registry_shows_of_itself_is_told() -> None:
    """And what it stops showing leaves the status."""
    seen = Seen(("Catalog", "Referrers"), repositories=57, rate_limit="Low")
    plan = run(Probe(seen=seen, url=URL))

    assert plan.status["capabilities"] == ["Catalog", "Referrers"]
    assert plan.status["repositories"] == 57
    assert plan.status["rateLimit"] == {"state": "Low"}
    assert run(GOOD, plan.status).status == run(GOOD).status


def test_a_registry_that_fails_keeps_what_it_showed() -> None:
    """It is what is known of it."""
    good = run(Probe(seen=Seen(repositories=57), url=URL))

    assert run(BAD, good.status).status["repositories"] == 57


def test_the_pull_secret_is_written_after_a_test_that_succeeded() -> None:
    """The decision carries what to write; status and outcome do not wait for it."""
    plan = run(GOOD, pull=PullFacts("acme-pull", b"{}", None))

    assert isinstance(plan.actions, WritePullSecret)
    assert isinstance(plan.outcome, Settled)


def test_a_stranger_with_the_name_of_the_pull_secret_is_told_until_the_name_is_free() -> None:
    """The registry is connected all the same, so nobody who needs it has to wait."""
    stranger = {"metadata": {"name": "acme-pull", "uid": "x"}, "data": {}}
    plan = run(GOOD, pull=PullFacts("acme-pull", b"{}", stranger))

    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == Reason.NAME_CONFLICT
    assert "delete or rename it" in plan.outcome.message
    assert plan.status["phase"] == "Connected"
    assert plan.actions is None

    said = {
        "type": "Ready",
        "status": "False",
        "reason": Reason.NAME_CONFLICT,
        "message": plan.outcome.message,
    }
    said |= {"lastTransitionTime": "2026-11-21T09:00:00Z"}
    written = {
        **plan.status,
        "observedGeneration": 3,
        "conditions": [said, {**said, "type": "Stalled", "status": "True"}],
    }
    between = run(GOOD, written)
    assert (between.outcome.reason, between.outcome.message) == (plan.outcome.reason, plan.outcome.message)
    assert isinstance(run(GOOD, written, pull=PullFacts("acme-pull", b"{}", None)).outcome, Settled)


def test_a_pull_secret_that_nobody_wants_goes_while_the_registry_is_down() -> None:
    """To remove it takes no connection."""
    live = {
        "metadata": {"name": "acme-pull", "uid": "s", "ownerReferences": [{"controller": True, "uid": "u1"}]}
    }
    plan = run(BAD, pull=PullFacts("acme-pull", None, live))

    assert isinstance(plan.actions, DeletePullSecret)
    assert isinstance(plan.outcome, Waiting)


def test_what_was_found_at_another_address_does_not_stay() -> None:
    """Another registry has other repositories, and was not asked before."""
    found = {"lastSyncTime": "2026-11-21T08:00:00Z", "repositories": 7, "capabilities": ["Catalog"]}
    elsewhere = {"phase": "Connected", "url": "https://other.example.com", **found}

    assert run(BAD, elsewhere).status == {"phase": "Error", "url": URL}
    assert run(GOOD, elsewhere).status["lastSyncTime"] == "2026-11-21T09:00:00Z"
    assert run(BAD, {**elsewhere, "url": URL}).status == {"phase": "Error", "url": URL, **found}
