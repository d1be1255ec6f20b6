"""Warehouses in front of registries that do wrong (F22 to F31), from the request to what the status says.

What the client makes of each failure is tested beside it, with the same registry.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.certificates import Authority
from slipway.api.conditions import THROTTLED
from slipway.egress.limits import Limits
from slipway.engine.outcome import Settled
from slipway.oci import pages
from tests.support import faults
from tests.support.faults import Endpoint, Fault, FaultyRegistry, stored_image
from tests.support.memory import PeakMemory
from tests.support.raw_server import Hanging, Reply, Seen
from tests.unit.kinds.warehouse import world as worlds
from tests.unit.kinds.warehouse.world import Looked, World, image, semver

REPOSITORY = "shop/api"
OLD, NEW, NEXT = (stored_image(name) for name in ("old", "new", "next"))
AMD64 = {"platforms": ["linux/amd64"]}
FOLLOW = {"type": "Digest", "digest": {"tag": "stable"}}
FEW_MEBIBYTES = 50 << 20
PLACES = Limits().concurrency


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world without objects."""
    async with worlds.world() as made:
        yield made


@pytest.fixture
def faulty() -> Iterator[FaultyRegistry]:
    """A registry with two versions."""
    with FaultyRegistry() as running:
        stock(running)
        yield running


@pytest.fixture
def neighbour() -> Iterator[FaultyRegistry]:
    """Another host, that always behaves."""
    with FaultyRegistry() as running:
        stock(running)
        yield running


