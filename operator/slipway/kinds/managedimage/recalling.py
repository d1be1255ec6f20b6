"""Runs outside of the cluster are called back when their image is deleted: Jobs go with it by themselves."""

from __future__ import annotations

import asyncio
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.build.builders.contract import Run
from slipway.build.builders.errors import BuilderBusy, BuilderUnreachable, OrderRefused
from slipway.kinds.context import Context
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.builders import overseer_for
from slipway.kinds.managedimage.cancelling import Canceller, GoesOn, NotSeen
from slipway.kinds.managedimage.departure import Unrecalled
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.problems import PROBLEMS
from slipway.kube.errors import KubeError

__all__ = ["Recaller"]

_LONGEST: Final = 10.0
"""Seconds that one try takes at most: a deletion waits for it."""

_PASSING: Final = (BuilderUnreachable, BuilderBusy, OrderRefused)
"""What may be over a moment later; a person who deletes an image will hardly mend the rest for it."""


class Recaller:
    """Ends the run of an image that is about to go."""

    def __init__(self, context: Context, dispatches: Dispatches) -> None:
        self._context = context
        self._canceller = Canceller(context.clock, dispatches)

    async def recall(self, image: ManagedImage) -> Unrecalled | None:
        """One try; None when the run is asked to end, is over, or when there is none."""
        try:
            async with asyncio.timeout(_LONGEST):
                left = await self._cancel(image)
        except PROBLEMS as problem:
            return Unrecalled(problem.reason, str(problem), passes=isinstance(problem, _PASSING))
        except KubeError as error:
            return Unrecalled(error.reason, str(error), passes=True)
        except TimeoutError:
            return Unrecalled(Reason.TIMEOUT, f"no answer within {_LONGEST:g} s", passes=True)
        match left:
            case GoesOn(reason, message):
                return Unrecalled(reason, message, passes=False)
            case NotSeen():
                message = "it may have been started a moment ago, and is not to be seen yet"
                return Unrecalled(Reason.OUTCOME_UNKNOWN, message, passes=True)
            case None:
                return None

    async def _cancel(self, image: ManagedImage) -> GoesOn | NotSeen | None:
        build = builds.under_way(image.status.builds)
        assert build is not None
        overseer = await overseer_for(self._context, image, build)
        run = Run(build.run.id, build.run.url) if build.run is not None else None
        return await self._canceller.cancel(overseer, image, build, run)
