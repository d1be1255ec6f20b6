"""Digests of which nothing can be told: they are not read anew at each look."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from slipway.oci.errors import (
    BlobNotFound,
    ManifestNotFound,
    PlatformNotFound,
    RegistryError,
    UnsupportedManifest,
)

__all__ = ["NO_IMAGE", "Undescribed"]

NO_IMAGE: Final = (ManifestNotFound, BlobNotFound, PlatformNotFound, UnsupportedManifest)
"""What a registry says of a digest that is no image, or no whole one."""

_FOR_GOOD: Final = (PlatformNotFound, UnsupportedManifest)
"""What follows from the content alone, which a digest names once for all."""

_REMEMBERED: Final = (*_FOR_GOOD, BlobNotFound)
"""A missing manifest is not among them: a choice waits for it, and takes it as soon as it is there."""

_MAY_COME: Final = timedelta(minutes=15)
"""For how long a part that is missing is not asked for again, which another push may bring."""

_MOST: Final = 10_000


class _Problem(NamedTuple):
    error: RegistryError
    until: datetime | None


class Undescribed:
    """Remembers them, the latest 10,000."""

    def __init__(self) -> None:
        self._problems: dict[Hashable, _Problem] = {}

    def raise_known(self, key: Hashable, now: datetime) -> None:
        """Raises what was found out about it, while that holds.

        Raises:
            RegistryError: one of `NO_IMAGE`.
        """
        known = self._problems.get(key)
        if known is not None and (known.until is None or now < known.until):
            raise known.error.with_traceback(None)

    def record(self, key: Hashable, error: RegistryError, now: datetime) -> None:
        """Remember what was found out, if it is of the sort that stays."""
        if not isinstance(error, _REMEMBERED):
            return
        self._problems.pop(key, None)
        self._problems[key] = _Problem(error, None if isinstance(error, _FOR_GOOD) else now + _MAY_COME)
        while len(self._problems) > _MOST:
            del self._problems[next(iter(self._problems))]