@pytest.fixture(autouse=True)
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists without an end are given up after twenty pages."""
    monkeypatch.setattr(pages, "MAX_PAGES", 20)


def stock(registry: FaultyRegistry) -> None:
    """Put the versions 1.0.0 and 1.1.0 on the shelf."""
    registry.shelf.put(REPOSITORY, "1.0.0", OLD)
    registry.shelf.put(REPOSITORY, "1.1.0", NEW)


def other_name(registry: FaultyRegistry) -> str:
    """The same registry under a name of its own: a host is a name, whatever its ports."""
    return registry.host.replace("127.0.0.1", "localhost")


def hurry(world: World, registry: FaultyRegistry, reason: str) -> None:
    """Give a registry that will run into its time-out little time; any other has as much as it needs."""
    world.registry("faulty", registry.url, timeout="50ms" if reason == "Timeout" else "30s")


def kept(before: Looked, after: Looked) -> bool:
    """Whether image, history and release are as they were."""
    same = before.artifact()["image"] == after.artifact()["image"]
    return same and all(before.status[name] == after.status[name] for name in ("history", "release"))


# --- whatever it is: the choice stays, the status says why, others go on, and then all is well again

LISTS: list[tuple[str, str, Callable[[], Fault]]] = [
    ("F22 500", "RegistryFailing", lambda: faults.status(500)),
    ("F22 503", "RegistryFailing", lambda: faults.status(503)),
    ("F23 429", "RateLimited", faults.rate_limited),
    ("F23 429 for two minutes", "RateLimited", lambda: faults.rate_limited("120")),
    ("F24 no answer", "Timeout", faults.hang),
    ("F25 a byte now and then", "Timeout", lambda: faults.slow_loris(0.01)),
    ("F25 a body without an end", "ContentTooLarge", faults.Endless.body),
    ("F25 10 GiB in chunks", "ContentTooLarge", lambda: faults.chunked(10)),
    ("F26 JSON that breaks off", "InvalidResponse", faults.garbage_json),
    ("F26 a login page", "NotARegistry", faults.html_page),
    ("F26 lists in lists", "InvalidResponse", faults.deep_nesting),
    ("F26 a gzip bomb", "ContentTooLarge", lambda: faults.gzip_bomb(10)),
    ("F26 redirects without end", "InvalidResponse", lambda: faults.redirect_loop),
    ("F27 a circle of pages", "ListingIncomplete", lambda: faults.two_pages_in_a_circle),
    ("F27 the same page for ever", "ListingIncomplete", lambda: faults.same_page_for_ever),
    ("F27 another host", "ListingIncomplete", lambda: faults.another_host("http://localhost:1")),
    ("F28 a list that breaks off", "RegistryUnreachable", faults.short_read),
    ("F28 a second page that fails", "RegistryFailing", lambda: faults.page_two(faults.status(500))),
    ("F28 a second page that is gone", "ListingIncomplete", lambda: faults.page_two(faults.status(404))),
    (
        "F28 a second page that breaks off",
        "RegistryUnreachable",
        lambda: faults.page_two(faults.short_read()),
    ),
    ("F28 a second page that never comes", "Timeout", lambda: faults.page_two(faults.hang())),
    ("F30 the repository is gone", "RepositoryNotFound", lambda: faults.status(404)),
]


@pytest.mark.parametrize(("reason", "make"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
async def test_whatever_is_wrong_with_a_list_the_choice_stays(
    world: World,
    faulty: FaultyRegistry,
    neighbour: FaultyRegistry,
    reason: str,
    make: Callable[[], Fault],
) -> None:
    """F22 to F28: also after a restart; what another host has is chosen in the same look."""
    world.make(
        "api",
        image("app", f"{faulty.host}/{REPOSITORY}", semver("*")),
        image("web", f"{other_name(neighbour)}/{REPOSITORY}", semver("*")),
    )
    good = await world.look("api")
    assert good.chosen() == good.chosen("web") == ("1.1.0", NEW.digest)
    for registry in (faulty, neighbour):
        registry.shelf.put(REPOSITORY, "1.2.0", NEXT)

    hurry(world, faulty, reason)
    faulty.play(make(), on=Endpoint.LIST)
    with PeakMemory() as memory:
        bad = await world.look("api")
        world.restart()
        still = await world.look("api")

    assert (bad.outcome.reason, bad.problem()) == (reason, reason)
    assert "app" in bad.outcome.message
    assert good.chosen() == bad.chosen() == still.chosen()
    assert bad.changes() == still.changes() == good.changes()
    assert bad.chosen("web") == ("1.2.0", NEXT.digest)
    assert bad.problem("web") is None
    assert still.problem() == reason  # once said, it does not come and go
    assert memory.grown < FEW_MEBIBYTES

    world.registry("faulty", faulty.url)
    faulty.heal()
    assert (await world.look("api")).chosen() == ("1.2.0", NEXT.digest)


@pytest.mark.parametrize(
    ("reason", "make"),
    [
        ("RegistryFailing", lambda: faults.status(500)),
        ("Timeout", faults.hang),
        ("ContentTooLarge", faults.Endless.body),
        ("ContentTooLarge", lambda: faults.gzip_bomb(10)),
        ("NotARegistry", faults.html_page),
        ("DigestMismatch", faults.garbage_json),
        ("RegistryUnreachable", faults.short_read),
    ],
    ids=[
        "F22 500",
        "F24 no answer",
        "F25 a body without an end",
        "F26 a gzip bomb",
        "F26 a login page",
        "F26 something else",
        "F28 a body that breaks off",
    ],
)
async def test_whatever_is_wrong_with_a_manifest_the_choice_stays(
    world: World, faulty: FaultyRegistry, reason: str, make: Callable[[], Fault]
) -> None:
    """F22 to F28: a version whose platforms cannot be read is not chosen, and no older one instead."""
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*"), **AMD64))
    good = await world.look("api")

    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    hurry(world, faulty, reason)
    faulty.play(make(), on=Endpoint.MANIFEST_GET)
    with PeakMemory() as memory:
        bad = await world.look("api")

    assert (bad.outcome.reason, bad.problem()) == (reason, reason)
    assert kept(good, bad)
    assert memory.grown < FEW_MEBIBYTES
    world.registry("faulty", faulty.url)
    faulty.heal()
    assert (await world.look("api")).chosen() == ("1.2.0", NEXT.digest)


# --- F22: the host is gone


async def test_a_host_that_refuses_connections_takes_no_other_along(
    world: World, faulty: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """F22: one Warehouse keeps what it has, another one goes on, and the first one comes back by itself."""
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))
    world.make("web", image("app", f"{other_name(neighbour)}/{REPOSITORY}", semver("*")))
    good, _ = await world.look("api"), await world.look("web")

    faulty.refuse()
    neighbour.shelf.put(REPOSITORY, "1.2.0", NEXT)
    bad, other = await world.look("api"), await world.look("web")

    assert (bad.outcome.reason, kept(good, bad)) == ("RegistryUnreachable", True)
    assert other.chosen() == ("1.2.0", NEXT.digest)
    faulty.reopen()
    assert isinstance((await world.look("api")).outcome, Settled)


async def test_an_outage_says_the_same_at_every_look(world: World, faulty: FaultyRegistry) -> None:
    """F22: a status that changed with every attempt would be written with every attempt."""
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))
    await world.look("api")
    faulty.play(faults.status(503))

    seen = [await world.look("api") for _ in range(6)]

    assert {one.outcome.reason for one in seen} == {"RegistryFailing"}
    assert len({json.dumps(one.status["artifacts"]) for one in seen}) <= 2  # it fails, then is left alone


# --- F23: a quota that runs low


def low(registry: FaultyRegistry, left: int = 10) -> Fault:
    """A registry that does right, and says how many pulls of a hundred are left, as Docker Hub does."""

    def answer(seen: Seen) -> Reply:
        reply = registry.shelf.answer(seen)
        told = (("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", f"{left};w=21600"))
        return replace(reply, headers=(*reply.headers, *told))

    return answer


def chart(name: str, url: str) -> dict[str, Any]:
    """A subscription to a chart in a registry."""
    return {"name": name, "type": "Chart", "chart": {"url": f"oci://{url}"}}


async def test_a_quota_that_runs_low_is_told_by_all_whom_it_concerns(
    world: World, faulty: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """F23: Docker Hub's headers count for every Warehouse that asks the host, and for no other host."""
    for name in ("api", "job"):
        world.make(name, image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))
    world.make("web", image("app", f"{other_name(neighbour)}/{REPOSITORY}", semver("*")))
    faulty.play(low(faulty), on=Endpoint.MANIFEST_HEAD)

    found = {name: await world.look(name) for name in ("api", "job", "web")}

    throttled = {name: [one.type for one in looked.conditions] for name, looked in found.items()}
    assert throttled == {"api": [THROTTLED], "job": [THROTTLED], "web": []}
    assert {looked.chosen() for looked in found.values()} == {("1.1.0", NEW.digest)}


