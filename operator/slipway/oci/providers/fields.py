"""Reads what APIs answer: of the entries of a list the names must be there, of details what makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from slipway.oci.digest import is_digest
from slipway.oci.providers.api import NotOffered
from slipway.oci.results import TagInfo

__all__ = [
    "Version",
    "agreed",
    "digest_in",
    "list_in",
    "moment_in",
    "name_in",
    "number_in",
    "objects_in",
    "text_in",
]

_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)  # what is older is a zero value, or made up
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class Version:
    """One digest, with the tags that point at it, as products have it that list by digest."""

    key: str
    """What tells it from all others."""

    tags: tuple[TagInfo, ...] = ()


def agreed(tags: Iterable[TagInfo]) -> dict[str, TagInfo]:
    """Tags by name; of one that is told with several digests nothing but the name is known.

    Products that gather several repositories under one name tell of each, and not which of them is served.
    """
    known: dict[str, TagInfo] = {}
    for tag in tags:
        other = known.setdefault(tag.name, tag)
        if other.digest != tag.digest:
            known[tag.name] = TagInfo(tag.name)
    return known


def list_in(body: Any, name: str | None = None) -> list[Any]:
    """The list that the body is, or has under a name.

    Raises:
        NotOffered: when there is none.
    """
    listed = body if name is None else body.get(name) if isinstance(body, dict) else None
    if not isinstance(listed, list):
        msg = f"an answer without a list{f' of {name}' if name else ''}"
        raise NotOffered(msg)
    return listed


def objects_in(body: Any, name: str | None = None) -> Iterator[dict[str, Any]]:
    """The entries of the list that the body is, or has under a name.

    Raises:
        NotOffered: when there is none, or one of them is no object.
    """
    for entry in list_in(body, name):
        if not isinstance(entry, dict):
            msg = "an answer with entries that are no objects"
            raise NotOffered(msg)
        yield entry


def name_in(entry: dict[str, Any], key: str) -> str:
    """A text that an entry cannot be without.

    Raises:
        NotOffered: when it has none.
    """
    value = entry.get(key)
    if not isinstance(value, str):
        msg = f"an answer whose entries have no {key}"
        raise NotOffered(msg)
    return value


def text_in(entry: dict[str, Any], key: str) -> str | None:
    """A text, where there is one."""
    value = entry.get(key)
    return value if isinstance(value, str) and value else None


def number_in(entry: dict[str, Any], key: str) -> int | None:
    """A whole number that is not negative, where there is one."""
    value = entry.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def digest_in(entry: dict[str, Any], key: str) -> str | None:
    """A digest, where there is one: what is none in canonical form is nothing to rely on."""
    value = entry.get(key)
    return value if isinstance(value, str) and is_digest(value) else None


def moment_in(entry: dict[str, Any], *keys: str) -> datetime | None:
    """The first of these fields that holds a time: RFC 3339, the form of HTTP dates, or seconds since 1970.

    Times without an offset are in UTC. The zero values of the products' languages are no times.
    """
    for key in keys:
        moment = _moment(entry.get(key))
        if moment is not None and moment > _EARLIEST:
            return moment
    return None


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            return _in_utc(
                datetime.fromisoformat(value) if value[:4].isdigit() else parsedate_to_datetime(value)
            )
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < _LATEST:
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
