from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from slipway.oci.cache import CacheCounts, CachedTag, RegistryCache
from slipway.oci.cache.recent import REREAD_SECONDS
from tests.unit.engine.support import START
from tests.unit.oci.cache.support import HOST, REPOSITORY, SettableClock, digest, image

ALICE, BOB = "credential-of-alice", "credential-of-bob"
PRIVATE = image("private")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
async def cache(path: Path, clock: SettableClock) -> AsyncIterator[RegistryCache]:
    async with RegistryCache.open(path, clock=clock) as cache:
        yield cache


def see(cache: RegistryCache, who: str = ALICE, name: str = "private") -> None:
    cache.record_seen(HOST, REPOSITORY, digest(name), who)


async def known(cache: RegistryCache, who: str = ALICE, name: str = "private") -> bool:
    found = await cache.image(HOST, REPOSITORY, digest(name), who)
    assert found is None or found == image(name)
    return found is not None


async def tag(cache: RegistryCache, who: str = ALICE, name: str = "v1") -> str | None:
    found = await cache.fresh_tag(HOST, REPOSITORY, name, who)
    return (found.digest or "missing") if found is not None else None


class TestTwoTenants:
    """Alice may read a private repository; Bob knows all of its names, and nothing else."""

    async def test_bob_is_not_given_the_content_that_alice_brought(self, cache: RegistryCache) -> None:
        cache.record_image(PRIVATE)
        see(cache, ALICE)

        assert await known(cache, ALICE)
        assert not await known(cache, BOB)

    async def test_bob_is_given_it_once_his_own_head_succeeded(self, cache: RegistryCache) -> None:
        cache.record_image(PRIVATE)
        see(cache, ALICE)

        see(cache, BOB)

        assert await known(cache, BOB)

    async def test_a_digest_that_bob_sees_elsewhere_opens_no_other_repository(
        self, cache: RegistryCache
    ) -> None:
        cache.record_image(PRIVATE)

        cache.record_seen(HOST, "bob/copy", PRIVATE.digest, BOB)
        cache.record_seen("registry.bob.example.com", REPOSITORY, PRIVATE.digest, BOB)
        see(cache, BOB, "another digest")

        assert not await known(cache, BOB)

    async def test_a_tag_that_alice_saw_is_not_told_to_bob(self, cache: RegistryCache) -> None:
        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)

        assert await tag(cache, BOB) is None
        assert await tag(cache, ALICE) == PRIVATE.digest

    async def test_what_bob_was_refused_is_not_missing_for_alice(self, cache: RegistryCache) -> None:
        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)

        cache.record_missing(HOST, REPOSITORY, BOB)

        assert await tag(cache, ALICE) == PRIVATE.digest
        assert await tag(cache, BOB) == "missing"

    async def test_bob_recording_a_tag_gives_him_no_authority(self, cache: RegistryCache) -> None:
        cache.record_image(PRIVATE)

        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, BOB)

        assert not await known(cache, BOB)

    async def test_after_five_minutes_alice_has_to_show_again_that_she_may(
        self, cache: RegistryCache, clock: SettableClock
    ) -> None:
        cache.record_image(PRIVATE)
        see(cache, ALICE)

        clock.seconds += 299
        assert await known(cache, ALICE)
        clock.seconds += 1
        assert not await known(cache, ALICE)

        see(cache, ALICE)
        assert await known(cache, ALICE)

    async def test_a_restart_keeps_the_content_and_nobodys_authority(
        self, path: Path, clock: SettableClock
    ) -> None:
        async with RegistryCache.open(path, clock=clock) as cache:
            cache.record_image(PRIVATE)
            see(cache, ALICE)

        async with RegistryCache.open(path, clock=clock) as cache:
            assert not await known(cache, ALICE)
            assert not await known(cache, BOB)
            see(cache, ALICE)
            assert await known(cache, ALICE)

    async def test_names_of_private_repositories_are_not_in_the_file(
        self, path: Path, clock: SettableClock
    ) -> None:
        async with RegistryCache.open(path, clock=clock) as cache:
            cache.record_tag(HOST, REPOSITORY, "v1-secret", PRIVATE.digest, ALICE)

        written = path.read_bytes()  # noqa: ASYNC240 - nothing else runs
        assert PRIVATE.digest.encode() in written
        assert not [text for text in (HOST, REPOSITORY, "v1-secret", ALICE) if text.encode() in written]


