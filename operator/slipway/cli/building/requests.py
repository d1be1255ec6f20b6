"""`slipway rebuild` and `slipway cancel`: asks for a build, or for the end of one."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta

from slipway.api.managedimage import Build, ManagedImage
from slipway.cli.building.logs import chosen_build
from slipway.cli.building.reading import Cluster
from slipway.cli.building.waiting import Waiting, can_be_ended, wait_for_cancel, wait_for_rebuild
from slipway.cli.errors import Refused
from slipway.cli.output import say
from slipway.cli.plain import printable
from slipway.clock import Clock, format_time
from slipway.engine.requests import REASON, parse_request
from slipway.engine.view import REQUEST_PREFIX
from slipway.kinds.managedimage.builds import under_way
from slipway.kinds.managedimage.words import CANCEL, REBUILD

__all__ = ["ask_for_cancel", "ask_for_rebuild", "time_of_asking"]

_SECOND = timedelta(seconds=1)


async def ask_for_rebuild(
    cluster: Cluster, name: str, reason: str, clock: Clock, waiting: Waiting | None = None
) -> None:
    """Ask for a build, and perhaps wait until it has ended.

    Args:
        cluster: where the image is.
        name: of the ManagedImage.
        reason: why, for those who look later; may be empty.
        clock: tells the time of asking.
        waiting: how to wait; None not to.

    Raises:
        Refused: when it can lead to no build, or the build that was waited for did not succeed.
    """
    image = await cluster.image(name)
    if image.spec.role != "Managed":
        msg = f"ManagedImage {name} has role {image.spec.role}: it is only tracked, and built elsewhere"
        raise Refused(msg)
    if image.spec.suspend:
        _suspended(name, waits=waiting is not None)
    moment = time_of_asking(image, REBUILD, clock.now())
    words = " ".join(reason.split())
    await _ask(cluster, image, REBUILD, moment, (f"{REASON}={words}",) if words else ())
    sys.stdout.write(f"A build of ManagedImage {printable(name)} was asked for at {format_time(moment)}\n")
    if waiting is not None:
        await wait_for_rebuild(cluster, name, moment, waiting)


async def ask_for_cancel(
    cluster: Cluster, name: str, number: int | None, clock: Clock, waiting: Waiting | None = None
) -> None:
    """Ask for the end of a build under way, or between two attempts, and perhaps wait until it has come.

    Args:
        cluster: where the image is.
        name: of the ManagedImage.
        number: of the build; None for the one that is under way, or would be tried again.
        clock: tells the time of asking.
        waiting: how to wait; None not to.

    Raises:
        Refused: when it is not under way, or it ended otherwise while it was waited for.
    """
    image = await cluster.image(name)
    build = _to_cancel(image, number)
    moment = time_of_asking(image, CANCEL, clock.now())
    await _ask(cluster, image, CANCEL, moment, (f"build={build.number}",))
    sys.stdout.write(f"The end of build {build.number} was asked for at {format_time(moment)}\n")
    if waiting is not None:
        await wait_for_cancel(cluster, name, build.number, waiting)


def time_of_asking(image: ManagedImage, verb: str, now: datetime) -> datetime:
    """Now, in whole seconds; later where the object, or its last request, is no earlier.

    Args:
        image: as it was read.
        verb: what is asked for.
        now: by our clock.
    """
    earlier = [image.metadata.creation_timestamp]
    earlier += [request.at for request in image.status.handled_requests if request.verb == verb]
    earlier.append(_pending(image, verb))
    moments = [moment.replace(microsecond=0) + _SECOND for moment in earlier if moment is not None]
    return max(now.replace(microsecond=0), *moments) if moments else now.replace(microsecond=0)


def _pending(image: ManagedImage, verb: str) -> datetime | None:
    """The time of what was asked for before; None where nothing can be read."""
    value = image.metadata.annotations.get(REQUEST_PREFIX + verb)
    try:
        return parse_request(verb, value).at if value else None
    except ValueError:
        return None


async def _ask(
    cluster: Cluster, image: ManagedImage, verb: str, moment: datetime, words: Iterable[str]
) -> None:
    value = " ".join((format_time(moment), *words))
    try:
        parse_request(verb, value)
    except ValueError as error:
        msg = f"This cannot be asked for: {error}"
        raise Refused(msg) from error
    await cluster.annotate(image, REQUEST_PREFIX + verb, value)


def _suspended(name: str, *, waits: bool) -> None:
    told = f"ManagedImage {name} is suspended: no build begins until spec.suspend is false"
    if waits:
        msg = f"{told}. Nothing was asked for, as --wait would not end"
        raise Refused(msg)
    say(f"{told}.")


def _to_cancel(image: ManagedImage, number: int | None) -> Build:
    name = image.metadata.name
    if number is not None:
        build = chosen_build(image, number)
        if not can_be_ended(image, build):
            msg = f"Build {number} of ManagedImage {name} is not under way: it is {build.phase}"
            raise Refused(msg)
        return build
    newest = image.status.builds[:1]
    found = under_way(image.status.builds) or next((one for one in newest if can_be_ended(image, one)), None)
    if found is None:
        phase = image.status.phase or "not known yet"
        msg = f"No build of ManagedImage {name} is under way: its phase is {phase}"
        raise Refused(msg)
    return found
