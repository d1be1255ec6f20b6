"""What a builder is asked for: one build of one image, with everything that decides its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["BuildOrder", "GitSource"]


@dataclass(frozen=True, slots=True)
class GitSource:
    """A commit and what in it is built."""

    url: str
    """Of the repository: `https://`, `http://` or `ssh://`, without a password."""
    commit: str
    """The whole object id of the commit, 40 or 64 hex digits."""
    path: str = ""
    """The build context, relative to the root of the repository; empty is the root itself."""
    dockerfile: str = "Dockerfile"
    """The Dockerfile, relative to `path`."""
    target: str | None = None
    """The stage to build; None is the last one."""
    build_args: tuple[tuple[str, str], ...] = ()
    """Names and values, in the order in which the user wrote them."""
    platforms: tuple[str, ...] = ()
    """Such as `linux/amd64`; empty is the builder's own."""
    secret: str | None = None
    """Name of the Secret that opens the repository, in the namespace of the order; None for a public one."""
    secrets: tuple[str, ...] = ()
    """Names of Secrets there whose keys `RUN --mount=type=secret,id=KEY` may read."""


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """One build, complete: the same order leads to the same effect, however often it is given."""

    image_name: str
    """Name of the ManagedImage."""
    namespace: str
    """Its namespace."""
    uid: str
    """Its UID."""
    key: str
    """The key of the build (`slipway.build.key`)."""
    number: int
    """The number of the build among those of the image, from 1."""
    reference: str
    """Where the result is pushed to, with its tag: `registry.example.com/shop/api:1.4.0-7`."""
    bases: Mapping[str, str]
    """Every base as the Dockerfile writes it, with the digest that the build must use."""
    source: GitSource | None
    """What is built; None where the builder knows (a pipeline that checks out by itself)."""
    timeout: timedelta
    """How long the build may take."""
    requested_at: datetime
    """When this attempt was decided: another attempt is another run."""
    attempt: int = 1
    """Which attempt at this build it is."""
