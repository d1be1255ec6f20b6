"""The file of the cache: found, checked, made, and put out of the way when it is of no use.

The database of another program and the file of another user are never touched: a path may be mistyped, and a
shared directory may be prepared.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["ForeignFileError", "is_damage", "open_file", "open_memory", "put_aside"]

_APPLICATION: Final = 0x534C5057  # "SLPW"; it has its place in the header (sqlite.org/fileformat2.html, 1.3)
_VERSION: Final = 1
_IMAGES: Final = """CREATE TABLE images (
    digest TEXT NOT NULL UNIQUE,
    used INTEGER NOT NULL,
    body BLOB NOT NULL
)"""
_TAGS: Final = """CREATE TABLE tags (
    credential BLOB,
    repository BLOB,
    tag BLOB,
    checked REAL NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (credential, repository, tag)
) WITHOUT ROWID"""
_SCHEMA: Final = (_IMAGES, "CREATE INDEX images_by_use ON images (used)", _TAGS)
_SETTINGS: Final = (
    "journal_mode = WAL",
    # After a power cut the last rows may be missing, which is all the same to a cache.
    "synchronous = NORMAL",
    "journal_size_limit = 4194304",
    # A file that is truncated while it is mapped would end the process.
    "mmap_size = 0",
)
_CIRCUMSTANCES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""What comes from around the file; damage shows itself as almost anything else, a read-only file included."""

_MODE: Final = 0o600


class ForeignFileError(OSError):
    """What is at the path is not ours to use."""


class _OutdatedError(Exception):
    """The file is ours, but of another version."""


def open_memory() -> sqlite3.Connection:
    """A database that lives as long as the connection."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = bytes
    _make_schema(connection)
    return connection


def open_file(path: Path, lock_seconds: float) -> sqlite3.Connection:
    """The database in a file, which is made when it is missing or of another version.

    Args:
        path: of the file, in a directory that exists.
        lock_seconds: how long to wait for another process.

    Raises:
        OSError: when the file cannot be made, or is not ours.
        sqlite3.Error: when it is damaged, locked or cannot be written, or the disk is full or broken.
        UnicodeDecodeError: when it is damaged, and the message that says so quotes it.
    """
    try:
        return _open(path, lock_seconds)
    except _OutdatedError:
        path.unlink()
    return _open(path, lock_seconds)


def is_damage(error: Exception) -> bool:
    """Whether the file holds something else than a database of ours, so that no waiting will mend it."""
    code = getattr(error, "sqlite_errorcode", None)
    # The upper bytes only say more about the same thing.
    is_from_around = code is None or code & 0xFF in _CIRCUMSTANCES
    return not is_from_around or isinstance(error, UnicodeDecodeError)


def put_aside(path: Path) -> None:
    """Move a damaged file to the same name with `.damaged`, over an earlier one.

    Raises:
        OSError: when it cannot be moved.
    """
    # The log may stay: SQLite plays none into a database that is empty.
    path.replace(path.with_name(f"{path.name}.damaged"))


def _open(path: Path, lock_seconds: float) -> sqlite3.Connection:
    _claim(path)
    connection = sqlite3.connect(path.absolute(), timeout=lock_seconds, isolation_level=None)
    try:
        connection.text_factory = bytes  # text is checked by us: what is not UTF-8 would raise in mid-row
        _check(connection)
        if not _is_private(path):
            connection.close()  # with its log, which took its mode from the file
            _make_private(path)
            return _open(path, lock_seconds)
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _claim(path: Path) -> None:
    """Make the file if there is none; otherwise see that it is ours.

    One that exists is not opened here: closing it would take the locks of all its connections in this process
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        msg = f"{path} is no file of the user that this process runs as; name another one"
        raise ForeignFileError(msg)


def _is_private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == _MODE


def _make_private(path: Path) -> None:
    path.chmod(_MODE)
    if not _is_private(path):
        msg = f"{path} cannot be closed to other users on its file system; name a file on another one"
        raise ForeignFileError(msg)


def _check(connection: sqlite3.Connection) -> None:
    """See that it is our database, all of it and nothing more; an empty one becomes ours."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA synchronous = OFF")  # nothing is lost with a file that is still empty
    connection.execute("BEGIN IMMEDIATE")
    try:
        _adopt(connection)
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _adopt(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    schema = {sql for (sql,) in rows}
    is_whole = schema == {sql.encode() for sql in _SCHEMA}
    application = _number(connection, "application_id")
    if not schema and application == 0:
        _make_schema(connection)
    elif application != _APPLICATION and not is_whole:
        msg = "the file is the database of another program; name another one"
        raise ForeignFileError(msg)
    elif application != _APPLICATION or _number(connection, "user_version") != _VERSION or not is_whole:
        raise _OutdatedError


def _make_schema(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _number(connection: sqlite3.Connection, pragma: str) -> object:
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]
