"""Images, and a clock whose wall time can be set, that the tests of the cache share."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from typing_extensions import override

from slipway.oci.results import ImageInfo
from tests.unit.engine.support import START, ManualClock

HOST = "registry.example.com:5000"
REPOSITORY = "shop/api"


class SettableClock(ManualClock):
    """A clock that stands still until it is moved, and whose wall time somebody may set."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    @override
    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)


def digest(name: str) -> str:
    """A digest that belongs to a name."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def image(name: str) -> ImageInfo:
    """An image with something in every field."""
    return ImageInfo(
        digest(name),
        "application/vnd.oci.image.index.v1+json",
        platforms=(("linux/amd64", digest(f"{name} amd64")), ("linux/arm/v7", digest(f"{name} arm"))),
        created_at=START,
        labels={"org.opencontainers.image.version": name},
        layers=(digest("base"), digest(f"{name} layer")),
        size=73_400_320,
    )
