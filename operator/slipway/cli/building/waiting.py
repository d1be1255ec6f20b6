"""Waits until a request has come to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase, ManagedImage
from slipway.cli.building.reading import Cluster
from slipway.cli.errors import Refused
from slipway.cli.output import state_line
from slipway.clock import format_time
from slipway.kinds.managedimage.words import REBUILD

__all__ = ["Waiting", "can_be_ended", "wait_for_cancel", "wait_for_rebuild"]

_GOOD: Final = frozenset({BuildPhase.SUCCEEDED, BuildPhase.UNCHANGED})
_NOTHING_TO_DO: Final = "AlreadyCurrent"
_STARTED: Final = "Started"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How it is waited."""

    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits for some seconds."""

    seconds: float = 1.0
    """Between two looks."""


async def wait_for_rebuild(cluster: Cluster, name: str, moment: datetime, waiting: Waiting) -> None:
    """Wait until the build that was asked for has ended.

    Args:
        cluster: where the image is.
        name: of the ManagedImage.
        moment: the time of the request.
        waiting: how.

    Raises:
        Refused: when it did not succeed, or the request led to no build.
    """
    with state_line() as show:
        while True:
            image = await cluster.image(name)
            if _is_done(image, moment, show):
                return
            await waiting.pause(waiting.seconds)


async def wait_for_cancel(cluster: Cluster, name: str, number: int, waiting: Waiting) -> None:
    """Wait until a build has ended.

    Args:
        cluster: where the image is.
        name: of the ManagedImage.
        number: of the build.
        waiting: how.

    Raises:
        Refused: when it was not cancelled, but ended by itself.
    """
    with state_line() as show:
        while True:
            image = await cluster.image(name)
            build = next((one for one in image.status.builds if one.number == number), None)
            if build is None or not can_be_ended(image, build):
                break
            show(_state(build))
            await waiting.pause(waiting.seconds)
        show(f"Build {number} has ended" if build is None else _state(build))
    if build is not None and build.phase != BuildPhase.CANCELLED:
        msg = f"Build {number} ended before it could be cancelled: {_ended(build)}"
        raise Refused(msg)


def can_be_ended(image: ManagedImage, build: Build) -> bool:
    """Whether a build is under way, or between two attempts."""
    return build.phase == BuildPhase.BUILDING or _is_tried_again(image, build)


def _is_done(image: ManagedImage, moment: datetime, show: Callable[[str], None]) -> bool:
    result = _result(image, moment)
    if result is None:
        show(_due(image))
        return False
    if result == _NOTHING_TO_DO:
        show(f"ManagedImage {image.metadata.name} is current: there was nothing to build")
        return True
    build = _build_of(image, moment)
    if result != _STARTED or build is None:
        msg = f"The request led to no build: its result is {result}"
        raise Refused(msg)
    show(_state(build))
    if build.phase == BuildPhase.BUILDING or _is_tried_again(image, build):
        return False
    if build.phase in _GOOD:
        return True
    msg = f"Build {build.number} did not succeed: {_ended(build)}"
    raise Refused(msg)


def _result(image: ManagedImage, moment: datetime) -> str | None:
    """What became of the request, or of one that came after it; None before that."""
    handled = image.status.handled_requests
    return next((one.result for one in handled if one.verb == REBUILD and one.at >= moment), None)


def _build_of(image: ManagedImage, moment: datetime) -> Build | None:
    """The build that was begun for it; the newest one, where its reasons had to give way."""
    builds = sorted(image.status.builds, key=lambda build: build.number, reverse=True)
    told = f" at {format_time(moment)}"
    for build in builds:
        if any(reason.type == "Request" and told in reason.detail for reason in build.reasons):
            return build
    return next(iter(builds), None)


def _is_tried_again(image: ManagedImage, build: Build) -> bool:
    """Whether another attempt at a build that failed is due."""
    tried = image.status.rebuild.tried if image.status.rebuild else ()
    is_due = image.status.phase in {"Building", "Waiting", "Queued"} and build.reason != Reason.SUPERSEDED
    return build.phase == BuildPhase.FAILED and build.key not in tried and is_due


def _due(image: ManagedImage) -> str:
    rebuild = image.status.rebuild
    told = rebuild.message if rebuild and rebuild.message else "the operator has not seen the request yet"
    return f"{image.status.phase or 'Unknown'}: {told}"


def _state(build: Build) -> str:
    attempt = f", attempt {build.attempts}" if (build.attempts or 1) > 1 else ""
    return f"Build {build.number}{attempt}: {build.phase}"


def _ended(build: Build) -> str:
    why = f" ({build.reason}): {build.message}" if build.reason and build.message else ""
    return f"it is {build.phase}{why}"
