from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.conditions import Reason
from slipway.api.warehouse import Warehouse
from slipway.engine.key import Key
from slipway.engine.outcome import Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request
from slipway.engine.view import hash_status
from slipway.kinds.looks import Cause, Look, Schedule
from slipway.kinds.warehouse.decide import Facts, Live, decide
from slipway.kinds.warehouse.findings import Finding, Findings, Found, Trouble
from slipway.kinds.warehouse.selection import Choice

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
REPOSITORY = "registry.example.com/shop/api"
SEMVER = {"type": "Semver", "semver": {"range": "~1.4"}}
FOLLOW = {"type": "Digest", "digest": {"tag": "stable"}}
DIGESTS = [f"sha256:{number:064x}" for number in range(4)]


def body(
    status: Mapping[str, Any] | None = None,
    *,
    policy: Mapping[str, Any] = SEMVER,
    repository: str = REPOSITORY,
    suspend: bool = False,
) -> dict[str, Any]:
    """A live Warehouse of generation 3."""
    image = {"repository": repository, "policy": policy}
    return {
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "7",
            "generation": 3,
        },
        "spec": {"subscriptions": [{"name": "app", "type": "Image", "image": image}], "suspend": suspend},
        "status": dict(status or {}),
    }


def observed(status: Mapping[str, Any] | None) -> Observed:
    """The object as the engine sees it."""
    return Observed(
        key=Key("warehouses.slipway.dev", "shop", "api"),
        uid="u1",
        resource_version="7",
        generation=3,
        status=status,
        status_hash=hash_status(status),
        annotations={},
        created_at=NOW - timedelta(days=1),
    )


def found(tag: str, digest: str, *others: str, **rejected: int) -> Found:
    """A look that chose this tag from a list."""
    candidates = (tag, *others)
    return Found(
        "app", REPOSITORY, tag, digest, Choice(candidates, rejected, len(candidates) + sum(rejected.values()))
    )


def run(
    finding: Finding | None,
    status: Mapping[str, Any] | None = None,
    *,
    at: datetime = NOW,
    cause: Cause = Cause.POLL,
    requests: tuple[Request, ...] = (),
    **spec: Any,
) -> Plan[None]:
    """The plan after one look."""
    result: Findings | None = None if finding is None else (finding,)
    look = Look("u1", 3, at, cause, result)
    schedule = Schedule("u1", timedelta(minutes=5), retry=True)
    warehouse = Warehouse.model_validate(body(status, **spec))
    return decide(Facts(observed(status or {}), Live(warehouse, look, schedule, requests)), at)


def artifact(plan: Plan[None]) -> dict[str, Any]:
    """The one artifact of a plan's status."""
    (only,) = plan.status["artifacts"]
    return dict(only)


def test_a_first_artifact_is_found_told_and_recorded() -> None:
    """Status, history, release, message and event all name it."""
    plan = run(found("1.4.1", DIGESTS[1], "1.4.0", PreRelease=2))

    assert artifact(plan) == {
        "name": "app",
        "image": {
            "repository": REPOSITORY,
            "tag": "1.4.1",
            "digest": DIGESTS[1],
            "firstSeenAt": "2026-11-21T09:00:00Z",
        },
        "candidates": ["1.4.1", "1.4.0"],
        "rejected": {"PreRelease": 2},
        "tags": 4,
    }
    assert plan.status["history"] == [
        {"name": "app", "to": f"1.4.1@{DIGESTS[1]}", "at": "2026-11-21T09:00:00Z", "cause": "Poll"}
    ]
    assert len(plan.status["release"]) == 40
    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.reason == Reason.ARTIFACTS_FOUND
    assert plan.outcome.message == f"app: {REPOSITORY}:1.4.1@{DIGESTS[1]}"
    assert [(note.reason, note.type, note.message) for note in plan.events] == [
        (Reason.ARTIFACT_CHANGED, "Normal", f"app: found {REPOSITORY}:1.4.1@{DIGESTS[1]}")
    ]


def test_looking_again_without_news_changes_nothing() -> None:
    """An unchanged poll gives the same status and the same message, and no event."""
    first = run(found("1.4.1", DIGESTS[1], "1.4.0"))
    second = run(found("1.4.1", DIGESTS[1], "1.4.0"), first.status, at=NOW + timedelta(hours=5))

    assert second.status == first.status
    assert second.outcome.message == first.outcome.message
    assert second.events == ()


