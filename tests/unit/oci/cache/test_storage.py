from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from slipway.oci.cache.documents import image_body, read_image
from slipway.oci.cache.limits import CacheLimits
from slipway.oci.cache.rows import Rows
from slipway.oci.cache.storage import Storage
from slipway.oci.results import ImageInfo
from tests.unit.oci.cache.support import digest, image

NOW = 1_800_000_000.0
LIMITS = CacheLimits(lock_seconds=0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@contextmanager
def opened(path: Path | None) -> Iterator[Storage]:
    storage = Storage(path, LIMITS, NOW)
    yield storage
    storage.close()


def large(name: str) -> ImageInfo:
    """An image that fills a page."""
    return replace(image(name), labels={"text": name * (4000 // len(name))})


def put_in(name: str, rows: Rows) -> None:
    body = image_body(large(name))
    assert body is not None
    rows.put_image(digest(name), body)


def put(storage: Storage, name: str) -> None:
    storage.run([partial(put_in, name)])


def has(storage: Storage, name: str) -> bool:
    found = read_image(digest(name), ask(storage, lambda rows: rows.images.get(digest(name))))
    assert found is None or found == large(name)
    return found is not None


def has_file(storage: Storage) -> bool:
    return bool(ask(storage, Rows.holdings).has_file)


def ask(storage: Storage, work: Any) -> Any:
    return storage.run([work])[0]


def test_answers_come_in_the_order_of_the_work(path: Path) -> None:
    with opened(path) as storage:
        answers = storage.run(
            [
                lambda rows: rows.images.get(digest("one")),
                lambda rows: rows.put_image(digest("one"), b"body"),
                lambda rows: rows.images.get(digest("one")),
            ]
        )

    assert answers == [None, None, b"body"]


def test_a_batch_is_kept_whole_or_not_at_all(path: Path) -> None:
    def stumble(rows: Rows) -> None:
        raise ZeroDivisionError

    with opened(path) as storage:
        with pytest.raises(ZeroDivisionError):
            storage.run([lambda rows: rows.put_image(digest("one"), b"body"), stumble])

        assert not has(storage, "one")
        put(storage, "two")
        assert has(storage, "two")


def test_rows_survive_a_restart(path: Path) -> None:
    with opened(path) as storage:
        put(storage, "one")

    with opened(path) as storage:
        assert has(storage, "one")
        assert has_file(storage)


def test_without_a_path_everything_is_in_memory(tmp_path: Path) -> None:
    with opened(None) as storage, capture_logs() as logs:
        put(storage, "one")

        assert has(storage, "one")
        assert not has_file(storage)
    assert not logs
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing/cache.db", "file/cache.db", "directory", "n" * 300])
def test_where_there_can_be_no_file_it_goes_on_in_memory(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()

    with capture_logs() as logs, opened(tmp_path / name) as storage:
        put(storage, "one")
        put(storage, "two")

        assert has(storage, "one")
        assert not has_file(storage)
    assert [log["event"] for log in logs] == ["Registry cache went on without its file"]


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()

    with opened(path) as storage:
        put(storage, "one")
        assert has(storage, "one")

    assert path.read_bytes() == before


def test_on_a_full_disk_it_goes_on_in_memory_and_loses_nothing_of_the_batch(path: Path) -> None:
    with capture_logs() as logs, opened(path) as storage:
        put(storage, "before")
        pages = storage._connection.execute("PRAGMA page_count").fetchone()[0]
        storage._connection.execute(f"PRAGMA max_page_count = {pages + 3}")

        storage.run([partial(put_in, str(number)) for number in range(20)])

        assert all(has(storage, str(number)) for number in range(20))
        assert not has_file(storage)
        put(storage, "after")
        assert has(storage, "after")
    assert [log["event"] for log in logs] == ["Registry cache went on without its file"]
    assert "full" in logs[0]["error"]
    with opened(path) as storage:
        assert has(storage, "before")
        assert not has(storage, "1")


def test_a_file_that_another_process_does_not_let_go_is_gone_on_without(path: Path) -> None:
    with capture_logs() as logs, opened(path) as storage:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            put(storage, "one")
        assert has(storage, "one")
        assert not has_file(storage)
    assert [log["event"] for log in logs] == ["Registry cache went on without its file"]


def test_a_file_that_is_locked_from_the_start_is_gone_on_without(path: Path) -> None:
    with opened(path) as first:
        first._connection.execute("BEGIN IMMEDIATE")
        with capture_logs() as logs, opened(path) as second:
            put(second, "one")
            assert has(second, "one")
        first._connection.execute("COMMIT")
    assert "locked" in logs[0]["error"]


def test_a_short_wait_for_another_process_is_no_failure(path: Path) -> None:
    storage = Storage(path, CacheLimits(lock_seconds=5), NOW)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    letting_go = threading.Timer(0.02, other.execute, ["COMMIT"])

    letting_go.start()
    put(storage, "one")
    letting_go.join()
    other.close()

    assert has_file(storage)
    storage.close()


def test_a_batch_that_reads_before_it_writes_is_not_overtaken_by_another_process(path: Path) -> None:
    storage = Storage(path, CacheLimits(lock_seconds=5), NOW)

    def write_elsewhere() -> None:
        with closing(sqlite3.connect(path, timeout=5)) as other:
            other.execute("DELETE FROM images")
            other.commit()

    other = threading.Thread(target=write_elsewhere)

    def overtake(_rows: Rows) -> None:
        other.start()
        other.join(0.05)

    storage.run([lambda rows: rows.images.get(digest("one")), overtake, partial(put_in, "one")])
    other.join(5)

    assert has_file(storage)
    storage.close()


def use(path: Path) -> bool:
    """Start with the file, read ten rows and write one; tells whether there is a file in the end."""
    with opened(path) as storage:
        for number in range(10):
            has(storage, str(number))
        put(storage, "after")
        assert has(storage, "after")
        return has_file(storage)


def filled(path: Path) -> bytearray:
    """The bytes of a file with ten rows."""
    with opened(path) as storage:
        for number in range(10):
            put(storage, str(number))
    return bytearray(path.read_bytes())


@pytest.mark.parametrize(
    ("start", "noise"),
    [
        pytest.param(0, b"no database", id="the name of the format"),
        pytest.param(16, b"\0\1", id="the size of a page"),
        pytest.param(18, b"\x09\x09", id="the versions that may write and read"),
        pytest.param(44, b"\0\0\0\x63", id="the format of the schema"),
        pytest.param(56, b"\0\0\0\x03", id="the encoding of texts"),
        pytest.param(100, bytes(60), id="the root of the schema"),
        pytest.param(3900, b"\xef\xbe" * 98, id="texts of the schema that are no texts"),
        pytest.param(4096, bytes(4096), id="a page of nothing"),
    ],
)
def test_a_damaged_file_is_put_aside_at_the_start_or_costs_only_rows(
    path: Path, start: int, noise: bytes
) -> None:
    content = filled(path)
    content[start : start + len(noise)] = noise
    path.write_bytes(content)

    use(path)

    assert use(path)
    with opened(path) as storage:
        assert has(storage, "after")


def test_a_file_whose_damage_is_told_in_words_that_are_no_text_is_put_aside(path: Path) -> None:
    content = (
        bytes(filled(path)).replace(b"images_by_use", b"\xef" * 13).replace(b"CREATE INDEX", b"CREATE XXXXX")
    )
    path.write_bytes(content)

    assert use(path)
    assert path.with_name("cache.db.damaged").exists()


@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=64)), max_size=4), st.floats(0, 1))
@settings(max_examples=6, deadline=None)
def test_whatever_is_in_the_file_no_answer_is_wrong_and_the_next_start_has_a_file(
    noise: list[tuple[float, bytes]], length: float
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cache.db"
        content = filled(path)
        for place, piece in noise:
            start = int(place * (len(content) - 1))
            content[start : start + len(piece)] = piece
        path.write_bytes(content[: int(len(content) * max(length, 0.1))] if length < 0.5 else content)

        use(path)

        assert use(path)


def damage(path: Path, start: int) -> None:
    """Overwrite the file from a place on while it is open, its log and all."""
    noise = b"\xa5" * max(0, path.stat().st_size - start)
    with path.open("r+b") as file:
        file.seek(start)
        file.write(noise)


def uncached(path: Path) -> Storage:
    """A storage with rows in the file that it has to read from there again."""
    storage = Storage(path, LIMITS, NOW)
    storage._connection.execute("PRAGMA cache_size = 1")
    for number in range(50):
        put(storage, str(number))
    storage._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return storage


@pytest.mark.parametrize("start", [0, 4096])
def test_a_file_damaged_in_mid_use_is_put_aside_and_made_anew(path: Path, start: int) -> None:
    storage = uncached(path)
    damage(path, start)

    with capture_logs() as logs:
        found = [has(storage, str(number)) for number in range(50)]
        put(storage, "after")

    assert not all(found)
    assert has(storage, "after")
    assert has_file(storage)
    assert path.with_name("cache.db.damaged").exists()
    assert [log["event"] for log in logs] == ["Registry cache made anew"]
    storage.close()
    with opened(path) as again:
        assert has(again, "after")


@pytest.mark.parametrize("size", [0, 100, 4096, 50_000])
def test_a_file_truncated_in_mid_use_gives_misses_and_goes_on(path: Path, size: int) -> None:
    storage = uncached(path)
    with path.open("r+b") as file:
        file.truncate(size)

    found = [has(storage, str(number)) for number in range(50)]
    put(storage, "after")

    assert not all(found)
    assert has(storage, "after")
    storage.close()


def test_a_file_removed_in_mid_use_costs_nothing_but_its_rows(path: Path) -> None:
    with opened(path) as storage:
        put(storage, "one")
        for entry in list(path.parent.iterdir()):
            entry.unlink()

        put(storage, "two")
        assert has(storage, "two")

    with opened(path) as storage:
        put(storage, "three")
        assert has(storage, "three")


def test_a_file_that_is_damaged_again_and_again_is_gone_on_without(path: Path) -> None:
    storage = uncached(path)
    damage(path, 0)
    put(storage, "once")
    for number in range(50):
        put(storage, str(number))
    storage._connection.execute("PRAGMA cache_size = 1")
    storage._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(path, 0)

    with capture_logs() as logs:
        for number in range(50):
            has(storage, str(number))
        put(storage, "twice")

    assert has(storage, "twice")
    assert not has_file(storage)
    assert [log["event"] for log in logs] == ["Registry cache went on without its file"]
    storage.close()
