from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from slipway.oci.cache.opening import open_memory
from slipway.oci.cache.tags import SeenTag, TagKey, TagRows
from tests.unit.oci.cache.support import HOST, digest

NOW = 1_800_000_000.0
KEY = TagKey.of(HOST, "shop/api", "v1", "alice")
REPOSITORY = TagKey.of(HOST, "shop/api", None, "alice")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = open_memory()
    yield connection
    connection.close()


@pytest.fixture
def rows(connection: sqlite3.Connection) -> TagRows:
    return TagRows(connection)


def seen(name: str = "one", at: float = NOW) -> SeenTag:
    return SeenTag(digest(name), at)


def missing(at: float = NOW) -> SeenTag:
    return SeenTag(None, at)


@pytest.mark.parametrize(
    ("what", "age", "is_fresh"),
    [
        pytest.param(seen(), 0, True, id="a tag just seen"),
        pytest.param(seen(), 299.9, True, id="a tag almost five minutes later"),
        pytest.param(seen(), 300, False, id="a tag after five minutes"),
        pytest.param(missing(), 59.9, True, id="a missing tag almost a minute later"),
        pytest.param(missing(), 60, False, id="a missing tag after a minute"),
        pytest.param(seen(), -5, True, id="a tag that another process saw a moment from now"),
        pytest.param(seen(), -5.1, False, id="a tag out of the future"),
        pytest.param(missing(), -3600, False, id="a missing tag out of the future"),
    ],
)
def test_readers_are_given_only_what_was_seen_lately(
    rows: TagRows, what: SeenTag, age: float, is_fresh: bool
) -> None:
    rows.put(KEY, what)

    assert rows.get(KEY, NOW + age) == (what if is_fresh else None)


@pytest.mark.parametrize("age", [-3600, 300])
def test_what_was_once_not_given_out_never_is_again(rows: TagRows, age: float) -> None:
    rows.put(KEY, seen())

    assert rows.get(KEY, NOW + age) is None
    assert rows.get(KEY, NOW) is None


@pytest.mark.parametrize(("age", "left"), [(-3600, 0), (0, 1), (299, 1), (301, 0)])
def test_what_is_stale_or_to_come_is_dropped(rows: TagRows, age: float, left: int) -> None:
    rows.put(KEY, seen())

    rows.drop_stale(NOW + age)

    assert rows.count() == left


@pytest.mark.parametrize(
    "other",
    [
        TagKey.of("other.example.com", "shop/api", "v1", "alice"),
        TagKey.of(HOST, "shop/web", "v1", "alice"),
        TagKey.of(HOST, "shop/api", "v2", "alice"),
        TagKey.of(HOST, "shop/api", "v1", "bob"),
        TagKey.of(f"{HOST}s", "hop/api", "v1", "alice"),
    ],
    ids=["host", "repository", "tag", "credential", "where the host ends"],
)
def test_a_tag_is_of_one_host_repository_name_and_credential(rows: TagRows, other: TagKey) -> None:
    rows.put(KEY, seen())

    assert rows.get(other, NOW) is None


def test_what_is_seen_later_takes_the_place_of_what_was(rows: TagRows) -> None:
    rows.put(KEY, seen("one"))
    rows.put(KEY, missing(NOW + 1))
    rows.put(KEY, seen("two", NOW + 2))

    assert rows.get(KEY, NOW + 2) == seen("two", NOW + 2)
    assert rows.count() == 1


def test_in_a_repository_that_is_not_there_no_tag_is(rows: TagRows) -> None:
    rows.put(KEY, seen())

    rows.put(REPOSITORY, missing(NOW + 1))

    assert rows.get(KEY, NOW + 1) == missing(NOW + 1)
    assert rows.get(KEY, NOW + 70) is None


def test_where_a_tag_is_there_is_its_repository(rows: TagRows) -> None:
    rows.put(REPOSITORY, missing())

    rows.put(KEY, seen(at=NOW + 1))

    assert rows.get(KEY, NOW + 1) == seen(at=NOW + 1)
    assert rows.get(REPOSITORY, NOW + 1) is None


def test_a_missing_tag_says_nothing_of_its_repository(rows: TagRows) -> None:
    other = TagKey.of(HOST, "shop/api", "v2", "alice")
    rows.put(other, seen())

    rows.put(KEY, missing())

    assert rows.get(other, NOW) == seen()


def test_a_missing_repository_of_one_credential_is_there_for_another(rows: TagRows) -> None:
    rows.put(KEY, seen())

    rows.put(TagKey.of(HOST, "shop/api", None, "bob"), missing())

    assert rows.get(KEY, NOW) == seen()


def test_a_forgotten_credential_has_no_tags_and_others_have(rows: TagRows) -> None:
    other = TagKey.of(HOST, "shop/api", "v1", "bob")
    rows.put(KEY, seen())
    rows.put(other, seen())

    rows.forget("alice")

    assert rows.get(KEY, NOW) is None
    assert rows.get(other, NOW) == seen()


def test_those_seen_longest_ago_go_first(rows: TagRows) -> None:
    keys = [TagKey.of(HOST, "shop/api", f"v{number}", "alice") for number in range(3)]
    for key, at in zip(keys, (NOW + 1, NOW, NOW + 2), strict=True):
        rows.put(key, seen(at=at))

    rows.drop_oldest(1)

    assert [rows.get(key, NOW + 2) is not None for key in keys] == [True, False, True]


@pytest.mark.parametrize(
    "change",
    [
        "value = 'text'",
        "value = 7",
        "value = x''",
        "value = zeroblob(87)",
        "value = substr(value, 1, 40)",
        "value = value || x'00'",
        "checked = checked + 1",
        "checked = 'soon'",
        "checked = x'00'",
        "checked = 9e999",
        "repository = x'00'",
        "tag = 'v1'",
    ],
)
def test_a_row_that_somebody_changed_is_none(
    rows: TagRows, connection: sqlite3.Connection, change: str
) -> None:
    rows.put(KEY, seen())

    connection.execute(f"UPDATE tags SET {change}")

    assert rows.get(KEY, NOW) is None


def test_a_row_moved_to_another_credential_is_none(rows: TagRows, connection: sqlite3.Connection) -> None:
    stolen = TagKey.of(HOST, "shop/api", "v1", "bob")
    rows.put(KEY, seen())

    connection.execute("UPDATE tags SET credential = ?", (stolen.credential,))

    assert rows.get(stolen, NOW) is None
