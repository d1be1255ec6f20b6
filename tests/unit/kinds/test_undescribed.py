from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.kinds.undescribed import NO_IMAGE, Undescribed
from slipway.oci.errors import (
    BlobNotFound,
    ManifestNotFound,
    PlatformNotFound,
    RegistryError,
    RegistryUnreachable,
    UnsupportedManifest,
)
from tests.unit.engine.support import START

YEAR = timedelta(days=365)


def is_known(undescribed: Undescribed, key: str, after: timedelta) -> bool:
    """Whether it is told so much later, without being asked for."""
    try:
        undescribed.raise_known(key, START + after)
    except NO_IMAGE:
        return True
    return False


@pytest.mark.parametrize("kind", [PlatformNotFound, UnsupportedManifest])
def test_what_the_content_says_holds_for_good(kind: type[RegistryError]) -> None:
    """A digest never names anything else."""
    undescribed = Undescribed()
    undescribed.record("one", kind("it is a chart"), START)

    assert is_known(undescribed, "one", YEAR)
    assert not is_known(undescribed, "other", YEAR)


def test_a_missing_part_is_asked_for_again_after_a_while() -> None:
    """Another push may have brought it."""
    kind = BlobNotFound
    undescribed = Undescribed()
    undescribed.record("one", kind("no such blob"), START)

    assert is_known(undescribed, "one", timedelta(minutes=14))
    assert not is_known(undescribed, "one", timedelta(minutes=16))
    undescribed.record("one", kind("no such blob"), START + timedelta(minutes=16))
    assert is_known(undescribed, "one", timedelta(minutes=30))


@pytest.mark.parametrize("kind", [ManifestNotFound, RegistryUnreachable])
def test_what_may_be_there_in_a_moment_is_not_remembered(kind: type[RegistryError]) -> None:
    """It is asked for again: a choice waits for it."""
    undescribed = Undescribed()
    undescribed.record("one", kind("not now"), START)

    assert not is_known(undescribed, "one", timedelta(0))


def test_the_oldest_are_forgotten_first() -> None:
    """So that it does not grow with everything that was ever pushed."""
    undescribed = Undescribed()
    for number in range(10_001):
        undescribed.record(str(number), UnsupportedManifest("a chart"), START)

    assert not is_known(undescribed, "0", YEAR)
    assert is_known(undescribed, "1", YEAR)
    assert is_known(undescribed, "10000", YEAR)
