"""What build Jobs are made of wherever they run: images, daemon, limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from slipway.build.builders.job.registries import JobRegistry

__all__ = ["JobSettings"]


@dataclass(frozen=True, slots=True)
class JobSettings:
    """One way to run build Jobs."""

    git_image: str
    """Has the command `clone`; `images/git-clone`."""

    builder_image: str
    """Has the command `build`; `images/builder-buildah`, or `images/builder-buildkit` with a daemon."""

    buildkit_address: str | None = None
    """`tcp://host:port` of a BuildKit daemon; None builds in the Job itself, with buildah."""

    resources: Mapping[str, Any] = field(default_factory=dict)
    """`requests` and `limits` of both containers."""

    ttl: timedelta = timedelta(hours=1)
    """How long a Job stays when it has ended."""

    registries: tuple[JobRegistry, ...] = ()
    """Those that are to be opened in a way of their own; that of the result is the last."""

    cache: str | None = None
    """A repository that keeps layers from build to build: `registry.example.com/shop/api-cache`."""
