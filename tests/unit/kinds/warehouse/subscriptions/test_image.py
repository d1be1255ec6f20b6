from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactImage, Warehouse
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.context import Context
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Moment
from tests.support.outside import without_cluster
from tests.support.scripted_registry import Answer, ScriptedRegistry, denied, image, tags

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
FOLLOW = {"type": "Digest", "digest": {"tag": "stable"}}
MISSING = Answer(404, {"Content-Type": "application/json"}, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')


def semver(text: str) -> dict[str, Any]:
    """A policy that chooses the highest version of a range."""
    return {"type": "Semver", "semver": {"range": text}}


def healthy(*names: str) -> Callable[[str, str], Answer]:
    """A registry with these tags, whose manifests nobody can read."""

    def script(method: str, path: str) -> Answer:
        if "/tags/list" in path:
            return tags(*names)
        return image(DIGEST) if method == "HEAD" else denied()

    return script


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """Anonymous access: there is no Registry, and so no Secret is read."""
    async with without_cluster() as made:
        yield made


async def look(
    context: Context,
    script: Callable[[str, str], Answer],
    policy: dict[str, Any],
    *,
    before: Callable[[str], Artifact] | None = None,
    minimum_age: str = "0s",
    **spec: Any,
) -> tuple[Finding, list[str]]:
    """One look at `shop/api` of a scripted registry, and what it was asked."""
    with ScriptedRegistry(script) as server:
        repository = f"{server.host}/shop/api"
        image = {"repository": repository, "policy": policy, **spec}
        subscriptions = [{"name": "app", "type": "Image", "image": image}]
        warehouse = Warehouse.model_validate(
            {
                "metadata": {"name": "api", "namespace": "shop"},
                "spec": {"subscriptions": subscriptions, "minimumAge": minimum_age},
            }
        )
        watch = watch_for(context, warehouse, warehouse.spec.subscriptions[0])
        known = before(repository) if before is not None else None
        try:
            return await watch.look(Moment(NOW, NOW), known), server.requests
        except FORESEEN as error:
            return trouble_of("app", error), server.requests


def chosen(finding: Finding) -> ArtifactImage:
    """The image that was found."""
    assert isinstance(finding, Found), finding
    assert isinstance(finding.content, ArtifactImage)
    return finding.content


def reading(requests: list[str]) -> list[str]:
    """Requests without queries, and without what is only nice to know of the chosen image."""
    return [
        bare
        for bare in (one.partition("?")[0] for one in requests)
        if not bare.startswith("GET /v2/shop/api/m")
    ]


async def test_a_followed_tag_costs_one_head(context: Context) -> None:
    """No list is read."""
    finding, requests = await look(context, healthy(), FOLLOW)

    assert (chosen(finding).tag, chosen(finding).digest) == ("stable", DIGEST)
    assert isinstance(finding, Found)
    assert finding.choice is None
    assert reading(requests) == ["HEAD /v2/shop/api/manifests/stable"]


async def test_a_range_costs_the_list_and_one_head(context: Context) -> None:
    """Only the chosen tag is asked for its digest."""
    finding, requests = await look(context, healthy("1.4.0", "1.4.1", "latest"), semver("~1.4"))

    assert isinstance(finding, Found)
    assert finding.choice is not None
    assert (chosen(finding).tag, finding.choice.candidates) == ("1.4.1", ("1.4.1", "1.4.0"))
    assert reading(requests) == [
        "GET /v2/shop/api/tags/list",
        "HEAD /v2/shop/api/manifests/1.4.1",
    ]


async def test_a_listed_tag_without_manifest_is_no_reason_to_take_an_older_one(
    context: Context,
) -> None:
    """A registry that lags behind its own list must not cause a downgrade."""

    def script(method: str, path: str) -> Answer:
        return tags("1.4.0", "1.4.1") if path.partition("?")[0].endswith("tags/list") else MISSING

    finding, requests = await look(context, script, semver("~1.4"))

    assert isinstance(finding, Trouble)
    assert finding.outcome.reason == Reason.MANIFEST_NOT_FOUND
    assert "lists tag 1.4.1 but has no manifest" in finding.outcome.message
    assert not any("1.4.0" in request for request in requests)


async def test_nothing_is_asked_with_a_spec_that_cannot_work(context: Context) -> None:
    """A person has to mend it; each message names the field."""
    for spec, reason, field in (
        ({"policy": semver(">>1")}, Reason.INVALID_RANGE, ">>1"),
        ({"tags": {"exclude": ["("]}}, Reason.INVALID_PATTERN, "'('"),
        ({"repository": "0123456789abcdef" * 4}, Reason.INVALID_REFERENCE, "0123456789abcdef"),
    ):
        given: dict[str, Any] = {"policy": semver("*"), **spec}
        finding, requests = await look(context, healthy("1.4.0"), **given)
        assert isinstance(finding, Trouble)
        assert isinstance(finding.outcome, Stalled)
        assert finding.outcome.reason == reason
        assert field in finding.outcome.message
        assert requests == []


async def test_no_tags_and_no_matching_tags_are_two_different_things(context: Context) -> None:
    """The second one says how many were left out, and why."""
    nothing, _ = await look(context, healthy(), semver("~1.4"))
    others, _ = await look(context, healthy("2.0.0", "latest"), semver("~1.4"))

    assert isinstance(nothing, Trouble)
    assert isinstance(others, Trouble)
    assert nothing.outcome.reason == Reason.NO_TAGS
    assert others.outcome.reason == Reason.NO_TAG_MATCHES
    assert "none of the 2 tags" in others.outcome.message
    assert "a release in ~1.4 (1 NotSemver, 1 OutOfRange)" in others.outcome.message
    assert others.choice is not None


async def test_the_time_a_registry_wants_to_be_left_alone_is_kept(context: Context) -> None:
    """It is part of the finding, so that the next look is made after it."""
    finding, _ = await look(context, lambda _method, _path: Answer(429, {"Retry-After": "120"}), FOLLOW)

    assert isinstance(finding, Trouble)
    assert isinstance(finding.outcome, Waiting)
    assert finding.outcome.reason == "RateLimited"
    assert finding.refused_for == timedelta(seconds=120)


async def test_choosing_among_many_tags_does_not_stop_the_loop(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20,000 tags are filtered by many patterns in another thread, so other objects go on."""
    versions = [f"1.{number}.0" for number in range(20_000)]
    filters = {"include": [".*"], "exclude": [f".*-rc{number}" for number in range(3)]}
    shortlist = Selector.shortlist
    threads: list[threading.Thread] = []

    def observed(*args: Any, **more: Any) -> Any:
        threads.append(threading.current_thread())
        return shortlist(*args, **more)

    def script(method: str, path: str) -> Answer:
        if "/tags/list" in path:
            return tags() if "last=" in path else tags(*versions)
        return image(DIGEST) if method == "HEAD" else denied()

    monkeypatch.setattr(Selector, "shortlist", observed)
    finding, _ = await look(context, script, semver("1"), tags=filters)

    assert chosen(finding).tag == "1.19999.0"
    assert threads
    assert threading.current_thread() not in threads


def known_as(tag: str, digest: str, **more: Any) -> Callable[[str], Artifact]:
    """What was chosen before."""
    return lambda repository: Artifact(
        name="app", image=ArtifactImage(repository=repository, tag=tag, digest=digest, **more)
    )


async def test_what_is_chosen_is_described_once(context: Context) -> None:
    """Manifest and configuration of a digest never change; what the status says of it is not read again."""
    described = known_as("1.4.0", DIGEST, platforms=[{"name": "linux/amd64", "digest": DIGEST}])
    _, first = await look(context, healthy("1.4.0"), semver("1"))
    _, second = await look(context, healthy("1.4.0"), semver("1"), before=described)

    assert [request for request in first if request.startswith("GET /v2/shop/api/manifests")]
    assert not [request for request in second if request.startswith("GET /v2/shop/api/manifests")]


async def test_a_tag_that_was_deleted_is_no_reason_to_take_an_older_one(context: Context) -> None:
    """What was chosen stays, and the condition says so."""
    finding, _ = await look(context, healthy("1.3.0"), semver("1"), before=known_as("1.4.0", OTHER))

    assert isinstance(finding, Trouble)
    assert finding.outcome.reason == Reason.TAG_DELETED
    assert f"has no tag 1.4.0 any longer, and nothing newer: {OTHER} stays" in finding.outcome.message


async def test_a_repository_that_was_emptied_keeps_what_was_chosen(context: Context) -> None:
    """There is nothing to choose from, and so nothing to choose instead."""
    finding, _ = await look(context, healthy(), semver("1"), before=known_as("1.4.0", OTHER))

    assert isinstance(finding, Trouble)
    assert finding.outcome.reason == Reason.NO_TAGS


async def test_what_is_too_young_waits_and_says_until_when(context: Context) -> None:
    """The one that is in use stays meanwhile; its age does not matter any longer."""
    before = known_as("1.4.0", OTHER, first_seen_at=NOW - timedelta(hours=1))
    finding, _ = await look(context, healthy("1.4.0", "1.5.0"), semver("1"), before=before, minimum_age="24h")

    assert isinstance(finding, Found)
    assert chosen(finding).tag == "1.4.0"
    assert finding.ripening.next_at == NOW + timedelta(hours=24)
    assert [sight.digest for sight in finding.ripening.seen].count(DIGEST) == 1


@pytest.mark.parametrize(
    "rule", [{"minimum_age": "24h"}, {"platforms": ["linux/amd64"]}], ids=["too young", "no whole image"]
)
async def test_a_chosen_tag_that_moved_is_told_while_what_it_names_is_refused(
    context: Context, rule: dict[str, Any]
) -> None:
    """What was chosen stays."""

    def script(method: str, path: str) -> Answer:
        return MISSING if method == "GET" and "/manifests/" in path else healthy("1.4.0")(method, path)

    before = known_as("1.4.0", OTHER, platforms=[{"name": "linux/amd64", "digest": OTHER}])
    finding, _ = await look(context, script, semver("1"), before=before, **rule)

    assert isinstance(finding, Found)
    assert (chosen(finding).digest, finding.moved_to) == (OTHER, DIGEST)


async def test_what_would_do_by_name_alone_is_told_with_what_to_do(context: Context) -> None:
    """Nothing was chosen before, and nothing may be."""

    def script(method: str, path: str) -> Answer:
        return MISSING if method == "GET" and "/manifests/" in path else healthy("1.4.0")(method, path)

    finding, _ = await look(context, script, semver("1"), platforms=["linux/arm64"])

    assert isinstance(finding, Trouble)
    assert finding.outcome.reason == Reason.NO_TAG_MATCHES
    assert "1 of the 1 tags" in finding.outcome.message
    assert "1 broken" in finding.outcome.message
    assert finding.outcome.message.endswith("push one that may, or change platforms or minimumAge")


async def test_newest_needs_times_and_says_when_too_many_would_have_to_be_asked_for(
    context: Context,
) -> None:
    """A person has to narrow the filter: each tag would cost requests at every look."""
    names = [f"build-{number}" for number in range(1001)]
    finding, requests = await look(context, healthy(*names), {"type": "Newest"})

    assert isinstance(finding, Trouble)
    assert isinstance(finding.outcome, Stalled)
    assert finding.outcome.reason == Reason.TOO_MANY_TAGS
    assert not [request for request in requests if request.startswith("HEAD")]


async def test_two_that_watch_one_repository_ask_it_once(context: Context) -> None:
    """With the same authority they see the same."""
    with ScriptedRegistry(healthy("1.4.0", "2.0.0")) as server:
        watches = []
        for text in ("1", "2"):
            image = {"repository": f"{server.host}/shop/api", "policy": semver(text)}
            warehouse = Warehouse.model_validate(
                {
                    "metadata": {"name": f"v{text}", "namespace": "shop"},
                    "spec": {"subscriptions": [{"name": "app", "type": "Image", "image": image}]},
                }
            )
            watches.append(watch_for(context, warehouse, warehouse.spec.subscriptions[0]))
        due = context.clock.now() - timedelta(seconds=1)
        found = [chosen(await watch.look(Moment(context.clock.now(), due), None)).tag for watch in watches]
        lists = [request for request in server.requests if "/tags/list" in request]

    assert found == ["1.4.0", "2.0.0"]
    assert len({request.partition("last=")[0] for request in lists}) == len(lists) <= 2


async def test_nobody_waits_long_for_what_is_only_nice_to_know(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choice is told without it; an answer that comes later is there for the next look."""
    monkeypatch.setattr("slipway.kinds.warehouse.subscriptions.asking._PATIENCE", 0.05)
    go_on = threading.Event()

    def script(method: str, path: str) -> Answer:
        if method == "GET":
            go_on.wait(10)
        return healthy()(method, path)

    try:
        finding, _ = await look(context, script, FOLLOW)
    finally:
        go_on.set()

    assert (chosen(finding).digest, chosen(finding).platforms) == (DIGEST, ())