def test_a_new_version_is_recorded_with_what_it_replaced() -> None:
    """The history says from what to what, when and why, newest first."""
    first = run(found("1.4.0", DIGESTS[0]))
    later = NOW + timedelta(minutes=5)
    second = run(found("1.4.1", DIGESTS[1]), first.status, at=later, cause=Cause.REQUEST)

    assert second.status["history"][0] == {
        "name": "app",
        "from": f"1.4.0@{DIGESTS[0]}",
        "to": f"1.4.1@{DIGESTS[1]}",
        "at": "2026-11-21T09:05:00Z",
        "cause": "Request",
    }
    assert second.status["history"][1:] == first.status["history"]
    assert second.status["release"] != first.status["release"]
    assert artifact(second)["image"]["firstSeenAt"] == "2026-11-21T09:05:00Z"
    assert second.events[0].message == f"app: tag 1.4.0 -> 1.4.1, now {DIGESTS[1]}"


def test_the_same_digest_under_another_tag_keeps_its_first_sight() -> None:
    """A digest does not get younger by being tagged again."""
    first = run(found("1.4.0", DIGESTS[0]))
    second = run(found("1.4.1", DIGESTS[0]), first.status, at=NOW + timedelta(minutes=5))

    assert artifact(second)["image"]["firstSeenAt"] == "2026-11-21T09:00:00Z"


def test_a_version_that_was_overwritten_is_a_warning() -> None:
    """A semver tag is a promise; its digest is taken over, and everybody is told."""
    first = run(found("1.4.0", DIGESTS[0]))
    second = run(found("1.4.0", DIGESTS[1]), first.status)

    assert artifact(second)["image"]["digest"] == DIGESTS[1]
    assert [(note.reason, note.type) for note in second.events] == [(Reason.TAG_MUTATED, "Warning")]


def test_a_followed_tag_that_moves_is_no_warning() -> None:
    """To move is what it is for; there are no candidates and no counts."""
    first = run(Found("app", REPOSITORY, "stable", DIGESTS[0]), policy=FOLLOW)
    second = run(Found("app", REPOSITORY, "stable", DIGESTS[1]), first.status, policy=FOLLOW)

    assert set(artifact(second)) == {"name", "image"}
    assert [(note.reason, note.type) for note in second.events] == [(Reason.ARTIFACT_CHANGED, "Normal")]


TROUBLES: list[Waiting | Stalled] = [
    Waiting("RegistryUnreachable", "Registry registry.example.com refused the connection"),
    Stalled("AmbiguousRegistry", "Registries a and b match equally well"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda outcome: outcome.reason)
def test_trouble_keeps_the_last_good_artifact(trouble: Waiting | Stalled) -> None:
    """What was found stays in use; Ready says what is wrong."""
    good = run(found("1.4.1", DIGESTS[1], "1.4.0", NotSemver=3))
    bad = run(Trouble("app", trouble), good.status)

    assert bad.status == good.status
    assert type(bad.outcome) is type(trouble)
    assert (bad.outcome.reason, bad.outcome.message) == (trouble.reason, trouble.message)
    assert bad.events == ()


def test_trouble_before_anything_was_found_leaves_an_empty_status() -> None:
    """There is no artifact without an image or a count."""
    assert run(Trouble("app", TROUBLES[0])).status == {}


def test_tags_that_do_not_match_are_counted_beside_the_last_good_artifact() -> None:
    """The counts are those of this look; the image is the one that stays in use."""
    good = run(found("1.4.1", DIGESTS[1], "1.4.0"))
    none = Trouble("app", Waiting(Reason.NO_TAG_MATCHES, "none"), Choice((), {"OutOfRange": 7}, 7))
    bad = run(none, good.status)

    assert artifact(bad)["image"] == artifact(good)["image"]
    assert artifact(bad)["rejected"] == {"OutOfRange": 7}
    assert "candidates" not in artifact(bad)
    assert bad.status["release"] == good.status["release"]
    assert artifact(run(none)) == {"name": "app", "rejected": {"OutOfRange": 7}, "tags": 7}


def test_what_was_found_in_another_repository_is_no_last_good_artifact() -> None:
    """After spec.repository changed, an artifact of the old one must not be offered any longer."""
    good = run(found("1.4.1", DIGESTS[1]))
    moved = run(Trouble("app", TROUBLES[0]), good.status, repository="registry.example.com/shop/web")

    assert "artifacts" not in moved.status
    assert "release" not in moved.status
    assert moved.status["history"] == good.status["history"]


def test_after_a_restart_everything_stays_as_it_is() -> None:
    """Without a look of our own, status and conditions are repeated word for word."""
    good = run(found("1.4.1", DIGESTS[1]))
    written = {
        **good.status,
        "observedGeneration": 3,
        "conditions": [ready("True", "ArtifactsFound", "app: …")],
    }
    plan = run(None, written)

    assert plan.status == good.status
    assert plan.outcome == Settled("ArtifactsFound", "app: …", plan.outcome.next_check)  # type: ignore[union-attr]
    assert plan.events == ()


@pytest.mark.parametrize("kind", [Waiting, Stalled])
def test_after_a_restart_trouble_is_repeated_too(kind: type[Waiting | Stalled]) -> None:
    """What was wrong is still said to be wrong until somebody looked again."""
    conditions = [ready("False", "RegistryUnreachable", "no answer")]
    if kind is Stalled:
        conditions.append({**conditions[0], "type": "Stalled", "status": "True"})
    plan = run(None, {"observedGeneration": 3, "conditions": conditions})

    assert isinstance(plan.outcome, kind)
    assert (plan.outcome.reason, plan.outcome.message) == ("RegistryUnreachable", "no answer")


def ready(status: str, reason: str, message: str) -> dict[str, Any]:
    """A Ready condition as it stands in an object."""
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 3,
        "lastTransitionTime": "2026-11-20T09:00:00Z",
    }


