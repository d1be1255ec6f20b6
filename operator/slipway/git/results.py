"""What is told about repositories and their commits. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from slipway.git.errors import InvalidResponse

__all__ = ["COMMIT_FORMAT", "Changes", "CommitInfo", "Unknown", "parse_commit", "parse_paths"]

COMMIT_FORMAT = "%H%x00%an%x00%ct%x00%s"
"""How `git log` is asked to print a commit for `parse_commit`."""


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit as people know it. The texts are what somebody wrote: data, never to be trusted."""

    id: str
    subject: str
    """First line of the message, at most 256 characters."""

    author: str
    """Name without the address, at most 128 characters."""

    committed_at: datetime
    """By the clock of whoever committed; in UTC."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Which paths changed cannot be told, so that it counts as a change of any."""

    why: str
    """A sentence for a message."""


Changes = frozenset[str] | Unknown
"""The paths that differ between two commits; renames are a path less and a path more."""


def parse_commit(output: bytes) -> CommitInfo:
    """The commit that `git log` printed as `COMMIT_FORMAT`.

    Raises:
        InvalidResponse: when it is something else.
    """
    fields = output.decode("utf-8", errors="replace").rstrip("\n").split("\0")
    try:
        identifier, author, seconds, subject = fields
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        msg = "the commit has no author or time that can be read"
        raise InvalidResponse(msg) from error
    return CommitInfo(identifier, _plain(subject, 256), _plain(author, 128), moment)


def parse_paths(output: bytes) -> frozenset[str]:
    """The paths that `git diff-tree --name-only -z` printed; bytes that are no UTF-8 become U+FFFD."""
    return frozenset(path.decode("utf-8", errors="replace") for path in output.split(b"\0") if path)


def _plain(text: str, limit: int) -> str:
    """The text without control characters, cut to a length."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:limit])
