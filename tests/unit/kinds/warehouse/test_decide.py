from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.conditions import THROTTLED, Reason
from slipway.api.warehouse import (
    ArtifactChart,
    ArtifactCommit,
    ArtifactImage,
    SeenDigest,
    Subscription,
    Warehouse,
)
from slipway.engine.key import Key
from slipway.engine.outcome import Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request
from slipway.engine.view import hash_status
from slipway.kinds.looks import Cause, Look, Schedule
from slipway.kinds.warehouse.decide import Facts, Live, Watched, decide
from slipway.kinds.warehouse.findings import Finding, Found, Ripening, Trouble
from slipway.kinds.warehouse.selection import Choice

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
REPOSITORY = "registry.example.com/shop/api"
SEMVER = {"type": "Semver", "semver": {"range": "~1.4"}}
FOLLOW = {"type": "Digest", "digest": {"tag": "stable"}}
DIGESTS = [f"sha256:{number:064x}" for number in range(4)]
COMMITS = [f"{number:040x}" for number in range(4)]
SCHEDULE = Schedule("u1", timedelta(minutes=5), retry=True)
GIT_URL = "https://git.example.com/shop/api"
CHART_URL = "https://charts.example.com"
SEVERAL: list[dict[str, Any]] = [
    {"name": "app", "type": "Image", "image": {"repository": REPOSITORY, "policy": SEMVER}},
    {"name": "source", "type": "Git", "git": {"url": GIT_URL, "branch": "main"}},
    {"name": "chart", "type": "Chart", "chart": {"url": CHART_URL, "name": "api"}},
]


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


def image(tag: str, digest: str, repository: str = REPOSITORY) -> ArtifactImage:
    """A chosen image, of which nothing else is known."""
    return ArtifactImage(repository=repository, tag=tag, digest=digest)


def found(tag: str, digest: str, *others: str, **rejected: int) -> Found:
    """A look that chose this tag from a list."""
    candidates = (tag, *others)
    choice = Choice(candidates, rejected, len(candidates) + sum(rejected.values()))
    return Found("app", image(tag, digest), choice)


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
    warehouse = Warehouse.model_validate(body(status, **spec))
    (subscription,) = warehouse.spec.subscriptions
    watched = Watched(subscription, Look("u1", 3, at, cause, finding), SCHEDULE)
    return decide(Facts(observed(status or {}), Live(warehouse, (watched,), requests)), at)


def run_several(
    findings: Mapping[str, Finding | None], status: Mapping[str, Any] | None = None, at: datetime = NOW
) -> Plan[None]:
    """The plan after looks at several subscriptions, by their names."""
    several = [one for one in SEVERAL if one["name"] in findings]
    document = body(status)
    warehouse = Warehouse.model_validate({**document, "spec": {"subscriptions": several}})
    watched = tuple(
        Watched(one, Look("u1", 3, at, Cause.POLL, findings[one.name]), SCHEDULE)
        for one in warehouse.spec.subscriptions
    )
    return decide(Facts(observed(status or {}), Live(warehouse, watched)), at)


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
    first = run(Found("app", image("stable", DIGESTS[0])), policy=FOLLOW)
    second = run(Found("app", image("stable", DIGESTS[1])), first.status, policy=FOLLOW)

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

    assert artifact(bad).pop("problem")["reason"] == trouble.reason
    kept = {name: value for name, value in artifact(bad).items() if name != "problem"}
    assert {**bad.status, "artifacts": [kept]} == good.status
    assert type(bad.outcome) is type(trouble)
    assert (bad.outcome.reason, bad.outcome.message) == (trouble.reason, trouble.message)
    assert bad.events == ()


def test_trouble_before_anything_was_found_is_all_there_is_to_tell() -> None:
    """The subscription has no artifact, and the status says why."""
    message = "Registry registry.example.com refused the connection"
    problem = {"reason": "RegistryUnreachable", "message": message}
    assert run(Trouble("app", TROUBLES[0])).status == {"artifacts": [{"name": "app", "problem": problem}]}


def test_what_is_found_again_has_no_problem_any_longer() -> None:
    """The status is as if there had never been one."""
    good = run(found("1.4.1", DIGESTS[1]))
    bad = run(Trouble("app", TROUBLES[0]), good.status)

    assert run(found("1.4.1", DIGESTS[1]), bad.status).status == good.status


