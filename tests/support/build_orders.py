"""Build orders for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slipway.build.builders.job.settings import JobSettings
from slipway.build.builders.order import BuildOrder, GitSource

__all__ = ["ORDER", "SETTINGS", "SOURCE"]

SOURCE = GitSource(url="https://git.example.com/shop/api.git", commit="c0ffee" + "0" * 34, path="apps/api")

ORDER = BuildOrder(
    image_name="api",
    namespace="shop",
    uid="0a1b",
    key="95da7a0771b8ddd0184bfcea456f47d6",
    number=7,
    reference="registry.example.com/shop/api:1.4.0-7",
    bases={"python:3.12-slim": "sha256:" + "a" * 64},
    source=SOURCE,
    timeout=timedelta(minutes=30),
    requested_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
)

SETTINGS = JobSettings("registry.example.com/git:1", "registry.example.com/builder:1")
