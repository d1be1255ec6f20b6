"""When an image was built, by its own word (image-spec annotations.md and config.md, label-schema.org)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["annotated_creation", "believed", "creation", "from_milliseconds"]

_KEYS: Final = ("org.opencontainers.image.created", "org.label-schema.build-date")
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
# Reproducible builds write 1970 (SOURCE_DATE_EPOCH=0), 1980 (where zip archives begin) or Go's year 1.
_LAST_YEAR_OF_MAKE_BELIEVE: Final = 1980


def creation(text: str | None) -> datetime | None:
    """The moment in a text, in UTC; None when it is none, or the date of reproducible builds.

    Times without an offset are taken for UTC.
    """
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return believed(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def annotated_creation(annotations: Mapping[str, object] | None) -> datetime | None:
    """The moment that annotations or labels name; None when they name none that is believed."""
    for key in _KEYS:
        text = (annotations or {}).get(key)
        moment = creation(text) if isinstance(text, str) else None
        if moment is not None:
            return moment
    return None


def from_milliseconds(text: object) -> datetime | None:
    """The moment that is so many milliseconds after 1970, written in decimal digits; None when it is none."""
    digits = str(text)
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 15:
        return None
    try:
        return believed(_EPOCH + timedelta(milliseconds=int(digits)))
    except OverflowError:
        return None


def believed(moment: datetime) -> datetime | None:
    """The moment in UTC; None when it is one of those that builds give so that they are reproducible."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment.year > _LAST_YEAR_OF_MAKE_BELIEVE else None
