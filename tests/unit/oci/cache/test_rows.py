from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from slipway.oci.cache.limits import CacheLimits
from slipway.oci.cache.opening import open_memory
from slipway.oci.cache.rows import Rows
from slipway.oci.cache.tags import SeenTag, TagKey
from tests.unit.oci.cache.support import HOST, digest

NOW = 1_800_000_000.0


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = open_memory()
    yield connection
    connection.close()


def test_images_stay_within_their_number_and_the_used_ones_stay(connection: sqlite3.Connection) -> None:
    rows = Rows(connection, CacheLimits(images=100), NOW, has_file=False)

    for number in range(1000):
        rows.put_image(digest(str(number)), b"body")
        rows.images.get(digest("0"))
        assert rows.images.count() <= 110

    assert rows.images.get(digest("0")) is not None
    assert rows.images.get(digest("1")) is None
    assert rows.images.get(digest("999")) is not None


@pytest.mark.parametrize(("size", "number"), [(300, 1500), (20_000, 100)])
def test_images_stay_within_their_bytes(connection: sqlite3.Connection, size: int, number: int) -> None:
    rows = Rows(connection, CacheLimits(memory_bytes=400_000), NOW, has_file=False)

    for name in range(number):
        rows.put_image(digest(str(name)), bytes(size))
        # A tenth more, and what the digests and the index take up.
        assert rows.holdings().bytes <= 1.1 * 400_000 + 200 * number

    assert 0 < rows.images.count() < number


def test_tags_stay_within_their_number(connection: sqlite3.Connection) -> None:
    rows = Rows(connection, CacheLimits(tags=100), NOW, has_file=False)

    for number in range(1000):
        key = TagKey.of(HOST, "shop/api", f"v{number}", "alice")
        rows.put_tag(key, SeenTag(digest("one"), NOW + number / 1000))
        assert rows.tags.count() <= 110

    assert rows.tags.get(TagKey.of(HOST, "shop/api", "v999", "alice"), NOW + 1) is not None


def test_tags_that_nobody_is_given_any_more_are_tidied_away(connection: sqlite3.Connection) -> None:
    rows = Rows(connection, CacheLimits(tags=100), NOW, has_file=False)

    for number in range(50):
        rows.put_tag(
            TagKey.of(HOST, "shop/api", f"v{number}", "alice"), SeenTag(digest("one"), NOW + 100 * number)
        )

    assert rows.tags.count() <= 14


def test_tags_alone_may_not_drive_images_out_for_ever(connection: sqlite3.Connection) -> None:
    rows = Rows(connection, CacheLimits(memory_bytes=1), NOW, has_file=False)

    rows.put_tag(TagKey.of(HOST, "shop/api", "v1", "alice"), SeenTag(digest("one"), NOW))

    assert rows.holdings().rows == 1


def test_stale_tags_of_an_earlier_process_go_at_the_start(connection: sqlite3.Connection) -> None:
    before = Rows(connection, CacheLimits(), NOW, has_file=True)
    for number, at in enumerate((NOW - 3600, NOW, NOW + 3600)):
        before.put_tag(TagKey.of(HOST, "shop/api", f"v{number}", "alice"), SeenTag(digest("one"), at))

    after = Rows(connection, CacheLimits(), NOW, has_file=True)

    assert after.tags.count() == 1


def test_what_is_held_is_rows_and_pages(connection: sqlite3.Connection) -> None:
    rows = Rows(connection, CacheLimits(), NOW, has_file=True)
    empty = rows.holdings()

    rows.put_image(digest("one"), bytes(100_000))
    rows.put_tag(TagKey.of(HOST, "shop/api", "v1", "alice"), SeenTag(digest("one"), NOW))

    held = rows.holdings()
    assert (empty.rows, held.rows) == (0, 2)
    assert 90_000 <= held.bytes - empty.bytes <= 110_000
    assert held.has_file
