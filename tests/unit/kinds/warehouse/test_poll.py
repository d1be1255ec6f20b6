from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from slipway.api.conditions import Reason
from slipway.api.warehouse import ImageSubscription, Subscription
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.store import Store
from slipway.kinds.registry.access import RegistryAccess
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.poll import poll
from slipway.kinds.warehouse.selection import Selector
from slipway.kube.client import KubeClient
from slipway.oci.pool import ClientPool
from slipway.settings import Settings
from tests.support.scripted_registry import Answer, ScriptedRegistry, image, tags

DIGEST = "sha256:" + "a" * 64
FOLLOW = {"type": "Digest", "digest": {"tag": "stable"}}


def semver(text: str) -> dict[str, Any]:
    """A policy that chooses the highest version of a range."""
    return {"type": "Semver", "semver": {"range": text}}


def healthy(*names: str) -> Callable[[str, str], Answer]:
    """A registry with these tags."""
    return lambda method, _path: image(DIGEST) if method == "HEAD" else tags(*names)


@pytest.fixture
async def access() -> AsyncIterator[RegistryAccess]:
    """Anonymous access: there is no Registry, and so no Secret is read."""
    pool = ClientPool()
    yield RegistryAccess(cast("KubeClient", None), Store(), pool, Settings())
    await pool.aclose()


async def look(
    access: RegistryAccess, script: Callable[[str, str], Answer], policy: dict[str, Any], **spec: Any
) -> tuple[Finding, list[str]]:
    """One look at `shop/api` of a scripted registry, and what it was asked."""
    with ScriptedRegistry(script) as server:
        spec = {"repository": f"{server.host}/shop/api", "policy": policy, **spec}
        subscription = Subscription.model_validate({"name": "app", "type": "Image", "image": spec})
        return await poll(access, "shop", subscription), server.requests


async def test_a_followed_tag_costs_one_head(access: RegistryAccess) -> None:
    """No list, and no GET that would count as a pull."""
    finding, requests = await look(access, healthy(), FOLLOW)

    assert isinstance(finding, Found)
    assert (finding.tag, finding.digest, finding.choice) == ("stable", DIGEST, None)
    assert requests == ["HEAD /v2/shop/api/manifests/stable"]


async def test_a_range_costs_the_list_and_one_head(access: RegistryAccess) -> None:
    """Only the chosen tag is asked for its digest."""
    finding, requests = await look(access, healthy("1.4.0", "1.4.1", "latest"), semver("~1.4"))

    assert isinstance(finding, Found)
    assert finding.choice is not None
    assert (finding.tag, finding.choice.candidates) == ("1.4.1", ("1.4.1", "1.4.0"))
    assert [request.partition("?")[0] for request in requests] == [
        "GET /v2/shop/api/tags/list",
        "HEAD /v2/shop/api/manifests/1.4.1",
    ]


async def test_a_listed_tag_without_manifest_is_no_reason_to_take_an_older_one(
    access: RegistryAccess,
) -> None:
    """A registry that lags behind its own list must not cause a downgrade."""

    def script(method: str, path: str) -> Answer:
        return tags("1.4.0", "1.4.1") if path.partition("?")[0].endswith("tags/list") else Answer(404)

    finding, requests = await look(access, script, semver("~1.4"))

    assert isinstance(finding, Trouble)
    assert finding.outcome.reason == Reason.MANIFEST_NOT_FOUND
    assert "lists tag 1.4.1 but has no manifest" in finding.outcome.message
    assert not any("1.4.0" in request for request in requests)


async def test_nothing_is_asked_with_a_spec_that_cannot_work(access: RegistryAccess) -> None:
    """A person has to mend it; each message names the field."""
    for spec, reason, field in (
        ({"policy": semver(">>1")}, Reason.INVALID_RANGE, "policy.semver.range"),
        ({"tags": {"exclude": ["("]}}, Reason.INVALID_PATTERN, "tags"),
        ({"repository": "0123456789abcdef" * 4}, Reason.INVALID_REFERENCE, "repository"),
    ):
        given: dict[str, Any] = {"policy": semver("*"), **spec}
        finding, requests = await look(access, healthy("1.4.0"), **given)
        assert isinstance(finding, Trouble)
        assert isinstance(finding.outcome, Stalled)
        assert finding.outcome.reason == reason
        assert finding.outcome.message.startswith(f"{field}: ")
        assert requests == []


async def test_no_tags_and_no_matching_tags_are_two_different_things(access: RegistryAccess) -> None:
    """The second one says how many were left out, and why."""
    nothing, _ = await look(access, healthy(), semver("~1.4"))
    others, _ = await look(access, healthy("2.0.0", "latest"), semver("~1.4"))

    assert isinstance(nothing, Trouble)
    assert isinstance(others, Trouble)
    assert nothing.outcome.reason == Reason.NO_TAGS
    assert others.outcome.reason == Reason.NO_TAG_MATCHES
    assert "none of the 2 tags" in others.outcome.message
    assert "a release in ~1.4 (1 NotSemver, 1 OutOfRange)" in others.outcome.message
    assert others.choice is not None


async def test_the_time_a_registry_wants_to_be_left_alone_is_kept(access: RegistryAccess) -> None:
    """It is part of the finding, so that the next look is made after it."""
    finding, _ = await look(access, lambda _method, _path: Answer(429, {"Retry-After": "120"}), FOLLOW)

    assert isinstance(finding, Trouble)
    assert isinstance(finding.outcome, Waiting)
    assert finding.outcome.reason == "RateLimited"
    assert finding.refused_for == timedelta(seconds=120)


async def test_choosing_among_many_tags_does_not_stop_the_loop(access: RegistryAccess) -> None:
    """Other objects go on while 20,000 tags are filtered by many patterns."""
    versions = [f"1.{number}.0" for number in range(20_000)]
    filters = {"include": [".*"], "exclude": [f".*-rc{number}" for number in range(3)]}
    gaps: list[float] = []

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    def script(method: str, path: str) -> Answer:
        if method == "HEAD":
            return image(DIGEST)
        return tags() if "last=" in path else tags(*versions)

    ticking = asyncio.create_task(tick())
    finding, _ = await look(access, script, semver("1"), tags=filters)
    ticking.cancel()

    assert isinstance(finding, Found)
    assert finding.tag == "1.19999.0"
    # Made in the loop, the choice alone would have been a pause as long as it takes now.
    watched = {"repository": "r.example.com/a", "policy": semver("1"), "tags": filters}
    begun = time.perf_counter()
    Selector.of(ImageSubscription.model_validate(watched)).choose(versions)
    assert max(gaps) < (time.perf_counter() - begun) / 2