def test_a_request_is_answered_in_the_status() -> None:
    """Whoever asked sees that the look was made, and whether it found something."""
    asked = Request("reconcile", NOW)

    assert run(found("1.4.0", DIGESTS[0]), requests=(asked,)).status["handledRequests"] == [
        {"verb": "reconcile", "at": "2026-11-21T09:00:00Z", "result": "Succeeded"}
    ]
    failed = run(Trouble("app", TROUBLES[0]), requests=(asked,))
    assert failed.status["handledRequests"][0]["result"] == "Failed"


def test_a_suspended_warehouse_settles_and_keeps_what_it_found() -> None:
    """From the view alone there is nothing to keep; from a live status everything is kept."""
    good = run(found("1.4.1", DIGESTS[1]))

    bare = decide(Facts(observed(None)), NOW)
    live = decide(Facts(observed({**good.status, "observedGeneration": 2, "conditions": []})), NOW)

    assert bare.status == {}
    assert live.status == good.status
    for plan in (bare, live):
        assert isinstance(plan.outcome, Settled)
        assert (plan.outcome.reason, plan.outcome.next_check) == (Reason.SUSPENDED, None)


def test_the_history_ends_after_fifty_entries() -> None:
    """The oldest go first, and the largest status an object can have stays below 64 KiB."""
    status: Mapping[str, Any] = {}
    long = ["1" * 128, "2" * 128]
    repository = "r" * 200 + ".example.com/" + "a" * 40
    for number in range(60):
        digest = "sha512:" + f"{number:0128x}"
        choice = Choice(
            (long[number % 2], *("3" * 128,) * 9), {"PreRelease": 10**6, "NotMatching": 10**6}, 10**7
        )
        status = run(
            Found("app", repository, long[number % 2], digest, choice), status, repository=repository
        ).status

    assert len(status["history"]) == 50
    assert status["history"][0]["to"].endswith(f"{59:0128x}")
    assert len(json.dumps(status)) < 64 * 1024


findings = st.one_of(
    st.builds(
        lambda tag, digest, others: found(tag, digest, *others),
        st.sampled_from(["1.4.0", "1.4.1", "1.4.2"]),
        st.sampled_from(DIGESTS),
        st.lists(st.sampled_from(["1.3.0", "1.2.0"]), unique=True),
    ),
    st.sampled_from([Trouble("app", trouble) for trouble in TROUBLES]),
    st.just(Trouble("app", Waiting(Reason.NO_TAG_MATCHES, "none"), Choice((), {"OutOfRange": 2}, 2))),
)


@given(st.lists(findings, max_size=8))
def test_any_story_of_looks_is_consistent(story: list[Finding]) -> None:
    """Deciding a look twice changes nothing, the last good artifact stays, the history has no gaps."""
    status: Mapping[str, Any] = {}
    good: Found | None = None
    for number, finding in enumerate(story):
        plan = run(finding, status, at=NOW + timedelta(minutes=number))
        again = run(finding, plan.status, at=NOW + timedelta(minutes=number))
        assert (again.status, again.events) == (plan.status, ())
        status, good = plan.status, finding if isinstance(finding, Found) else good
        images = [item["image"] for item in status.get("artifacts", ()) if "image" in item]
        assert [(image["tag"], image["digest"]) for image in images] == (
            [(good.tag, good.digest)] if good else []
        )
    history = status.get("history", [])
    for newer, older in pairwise(history):
        assert newer["from"] == older["to"]
    assert not history or (good is not None and history[0]["to"] == f"{good.tag}@{good.digest}")