@pytest.mark.parametrize("tags", [("1.0.0",), ("latest",), ()], ids=["chosen", "none fits", "none at all"])
async def test_charts_and_images_are_asked_for_more_rarely_whatever_they_find(
    world: World, faulty: FaultyRegistry, tags: tuple[str, ...]
) -> None:
    """F23: both come from the registry that says so."""
    for tag in tags:
        faulty.shelf.put("charts/api", tag, OLD)
    place = f"{faulty.host}/charts/api"
    world.make("images", image("app", place, semver("*")))
    world.make("charts", chart("app", place))
    faulty.shelf.put("charts/api", "gone", OLD)
    faulty.shelf.delete_tag("charts/api", "gone")
    faulty.shelf.put("other", "1.0.0", OLD)
    world.make("other", image("app", f"{faulty.host}/other", semver("*")))
    faulty.play(low(faulty), on=Endpoint.MANIFEST_HEAD)
    await world.look("other")  # tells what is left

    found = [await world.look(name) for name in ("images", "charts")]

    assert [[one.type for one in looked.conditions] for looked in found] == [[THROTTLED], [THROTTLED]]
    assert [looked.outcome.reason == "ArtifactsFound" for looked in found] == [tags == ("1.0.0",)] * 2


NEWEST = {"type": "Newest", "newest": {"by": "Created"}}