def test_tags_that_do_not_match_are_counted_beside_the_last_good_artifact() -> None:
    """The counts are those of this look; the image is the one that stays in use."""
    good = run(found("1.4.1", DIGESTS[1], "1.4.0"))
    none = Trouble("app", Waiting(Reason.NO_TAG_MATCHES, "none"), Choice((), {"OutOfRange": 7}, 7))
    bad = run(none, good.status)

    assert artifact(bad)["image"] == artifact(good)["image"]
    assert artifact(bad)["rejected"] == {"OutOfRange": 7}
    assert "candidates" not in artifact(bad)
    assert bad.status["release"] == good.status["release"]
    problem = {"reason": Reason.NO_TAG_MATCHES, "message": "none"}
    assert artifact(run(none)) == {
        "name": "app",
        "problem": problem,
        "rejected": {"OutOfRange": 7},
        "tags": 7,
    }


def test_what_was_found_in_another_repository_is_no_last_good_artifact() -> None:
    """After spec.repository changed, an artifact of the old one must not be offered any longer."""
    good = run(found("1.4.1", DIGESTS[1]))
    moved = run(Trouble("app", TROUBLES[0]), good.status, repository="registry.example.com/shop/web")

    assert "image" not in artifact(moved)
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


def test_looks_that_found_nothing_new_keep_the_status() -> None:
    """It is not put together again; the outcome is what the conditions say, until the next look."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": Reason.ARTIFACTS_FOUND,
        "message": "app: 1.4.1",
        "lastTransitionTime": "2026-11-21T08:00:00Z",
    }
    seen = observed({"observedGeneration": 3, "conditions": [ready]})
    warehouse = Warehouse.model_validate(body())
    last: Look[Finding] = Look("u1", 3, NOW, Cause.POLL, found("1.4.1", DIGESTS[1]))
    watched = Watched(warehouse.spec.subscriptions[0], last, SCHEDULE)
    live = Live(warehouse, (watched,), is_repeated=True)

    plan = decide(Facts(seen, live), NOW)

    assert plan.keeps_status
    assert isinstance(plan.outcome, Settled)
    assert (plan.outcome.reason, plan.outcome.message) == (Reason.ARTIFACTS_FOUND, "app: 1.4.1")
    assert plan.outcome.next_check is not None
    assert timedelta(0) < plan.outcome.next_check <= SCHEDULE.interval


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
        chosen = image(long[number % 2], digest, repository)
        status = run(Found("app", chosen, choice), status, repository=repository).status

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
            [(good.content.tag, good.content.digest)] if good else []  # type: ignore[union-attr]
        )
    history = status.get("history", [])
    for newer, older in pairwise(history):
        assert newer["from"] == older["to"]
    last = good.content if good is not None else None
    assert not history or (
        isinstance(last, ArtifactImage) and history[0]["to"] == f"{last.tag}@{last.digest}"
    )


def everything() -> dict[str, Finding | None]:
    """What each subscription chose."""
    commit = ArtifactCommit(url=GIT_URL, ref="main", commit=COMMITS[0])
    chart = ArtifactChart(url=CHART_URL, name="api", version="2.1.0", digest=DIGESTS[3])
    return {
        "app": found("1.4.1", DIGESTS[1]),
        "source": Found("source", commit),
        "chart": Found("chart", chart, Choice(("2.1.0", "2.0.0"), {}, 2)),
    }


def test_several_subscriptions_are_one_release() -> None:
    """Its name depends on all of them, and on nothing else: the order and the times play no part."""
    plan = run_several(everything())

    assert [item["name"] for item in plan.status["artifacts"]] == ["app", "source", "chart"]
    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.message == (
        f"app: {REPOSITORY}:1.4.1@{DIGESTS[1]}; source: {GIT_URL} main@{COMMITS[0]}; "
        f"chart: {CHART_URL} api 2.1.0@{DIGESTS[3]}"
    )
    later = run_several(everything(), at=NOW + timedelta(days=9))
    assert later.status["release"] == plan.status["release"]
    moved = {
        **everything(),
        "source": Found("source", ArtifactCommit(url=GIT_URL, ref="main", commit=COMMITS[1])),
    }
    assert run_several(moved, plan.status).status["release"] != plan.status["release"]


def test_one_subscription_in_trouble_degrades_nobody_else() -> None:
    """The others go on, and the message says which one it is."""
    good = run_several(everything())
    commit = ArtifactCommit(url=GIT_URL, ref="main", commit=COMMITS[1])
    mixed = run_several(
        {**everything(), "app": Trouble("app", TROUBLES[0]), "source": Found("source", commit)}, good.status
    )

    app, source, _ = mixed.status["artifacts"]
    assert app["image"]["tag"] == "1.4.1"
    assert app["problem"]["reason"] == "RegistryUnreachable"
    assert source["git"]["commit"] == COMMITS[1]
    assert isinstance(mixed.outcome, Waiting)
    assert mixed.outcome.message == f"app: {TROUBLES[0].message}"


def test_what_a_person_must_mend_is_told_before_what_mends_itself() -> None:
    """Stalled wins, whatever the order."""
    both = run_several(
        {**everything(), "app": Trouble("app", TROUBLES[0]), "chart": Trouble("chart", TROUBLES[1])}
    )

    assert isinstance(both.outcome, Stalled)
    assert both.outcome.reason == TROUBLES[1].reason
    assert both.outcome.message == f"app: {TROUBLES[0].message}; chart: {TROUBLES[1].message}"


def test_after_a_restart_only_what_is_looked_at_anew_can_change() -> None:
    """A subscription that is not due yet keeps its artifact and its problem."""
    before = run_several({**everything(), "app": Trouble("app", TROUBLES[1])})
    again = run_several({**everything(), "app": None}, before.status)

    assert again.status == before.status
    assert type(again.outcome) is type(before.outcome)
    assert again.outcome.message == before.outcome.message
    assert again.events == ()


MOVES: dict[str, tuple[str, Finding, str, str]] = {
    "a branch moves": (
        "source",
        Found("source", ArtifactCommit(url=GIT_URL, ref="main", commit=COMMITS[1])),
        Reason.ARTIFACT_CHANGED,
        f"source: ref main moved from {COMMITS[0]} to {COMMITS[1]}",
    ),
    "a chart gets a version": (
        "chart",
        Found("chart", ArtifactChart(url=CHART_URL, name="api", version="2.2.0", digest=DIGESTS[2])),
        Reason.ARTIFACT_CHANGED,
        f"chart: version 2.1.0 -> 2.2.0, now {DIGESTS[2]}",
    ),
    "a chart is overwritten": (
        "chart",
        Found("chart", ArtifactChart(url=CHART_URL, name="api", version="2.1.0", digest=DIGESTS[2])),
        Reason.TAG_MUTATED,
        f"chart: version 2.1.0 moved from {DIGESTS[3]} to {DIGESTS[2]}: a version was overwritten",
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_each_kind_of_artifact_tells_its_changes(name: str) -> None:
    """The event says from what to what; what must never change is a warning."""
    subscription, finding, reason, message = MOVES[name]
    plan = run_several({**everything(), subscription: finding}, run_several(everything()).status)

    assert [(note.reason, note.message) for note in plan.events] == [(reason, message)]
    assert plan.status["history"][0]["name"] == subscription


def test_what_ripens_is_remembered() -> None:
    """Also through trouble, which learns nothing about it."""
    seen = (SeenDigest(digest=DIGESTS[2], at=NOW), SeenDigest(digest=DIGESTS[1], at=NOW - timedelta(days=1)))
    ripening = Ripening(seen, NOW + timedelta(hours=1))
    plan = run(Found("app", image("1.4.1", DIGESTS[1]), Choice(("1.4.1",), {"TooYoung": 1}, 2), ripening))

    assert [item["digest"] for item in artifact(plan)["seen"]] == [DIGESTS[2], DIGESTS[1]]
    assert artifact(plan)["nextMaturityAt"] == "2026-11-21T10:00:00Z"
    bad = run(Trouble("app", TROUBLES[0]), plan.status)
    assert artifact(bad)["seen"] == artifact(plan)["seen"]


def refused(moved_to: str | None = DIGESTS[2]) -> Found:
    """A look at a chosen tag that names by now what is not chosen."""
    return replace(found("1.4.1", DIGESTS[1], TooYoung=1), moved_to=moved_to)


def test_an_overwritten_version_that_is_refused_is_told_once_and_remembered() -> None:
    """Over looks, restarts and trouble; it is forgotten when the tag is as it was."""
    good = run(found("1.4.1", DIGESTS[1]))
    first = run(refused(), good.status)
    again = run(refused(), first.status)

    assert [(note.reason, note.type) for note in first.events] == [(Reason.TAG_MUTATED, "Warning")]
    assert artifact(first)["overwrittenBy"] == DIGESTS[2]
    assert (again.events, again.status) == ((), first.status)
    status = first.status
    lists = Trouble("app", TROUBLES[0], Choice((), {"OutOfRange": 1}, 1))
    for finding in (None, Trouble("app", TROUBLES[0]), lists, refused()):
        plan = run(finding, status)
        assert (plan.events, artifact(plan)["overwrittenBy"]) == ((), DIGESTS[2])
        status = plan.status
    restored = run(refused(None), status)
    assert "overwrittenBy" not in artifact(restored)
    assert restored.events == ()


def test_what_overwrote_a_version_and_is_chosen_later_is_a_change() -> None:
    """The warning came before."""
    first = run(refused(), run(found("1.4.1", DIGESTS[1])).status)
    plan = run(found("1.4.1", DIGESTS[2]), first.status)

    assert [(note.reason, note.type) for note in plan.events] == [(Reason.ARTIFACT_CHANGED, "Normal")]
    assert "overwrittenBy" not in artifact(plan)


def test_a_followed_tag_that_moved_to_what_is_refused_is_no_warning() -> None:
    """It is there to be moved."""
    moved = Found("app", image("stable", DIGESTS[1]), moved_to=DIGESTS[2])
    plan = run(moved, run(replace(moved, moved_to=None), policy=FOLLOW).status, policy=FOLLOW)

    assert plan.events == ()
    assert "overwrittenBy" not in artifact(plan)


@pytest.mark.parametrize(
    ("failures", "uses_secret", "soon"),
    [
        pytest.param(12, True, True, id="trouble with a Secret"),
        pytest.param(12, False, False, id="trouble without a Secret"),
        pytest.param(0, True, False, id="no trouble"),
    ],
)
def test_trouble_where_a_secret_is_used_is_decided_anew_within_a_minute(
    failures: int, *, uses_secret: bool, soon: bool
) -> None:
    """Nothing tells of a Secret that was mended: its version is read, and nothing else is asked."""
    warehouse = Warehouse.model_validate(body())
    finding = Trouble("app", TROUBLES[0])
    look: Look[Finding] = Look("u1", 3, NOW, Cause.POLL, finding, failures, NOW + timedelta(hours=1))
    watched = Watched(warehouse.spec.subscriptions[0], look, SCHEDULE, uses_secret)

    outcome = decide(Facts(observed({}), Live(warehouse, (watched,))), NOW).outcome

    assert isinstance(outcome, Waiting)
    assert outcome.until is not None
    assert outcome.until < timedelta(minutes=1) if soon else outcome.until == timedelta(hours=1)


def test_slower_polling_is_a_condition() -> None:
    """It is there while it is true, also after a restart, and Ready says nothing of it."""
    slow = replace(found("1.4.1", DIGESTS[1]), throttled="docker.io has 12 of 100 pulls left")
    plan = run(slow)

    assert [(one.type, one.reason, one.message) for one in plan.conditions] == [
        (THROTTLED, Reason.QUOTA_LOW, "docker.io has 12 of 100 pulls left")
    ]
    assert isinstance(plan.outcome, Settled)
    conditions = [ready("True", "ArtifactsFound", "app"), plan.conditions[0].to_json()]
    restarted = run(None, {**plan.status, "observedGeneration": 3, "conditions": conditions})
    assert [one.type for one in restarted.conditions] == [THROTTLED]
    assert run(found("1.4.1", DIGESTS[1]), plan.status).conditions == ()


def test_a_subscription_that_came_to_mean_something_else_forgets_what_it_chose() -> None:
    """A name that stood for an image and now stands for a repository of git offers no image."""
    good = run(found("1.4.1", DIGESTS[1]))
    warehouse = Warehouse.model_validate(
        {**body(good.status), "spec": {"subscriptions": [{**SEVERAL[1], "name": "app"}]}}
    )
    (subscription,) = warehouse.spec.subscriptions
    assert isinstance(subscription, Subscription)
    watched = Watched(subscription, Look("u1", 3, NOW, Cause.POLL, Trouble("app", TROUBLES[0])), SCHEDULE)
    plan = decide(Facts(observed(good.status), Live(warehouse, (watched,))), NOW)

    assert set(artifact(plan)) == {"name", "problem"}
