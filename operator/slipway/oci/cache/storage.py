"""Where the rows are: in the file as long as it serves, else in memory. It never fails for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

from slipway.oci.cache.limits import CacheLimits
from slipway.oci.cache.opening import is_damage, open_file, open_memory, put_aside
from slipway.oci.cache.rows import Rows

__all__ = ["Storage", "Work"]

Work: TypeAlias = Callable[[Rows], Any]
"""What somebody wants to be done with the rows, and told of."""

_FAILURES: Final = (sqlite3.Error, OSError, UnicodeDecodeError)

_log = structlog.get_logger(__name__)


class Storage:
    """Does work in transactions. To be made, used and closed in one thread.

    Args:
        path: of the file; without one, everything is in memory.
        limits: what is kept, and how long another process is waited for.
        now: seconds since the epoch.
    """

    def __init__(self, path: Path | None, limits: CacheLimits, now: float) -> None:
        self._path = path
        self._limits = limits
        self._now = now
        self._may_renew = True
        try:
            self._connection, self._rows = self._open()
        except _FAILURES as error:
            self._connection, self._rows = self._renew(error)

    def run(self, batch: Sequence[Work]) -> list[Any]:
        """Do all of it in one transaction; gives the answers in the same order.

        When the file fails, the batch is done again in what takes its place.
        """
        for recover in (self._renew, self._go_without):
            try:
                return self._transact(batch)
            except _FAILURES as error:
                self._connection.close()
                self._connection, self._rows = recover(error)
        return self._transact(batch)

    def close(self) -> None:
        """Close the file; what is in memory is gone."""
        self._connection.close()

    def _transact(self, batch: Sequence[Work]) -> list[Any]:
        # From the start, for a reader that becomes a writer later may find that it came too late.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            answers = [work(self._rows) for work in batch]
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(
                sqlite3.Error
            ):  # a broken file does not even let go back; SQLite then does by itself
                self._connection.execute("ROLLBACK")
            raise
        return answers

    def _open(self) -> tuple[sqlite3.Connection, Rows]:
        has_file = self._path is not None
        connection = open_memory() if self._path is None else open_file(self._path, self._limits.lock_seconds)
        try:
            return connection, Rows(connection, self._limits, self._now, has_file=has_file)
        except BaseException:
            connection.close()
            raise

    def _renew(self, error: Exception) -> tuple[sqlite3.Connection, Rows]:
        """A new file in the place of a damaged one, once; no other failure is mended that way."""
        if self._path is None or not self._may_renew or not is_damage(error):
            return self._go_without(error)
        self._may_renew = False
        _log.warning("Registry cache made anew", path=str(self._path), error=str(error))
        try:
            put_aside(self._path)
            return self._open()
        except _FAILURES as failure:
            return self._go_without(failure)

    def _go_without(self, error: Exception) -> tuple[sqlite3.Connection, Rows]:
        """Memory, until the process ends: a disk that comes and goes would lose rows each time."""
        if self._path is not None:
            _log.warning("Registry cache went on without its file", path=str(self._path), error=str(error))
        self._path = None
        return self._open()