@pytest.mark.parametrize(
    ("policy", "more"), [(semver("*"), AMD64), (NEWEST, {})], ids=["platforms", "the time of build"]
)
async def test_what_is_left_for_others_is_not_used_to_choose(
    world: World, faulty: FaultyRegistry, policy: dict[str, Any], more: dict[str, Any]
) -> None:
    """F23: an image that has to be read waits with the choice as it is, and says until when."""
    world.registry("faulty", faulty.url)
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", policy, **more))
    good = await world.look("api")
    faulty.play(low(faulty, left=20), on=Endpoint.MANIFEST_HEAD)
    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    read = len(faulty.targets(Endpoint.MANIFEST_GET))

    world.restart()
    waiting = [await world.look("api") for _ in range(2)]

    assert len(faulty.targets(Endpoint.MANIFEST_GET)) == read
    for looked in waiting:
        assert (looked.problem(), kept(good, looked)) == ("RateLimited", True)
        assert "limits.pullBudgetPercent" in looked.outcome.message
        assert "at most 6 h" in looked.outcome.message
        assert [one.type for one in looked.conditions] == [THROTTLED]
    assert waiting[0].status["artifacts"] == waiting[1].status["artifacts"]
    faulty.play(low(faulty, left=21), on=Endpoint.MANIFEST_HEAD)
    assert "problem" not in (await world.look("api")).artifact()
    assert len(faulty.targets(Endpoint.MANIFEST_GET)) > read


async def test_what_need_not_be_read_is_chosen_without_a_pull(world: World, faulty: FaultyRegistry) -> None:
    """F23: a version is one by its name; what it runs on is told when there are pulls again."""
    world.registry("faulty", faulty.url)
    faulty.play(low(faulty, left=20), on=Endpoint.MANIFEST_HEAD)
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))

    found = await world.look("api")

    assert found.chosen() == ("1.1.0", NEW.digest)
    assert "platforms" not in found.artifact()["image"]
    assert not faulty.targets(Endpoint.MANIFEST_GET)


# --- F24: a host that hangs, a name without an address, TLS that is none


async def test_hosts_that_hang_hold_up_no_look_at_others(
    world: World, faulty: FaultyRegistry, neighbour: FaultyRegistry
) -> None:
    """F24: thirty Warehouses wait for one host, and thirty others are looked at meanwhile."""
    for number in range(30):
        world.make(f"api{number}", image("app", f"{faulty.host}/{REPOSITORY}{number}", semver("*")))
        world.make(f"web{number}", image("app", f"{other_name(neighbour)}/{REPOSITORY}", semver("*")))
    loop, taken = asyncio.get_running_loop(), asyncio.Semaphore(0)

    def hang(_: Seen) -> Hanging:
        loop.call_soon_threadsafe(taken.release)
        return faults.hang()

    await world.look("api0")  # the very first request goes alone
    faulty.play(hang)
    stuck = [asyncio.create_task(world.look(f"api{number}")) for number in range(30)]
    for _ in range(PLACES):
        await taken.acquire()

    async with asyncio.timeout(10):
        others = await asyncio.gather(*(world.look(f"web{number}") for number in range(30)))

    assert {one.chosen() for one in others} == {("1.1.0", NEW.digest)}
    assert not any(one.done() for one in stuck)
    for one in stuck:
        one.cancel()
    await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_name_without_an_address_and_tls_that_is_none_are_said_to_be_so(
    world: World, faulty: FaultyRegistry, tmp_path: Path
) -> None:
    """F24: each under a reason of its own, beside a subscription that finds its image."""
    pair = Authority(tmp_path).server("registry", dns=["localhost"], addresses=["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with FaultyRegistry(tls=context) as stranger:
        world.registry("stranger", stranger.url)
        world.make(
            "api",
            image("name", "registry.invalid/shop/api", semver("*")),
            image("tls", f"{stranger.host}/{REPOSITORY}", semver("*")),
            image("app", f"{faulty.host}/{REPOSITORY}", semver("*")),
        )
        found = await world.look("api")

        assert stranger.seen == []
    assert found.problem("name") == "RegistryUnreachable"
    assert found.problem("tls") == "CertificateInvalid"
    assert found.chosen() == ("1.1.0", NEW.digest)


# --- F27: many tags


async def test_of_very_many_tags_the_highest_is_chosen_and_few_are_told(
    world: World, faulty: FaultyRegistry
) -> None:
    """F27: the status stays small, and the memory too."""
    faulty.shelf.put(REPOSITORY, "t019999", NEXT)
    faulty.play(faults.many_tags(20_000, page_size=5000), on=Endpoint.LIST)
    policy = {"type": "Alphabetical", "alphabetical": {"order": "Ascending"}}
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", policy))

    with PeakMemory() as memory:
        found = await world.look("api")

    assert found.chosen() == ("t019999", NEXT.digest)
    assert found.artifact()["tags"] == 20_000
    assert len(json.dumps(found.status)) < 64 << 10
    assert memory.grown < FEW_MEBIBYTES
    assert len(faulty.targets(Endpoint.LIST)) <= 6


# --- F28: a list that breaks off


@pytest.mark.parametrize(
    "second", [faults.status(500), faults.status(404), faults.short_read()], ids=["500", "404", "cut"]
)
async def test_nothing_is_chosen_from_a_part_of_the_tags(
    world: World, faulty: FaultyRegistry, second: faults.Answer
) -> None:
    """F28: not even by a Warehouse that has nothing yet, such as one restored without its status."""
    faulty.play(faults.page_two(second), on=Endpoint.LIST)
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))

    found = await world.look("api")

    assert found.chosen() is None
    assert found.problem() in {"RegistryFailing", "ListingIncomplete", "RegistryUnreachable"}
    assert not faulty.targets(Endpoint.MANIFEST_HEAD)
    faulty.heal()
    assert (await world.look("api")).chosen() == ("1.1.0", NEW.digest)


