"""The cache that all checkouts share."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dev.cache import cache_directory, content_key, file_lock, made_once


def test_the_cache_lies_where_xdg_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$XDG_CACHE_HOME`, else `~/.cache`; a relative value counts as not set."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "slipway"

    for value in ("", "relative/cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_directory() == tmp_path / "home" / ".cache" / "slipway"


def test_the_key_tells_contents_and_their_order_apart() -> None:
    """Moving a byte from one part to the next is another content."""
    assert content_key(b"ab", b"c") != content_key(b"a", b"bc")
    assert content_key(b"a", b"b") == content_key(b"a", b"b")


def test_a_directory_is_made_once(tmp_path: Path) -> None:
    """The second caller finds the first one's work."""
    made: list[Path] = []

    def make(directory: Path) -> None:
        made.append(directory)
        (directory / "tool").write_text("whole")

    for _ in range(2):
        assert (made_once(tmp_path / "tools", make) / "tool").read_text() == "whole"
    assert len(made) == 1


def test_a_failed_attempt_leaves_nothing(tmp_path: Path) -> None:
    """Half-made directories are never taken for whole ones."""

    def make(directory: Path) -> None:
        (directory / "tool").write_text("half")
        msg = "no network"
        raise OSError(msg)

    with pytest.raises(OSError, match="no network"):
        made_once(tmp_path / "tools", make)

    assert not (tmp_path / "tools").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "tools.lock"]


def test_who_waits_for_a_lock_is_told_so(tmp_path: Path) -> None:
    """`waiting` is called once, when somebody else has the lock, and the lock is given on."""
    waited = threading.Event()
    entered = threading.Event()

    def second() -> None:
        with file_lock(tmp_path / "lock", waited.set):
            entered.set()

    with file_lock(tmp_path / "lock", waited.set):
        assert not waited.is_set()
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(5)
        assert not entered.is_set()
    thread.join(5)
    assert entered.is_set()