async def test_a_forgotten_credential_has_neither_authority_nor_tags(
    path: Path, clock: SettableClock
) -> None:
    async with RegistryCache.open(path, clock=clock) as cache:
        cache.record_image(PRIVATE)
        for who in (ALICE, BOB):
            see(cache, who)
            cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, who)

        cache.forget(ALICE)

        assert [await known(cache, who) for who in (ALICE, BOB)] == [False, True]
        assert [await tag(cache, who) for who in (ALICE, BOB)] == [None, PRIVATE.digest]
    async with RegistryCache.open(path, clock=clock) as cache:
        assert [await tag(cache, who) for who in (ALICE, BOB)] == [None, PRIVATE.digest]


async def test_a_credential_forgotten_while_the_file_is_read_gets_no_answer(
    path: Path, clock: SettableClock
) -> None:
    async with RegistryCache.open(path, clock=clock) as cache:
        cache.record_image(PRIVATE)
    async with RegistryCache.open(path, clock=clock) as cache:
        see(cache, ALICE)
        asking = asyncio.create_task(known(cache, ALICE))
        await asyncio.sleep(0)

        cache.forget(ALICE)

        assert not await asking


async def test_content_outlives_the_memory_that_has_it_at_hand(
    cache: RegistryCache, clock: SettableClock
) -> None:
    cache.record_image(PRIVATE)
    clock.seconds += REREAD_SECONDS * 1000

    see(cache)

    assert await known(cache)


async def test_content_that_is_no_image_any_more_is_a_miss_until_it_is_recorded_again(
    cache: RegistryCache, clock: SettableClock
) -> None:
    cache.record_image(PRIVATE)
    await cache._worker.ask(lambda rows: rows._connection.execute("UPDATE images SET body = 'x'"))
    clock.seconds += REREAD_SECONDS
    see(cache)

    assert not await known(cache)

    cache.record_image(PRIVATE)
    assert await known(cache)


async def test_what_one_caller_does_to_an_image_another_does_not_see(cache: RegistryCache) -> None:
    cache.record_image(PRIVATE)
    see(cache)

    for _ in range(2):
        found = await cache.image(HOST, REPOSITORY, PRIVATE.digest, ALICE)
        assert found == PRIVATE
        assert isinstance(found.labels, dict)
        found.labels["mine"] = "now"


async def test_a_tag_comes_with_the_moment_it_was_seen(cache: RegistryCache, clock: SettableClock) -> None:
    cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)
    clock.seconds += 100

    assert await cache.fresh_tag(HOST, REPOSITORY, "v1", ALICE) == CachedTag(PRIVATE.digest, START)


async def test_a_tag_is_taken_to_point_at_the_same_for_five_minutes(
    cache: RegistryCache, clock: SettableClock
) -> None:
    cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)

    clock.seconds += 299
    assert await tag(cache) == PRIVATE.digest
    clock.seconds += 1
    assert await tag(cache) is None


async def test_a_tag_that_is_not_there_is_taken_to_be_missing_for_a_minute(
    cache: RegistryCache, clock: SettableClock
) -> None:
    cache.record_missing(HOST, REPOSITORY, ALICE, "v1")

    assert await tag(cache, name="v2") is None
    clock.seconds += 59
    assert await tag(cache) == "missing"
    clock.seconds += 1
    assert await tag(cache) is None


async def test_a_readers_tags_survive_its_end(path: Path, clock: SettableClock) -> None:
    async with RegistryCache.open(path, clock=clock) as cache:
        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)
        cache.record_missing(HOST, REPOSITORY, ALICE, "v2")
    clock.seconds += 30

    async with RegistryCache.open(path, clock=clock) as cache:
        assert await tag(cache) == PRIVATE.digest
        assert await tag(cache, name="v2") == "missing"


@pytest.mark.parametrize("step", [-3600.0, 3600.0, -6.0, 6.0])
async def test_when_the_clock_is_set_nothing_known_by_the_old_one_is_believed(
    cache: RegistryCache, clock: SettableClock, step: float
) -> None:
    cache.record_image(PRIVATE)
    see(cache)
    cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)

    clock.ahead += step

    assert await tag(cache) is None
    assert not await known(cache)
    clock.ahead -= step
    assert await tag(cache) is None
    cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)
    see(cache)
    assert await tag(cache) == PRIVATE.digest
    assert await known(cache)


async def test_a_clock_that_is_slowly_put_right_is_followed(
    cache: RegistryCache, clock: SettableClock
) -> None:
    for _ in range(10):
        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)
        clock.ahead += 4
        assert await tag(cache) == PRIVATE.digest


