from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from slipway.oci.cache.opening import ForeignFileError, is_damage, open_file, put_aside

INSERT = "INSERT INTO images VALUES ('digest', 1, x'00')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


def make(path: Path, *statements: str) -> None:
    """A file of ours with one row, changed by the statements."""
    with closing(open_file(path, 0.1)) as connection:
        for statement in (INSERT, *statements):
            connection.execute(statement)


def rows_in(path: Path) -> int:
    with closing(open_file(path, 0.1)) as connection:
        count: int = connection.execute("SELECT count(*) FROM images").fetchone()[0]
        return count


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_rows_are_there_when_the_file_is_opened_again(path: Path) -> None:
    make(path)

    assert rows_in(path) == 1


def test_nobody_else_may_read_the_file_nor_its_log(path: Path) -> None:
    with closing(open_file(path, 0.1)) as connection:
        connection.execute(INSERT)

        assert {entry.name: mode_of(entry) for entry in path.parent.iterdir()} == {
            "cache.db": 0o600,
            "cache.db-wal": 0o600,
            "cache.db-shm": 0o600,
        }


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    make(path)
    path.chmod(0o644)

    with closing(open_file(path, 0.1)) as connection:
        connection.execute(INSERT.replace("digest", "another"))

        assert {mode_of(entry) for entry in path.parent.iterdir()} == {0o600}
    assert rows_in(path) == 2


def test_the_log_is_written_ahead_and_not_synced_at_each_row(path: Path) -> None:
    with closing(open_file(path, 0.1)) as connection:
        settings = [
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]

    assert settings == [b"wal", 1]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("PRAGMA user_version = 0", id="without a version"),
        pytest.param("PRAGMA user_version = 99", id="of a later version"),
        pytest.param("PRAGMA application_id = 7", id="whose mark was overwritten"),
        pytest.param("DROP TABLE tags", id="with a table less"),
        pytest.param("CREATE TABLE more (one)", id="with a table more"),
        pytest.param("ALTER TABLE images ADD COLUMN more", id="with a column more"),
        pytest.param(
            "CREATE TRIGGER t AFTER INSERT ON images BEGIN DELETE FROM images; END", id="with a trigger"
        ),
        pytest.param("DROP TABLE tags; CREATE VIEW tags AS SELECT 1", id="with a view for a table"),
    ],
)
def test_a_file_of_ours_with_another_schema_is_made_anew(path: Path, statement: str) -> None:
    make(path, *statement.split("; ", 1) if statement.startswith("DROP TABLE tags; ") else (statement,))

    assert rows_in(path) == 0
    make(path)
    assert rows_in(path) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"no database at all", id="text"),
        pytest.param(b"\xa5" * 20_000, id="noise"),
        pytest.param(b"SQLite format 3\0" + bytes(5000), id="a header and nothing"),
    ],
)
def test_a_file_that_is_no_database_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(sqlite3.DatabaseError) as raised:
        open_file(path, 0.1)

    assert is_damage(raised.value)
    assert path.read_bytes() == content


def test_a_damaged_file_put_aside_makes_room_and_its_log_is_not_played_into_the_next(path: Path) -> None:
    with closing(open_file(path, 0.1)) as connection:
        connection.execute(INSERT)
        log = path.with_name("cache.db-wal").read_bytes()
    path.write_bytes(b"no database at all")
    path.with_name("cache.db-wal").write_bytes(log)

    put_aside(path)

    assert rows_in(path) == 0
    assert path.with_name("cache.db.damaged").read_bytes() == b"no database at all"


@pytest.mark.parametrize(
    ("code", "is_so"),
    [
        (sqlite3.SQLITE_CORRUPT, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, True),
        (sqlite3.SQLITE_NOTADB, True),
        (sqlite3.SQLITE_ERROR, True),
        (sqlite3.SQLITE_READONLY, True),
        (sqlite3.SQLITE_BUSY, False),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, False),
        (sqlite3.SQLITE_FULL, False),
        (sqlite3.SQLITE_IOERR_READ, False),
        (sqlite3.SQLITE_CANTOPEN, False),
    ],
)
def test_what_comes_from_around_the_file_is_no_damage_of_it(code: int, is_so: bool) -> None:
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code

    assert is_damage(error) is is_so


def test_a_file_that_cannot_be_made_is_not_damaged() -> None:
    assert not is_damage(FileNotFoundError())


def test_an_empty_file_becomes_ours(path: Path) -> None:
    path.touch()

    assert rows_in(path) == 0


def test_the_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(ForeignFileError, match="another program"):
        open_file(path, 0.1)

    assert path.read_bytes() == before
    assert mode_of(path) == 0o644
    assert [entry.name for entry in path.parent.iterdir()] == ["cache.db"]


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere.db")

    with pytest.raises(ForeignFileError):
        open_file(path, 0.1)

    assert not (tmp_path / "elsewhere.db").exists()


def test_a_pipe_is_refused_at_once(path: Path) -> None:
    os.mkfifo(path)

    with pytest.raises(ForeignFileError):
        open_file(path, 0.1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_somebody_else_prepared_is_refused(path: Path) -> None:
    make(path)
    os.chown(path, 12345, 12345)

    with pytest.raises(ForeignFileError):
        open_file(path, 0.1)


@pytest.mark.parametrize("name", ["missing/cache.db", "file/cache.db", "n" * 300, "directory"])
def test_where_there_can_be_no_file_there_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()

    with pytest.raises(OSError):  # noqa: PT011 - each system words it in its own way
        open_file(tmp_path / name, 0.1)


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a b%20'\";.db"])
def test_a_name_is_nothing_but_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)

    make(Path(name))

    assert rows_in(Path(name)) == 1
    assert (tmp_path / name).is_file()


def test_two_connections_of_one_process_keep_their_locks(path: Path) -> None:
    with closing(open_file(path, 0.01)) as first:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_file(path, 0.01)
        # Looking at the file must not have let go of what the first one holds.
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_file(path, 0.01)
        first.execute("COMMIT")


def test_on_a_file_system_without_modes_there_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(path)
    path.chmod(0o644)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # as vfat does

    with pytest.raises(ForeignFileError, match="another one"):
        open_file(path, 0.1)