# --- F29: digests that do not fit


@pytest.mark.parametrize("more", [{}, AMD64], ids=["any platform", "linux/amd64"])
async def test_a_digest_that_lies_is_not_chosen(
    world: World, faulty: FaultyRegistry, more: dict[str, Any]
) -> None:
    """F29: the header names another image than the body has; only what is verified is taken."""
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*"), **more))
    good = await world.look("api")
    claimed = stored_image("claimed").digest
    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    for endpoint in (Endpoint.MANIFEST_HEAD, Endpoint.MANIFEST_GET):
        faulty.play(faults.other_content(claimed, OLD), on=endpoint)

    bad = await world.look("api")

    assert (bad.outcome.reason, kept(good, bad)) == ("DigestMismatch", True)
    faulty.heal()
    assert (await world.look("api")).chosen() == ("1.2.0", NEXT.digest)


async def test_a_tag_that_names_what_is_not_there_is_not_chosen(world: World, faulty: FaultyRegistry) -> None:
    """F29: a HEAD tells a digest that nobody could pull; once it can be had, it is chosen."""
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))
    good = await world.look("api")
    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    faulty.play(faults.status(404), on=Endpoint.MANIFEST_GET)

    bad = await world.look("api")

    assert (bad.outcome.reason, kept(good, bad)) == ("ManifestNotFound", True)
    faulty.heal()
    assert (await world.look("api")).chosen() == ("1.2.0", NEXT.digest)


async def test_a_tag_that_moves_during_a_look_is_one_image_or_the_other(
    world: World, faulty: FaultyRegistry
) -> None:
    """F29: digest and description are those of one image, whatever the tag names meanwhile."""
    faulty.shelf.put(REPOSITORY, "stable", OLD)
    faulty.play(faults.moving_between_head_and_get(NEW, NEXT), on=Endpoint.MANIFEST_HEAD)
    faulty.play(faults.moving_between_head_and_get(NEW, NEXT), on=Endpoint.MANIFEST_GET)
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", FOLLOW))

    found = await world.look("api")

    assert found.chosen() == ("stable", NEW.digest)
    described = found.artifact()["image"]["platforms"]
    assert [one["digest"] for one in described] == [NEW.digest]


# --- F30: what is gone


async def test_what_is_deleted_is_no_reason_to_go_back(world: World, faulty: FaultyRegistry) -> None:
    """F30: the tag, all tags, the repository, each told by its own reason; what comes next is chosen."""
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", semver("*")))
    good = await world.look("api")

    seen = []
    for gone in ("1.1.0", "1.0.0", None):
        if gone is None:
            faulty.shelf.delete_repository(REPOSITORY)
        else:
            faulty.shelf.delete_tag(REPOSITORY, gone)
        world.restart()
        seen.append(await world.look("api"))

    assert [one.outcome.reason for one in seen] == ["TagDeleted", "NoTags", "RepositoryNotFound"]
    assert all(kept(good, one) for one in seen)
    faulty.shelf.put(REPOSITORY, "1.2.0", NEXT)
    assert (await world.look("api")).chosen() == ("1.2.0", NEXT.digest)


