from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from slipway.oci.cache.images import ImageRows
from slipway.oci.cache.opening import open_memory
from tests.unit.oci.cache.support import digest


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = open_memory()
    yield connection
    connection.close()


def fill(rows: ImageRows, *names: str) -> None:
    for name in names:
        rows.put(digest(name), name.encode())


def there(rows: ImageRows, *names: str) -> list[bool]:
    return [rows.get(digest(name)) is not None for name in names]


def test_a_value_is_found_under_its_digest(connection: sqlite3.Connection) -> None:
    rows = ImageRows(connection)

    fill(rows, "one", "two")

    assert rows.get(digest("one")) == b"one"
    assert rows.get(digest("three")) is None


def test_a_value_put_again_takes_the_place_of_the_first(connection: sqlite3.Connection) -> None:
    rows = ImageRows(connection)

    rows.put(digest("one"), b"damaged")
    rows.put(digest("one"), b"whole")

    assert rows.get(digest("one")) == b"whole"
    assert rows.count() == 1


def test_those_that_were_not_used_since_go_first(connection: sqlite3.Connection) -> None:
    rows = ImageRows(connection)
    fill(rows, "one", "two", "three")
    rows.begin_period()
    rows.get(digest("one"))

    assert rows.drop_unused(2) == 2

    assert there(rows, "one", "two", "three") == [True, False, False]


def test_among_those_unused_the_first_that_came_go_first(connection: sqlite3.Connection) -> None:
    rows = ImageRows(connection)
    fill(rows, "one", "two", "three")

    rows.drop_unused(1)

    assert there(rows, "one", "two", "three") == [False, True, True]


def test_a_read_writes_once_in_a_period(connection: sqlite3.Connection) -> None:
    rows = ImageRows(connection)
    fill(rows, "one")
    rows.begin_period()
    before = connection.total_changes

    for _ in range(10):
        rows.get(digest("one"))

    assert connection.total_changes == before + 1


def test_a_new_start_counts_as_later_than_everything_before(connection: sqlite3.Connection) -> None:
    fill(ImageRows(connection), "one", "two")

    rows = ImageRows(connection)
    rows.get(digest("one"))
    rows.drop_unused(1)

    assert there(rows, "one", "two") == [True, False]


@pytest.mark.parametrize("used", ["9223372036854775807", "-1", "'soon'", "x'ff'", "1e300"])
def test_a_forged_last_use_makes_no_row_immortal(connection: sqlite3.Connection, used: str) -> None:
    fill(ImageRows(connection), "forged", "one")
    connection.execute(f"UPDATE images SET used = {used} WHERE digest = ?", (digest("forged"),))

    rows = ImageRows(connection)
    rows.get(digest("one"))
    rows.drop_unused(1)

    assert there(rows, "forged", "one") == [False, True]


@pytest.mark.parametrize("body", ["'text'", "7", "1.5"])
def test_a_value_of_another_type_is_none(connection: sqlite3.Connection, body: str) -> None:
    rows = ImageRows(connection)
    fill(rows, "one")

    connection.execute(f"UPDATE images SET body = {body}")

    assert not isinstance(rows.get(digest("one")), (str, int, float))
