from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slipway.git.errors import InvalidResponse
from slipway.git.results import CommitInfo, parse_commit, parse_paths

ID = "a" * 40


def test_a_commit_is_told_by_subject_author_and_time() -> None:
    """In UTC, whatever the committer's zone was."""
    output = f"{ID}\0Ann\x000\0Sell more\n".encode()

    assert parse_commit(output) == CommitInfo(ID, "Sell more", "Ann", datetime(1970, 1, 1, tzinfo=UTC))


def test_what_people_wrote_is_made_harmless() -> None:
    """No terminal sequence, no text of a megabyte, no byte that is no UTF-8 gets into a status."""
    info = parse_commit(f"{ID}\0\x1b[31mAnn\x000\0{'x' * 999}\n".encode() + b"\xff")

    assert info.author == " [31mAnn"
    assert info.subject == "x" * 256


@pytest.mark.parametrize(
    "output", [b"", b"\0\0\0", b"a\0b\0never\0c", b"a\0b\x0099999999999999999\0c", b"a\0b\x000"]
)
def test_a_commit_that_cannot_be_read_is_no_commit(output: bytes) -> None:
    """Not even one with a time beyond all calendars."""
    with pytest.raises(InvalidResponse, match="that can be read"):
        parse_commit(output)


def test_paths_come_as_they_are() -> None:
    """With spaces, quotes and line breaks; what is no UTF-8 is still a path."""
    assert parse_paths(b'a b\0"q"\nx\0\xff\0') == frozenset({"a b", '"q"\nx', "\ufffd"})
    assert parse_paths(b"") == frozenset()