async def test_a_followed_tag_that_is_gone_keeps_its_image(world: World, faulty: FaultyRegistry) -> None:
    """F30: there is no other tag to go to."""
    faulty.shelf.put(REPOSITORY, "stable", NEW)
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", FOLLOW))
    good = await world.look("api")

    faulty.shelf.delete_tag(REPOSITORY, "stable")
    gone = await world.look("api")
    faulty.shelf.delete_repository(REPOSITORY)
    nowhere = await world.look("api")

    assert (gone.outcome.reason, nowhere.outcome.reason) == ("TagNotFound", "RepositoryNotFound")
    assert kept(good, gone)
    assert kept(good, nowhere)


# --- F31: a tag that is never the same


async def test_a_tag_that_is_never_the_same_changes_once_a_look(world: World, faulty: FaultyRegistry) -> None:
    """F31: each look costs one question and tells one change, and the history has an end."""
    faulty.shelf.put(REPOSITORY, "stable", OLD)
    never_the_same = faults.always_new()
    for endpoint in (Endpoint.MANIFEST_HEAD, Endpoint.MANIFEST_GET):
        faulty.play(never_the_same, on=endpoint)
    world.make("api", image("app", f"{faulty.host}/{REPOSITORY}", FOLLOW))

    seen = [await world.look("api") for _ in range(52)]

    assert len({one.chosen() for one in seen}) == len(faulty.targets(Endpoint.MANIFEST_HEAD)) == 52
    assert all(isinstance(one.outcome, Settled) for one in seen)
    assert len(seen[10].changes()) == 11
    assert len(seen[-1].changes()) == 50
    assert len(json.dumps(seen[-1].status)) < 64 << 10


# --- whatever comes after whatever


FAULTS: list[tuple[Fault, Endpoint]] = [
    (faults.status(503), Endpoint.LIST),
    (faults.page_two(faults.status(404)), Endpoint.LIST),
    (faults.page_two(faults.short_read()), Endpoint.LIST),
    (faults.garbage_json(), Endpoint.LIST),
    (faults.status(404), Endpoint.MANIFEST_HEAD),
    (faults.status(500), Endpoint.MANIFEST_HEAD),
    (faults.other_content(stored_image("claimed").digest, OLD), Endpoint.MANIFEST_GET),
]
STEPS = st.one_of(
    st.sampled_from(FAULTS),
    st.sampled_from(["heal", "push", "delete the newest", "delete all", "restart"]),
)


@given(st.lists(STEPS, min_size=3, max_size=8))
@settings(max_examples=6, deadline=None)
def test_no_sequence_of_faults_ever_leads_to_an_older_version(
    steps: list[tuple[Fault, Endpoint] | str],
) -> None:
    """F22 to F31, oracle O6: what is chosen only gets newer, and is the newest in the end."""
    asyncio.run(_only_upwards(steps))


async def _only_upwards(steps: list[tuple[Fault, Endpoint] | str]) -> None:
    with FaultyRegistry() as registry:
        async with worlds.world() as world:
            world.make("api", image("app", f"{registry.host}/{REPOSITORY}", semver("*")))
            tags: list[str] = []
            pushed = highest = 0
            for step in ["push", "push", "push", *steps, "heal", "push"]:
                if isinstance(step, tuple):
                    registry.play(step[0], on=step[1])
                elif step == "heal":
                    registry.heal()
                elif step == "restart":
                    world.restart()
                elif step == "push":
                    pushed += 1
                    tags.append(f"1.{pushed}.0")
                    registry.shelf.put(REPOSITORY, tags[-1], stored_image(tags[-1]))
                else:
                    for tag in tags[-1:] if step == "delete the newest" else tags[:]:
                        registry.shelf.delete_tag(REPOSITORY, tag)
                        tags.remove(tag)
                chosen = (await world.look("api")).chosen()
                assert chosen is not None
                version = int(chosen[0].split(".")[1])
                assert version >= highest, (step, chosen)
                highest = version
            assert highest == pushed