@pytest.mark.parametrize("step", [-86400.0, -10.0, 86400.0])
async def test_tags_do_not_live_on_when_the_clock_is_set_between_two_runs(
    path: Path, clock: SettableClock, step: float
) -> None:
    async with RegistryCache.open(path, clock=clock) as cache:
        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)

    clock.ahead += step
    async with RegistryCache.open(path, clock=clock) as cache:
        assert await tag(cache) is None
        assert (await cache.counts()).rows == 0


@pytest.mark.parametrize("word", ["latest", "", "sha256:ab", "\ud800", "sha256:" + "A" * 64])
async def test_what_is_no_digest_is_not_kept(cache: RegistryCache, word: str) -> None:
    cache.record_tag(HOST, REPOSITORY, "v1", word, ALICE)
    cache.record_image(replace(PRIVATE, digest=word))
    cache.record_seen(HOST, REPOSITORY, word, ALICE)

    with capture_logs() as logs:
        assert await cache.image(HOST, REPOSITORY, word, ALICE) is None
        assert await tag(cache) is None
    assert not logs
    assert (await cache.counts()).rows == 0


async def test_names_may_be_anything(cache: RegistryCache) -> None:
    names = ["", "\ud800", "a\0b", "x" * 100_000, "'; DROP TABLE tags; --"]

    for name in names:
        cache.record_tag(name, name, name, digest(repr(name)), name)

    for name in names:
        found = await cache.fresh_tag(name, name, name, name)
        assert found is not None
        assert found.digest == digest(repr(name))


async def test_hits_and_misses_are_counted(cache: RegistryCache) -> None:
    cache.record_image(PRIVATE)
    await known(cache)
    see(cache)
    await known(cache)
    await tag(cache)
    cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)
    cache.record_missing(HOST, REPOSITORY, ALICE, "v2")
    await tag(cache)
    await tag(cache, name="v2")

    counts = await cache.counts()

    assert counts == CacheCounts(hits=3, misses=2, rows=3, bytes=counts.bytes, has_file=True)
    assert 0 < counts.bytes < 100_000


async def test_without_a_path_it_works_in_memory(clock: SettableClock) -> None:
    async with RegistryCache.open(clock=clock) as cache:
        cache.record_image(PRIVATE)
        see(cache)
        cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)

        assert await known(cache)
        assert await tag(cache) == PRIVATE.digest
        assert not (await cache.counts()).has_file


async def test_where_there_can_be_no_file_it_works_in_memory_and_says_so_once(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with RegistryCache.open(tmp_path / "missing" / "cache.db") as cache:
            for number in range(10):
                cache.record_image(image(str(number)))
                see(cache, name=str(number))
                assert await known(cache, name=str(number))
            assert not (await cache.counts()).has_file

    assert [log["event"] for log in logs] == ["Registry cache went on without its file"]
    assert not (tmp_path / "missing").exists()


async def test_after_closing_it_neither_keeps_nor_fails(path: Path, clock: SettableClock) -> None:
    async with RegistryCache.open(path, clock=clock) as cache:
        pass

    cache.record_image(PRIVATE)
    cache.record_tag(HOST, REPOSITORY, "v1", PRIVATE.digest, ALICE)
    cache.record_missing(HOST, REPOSITORY, ALICE)
    cache.forget(ALICE)
    await cache.aclose()

    assert await tag(cache) is None
    assert (await cache.counts()).rows == 0


async def test_two_caches_over_one_file_know_what_the_other_recorded(
    path: Path, clock: SettableClock
) -> None:
    async with RegistryCache.open(path, clock=clock) as one, RegistryCache.open(path, clock=clock) as two:
        for number in range(20):
            writer, reader = (one, two) if number % 2 else (two, one)
            writer.record_image(image(str(number)))
            writer.record_tag(HOST, REPOSITORY, f"v{number}", digest(str(number)), ALICE)
            assert await tag(writer, name=f"v{number}") is not None
            see(reader, name=str(number))
            assert await known(reader, name=str(number))
            assert await tag(reader, name=f"v{number}") == digest(str(number))

        both = [await one.counts(), await two.counts()]

    assert {counts.rows for counts in both} == {40}
    assert all(counts.has_file for counts in both)


async def test_two_caches_over_one_file_may_write_at_the_same_time(path: Path, clock: SettableClock) -> None:
    async with RegistryCache.open(path, clock=clock) as one, RegistryCache.open(path, clock=clock) as two:
        for number in range(300):
            for name, cache in (("one", one), ("two", two)):
                cache.record_image(image(f"{name} {number}"))
            await asyncio.sleep(0)
        counts = [await one.counts(), await two.counts()]
        assert all(count.has_file for count in counts)
        assert (await one.counts()).rows == 600
