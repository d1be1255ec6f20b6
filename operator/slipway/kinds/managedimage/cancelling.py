"""Runs are called back from their builders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from slipway.api.base import parse_duration
from slipway.api.managedimage import Build, BuildPhase, ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Overseer, Run
from slipway.build.builders.errors import NotOffered, RunUnidentified, TargetMissing
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.clock import Clock
from slipway.engine.key import Key
from slipway.engine.outcome import Waiting
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.orders import configuration_of, order_of
from slipway.kinds.managedimage.underway import SLACK
from slipway.kinds.managedimage.view import managed_image_key
from slipway.kinds.managedimage.words import BUILD

__all__ = ["Canceller", "GoesOn", "NotSeen", "given_up"]

_PAUSE: Final = timedelta(minutes=1)
"""How often a run is looked at that cannot be ended from here."""

_GOOD: Final = frozenset({BuildPhase.SUCCEEDED, BuildPhase.UNCHANGED})


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Nobody here can end the run."""

    reason: str
    message: str
    """Follows `Build 3 has ended here, but`."""


@dataclass(frozen=True, slots=True)
class NotSeen:
    """A run may have been started, and is not to be seen yet: what cannot be seen cannot be ended."""


class Canceller:
    """Ends the runs of builds that are wanted no more."""

    def __init__(self, clock: Clock, dispatches: Dispatches) -> None:
        self._clock = clock
        self._dispatches = dispatches

    async def cancel(
        self, overseer: Overseer, image: ManagedImage, build: Build, run: Run | None
    ) -> GoesOn | NotSeen | None:
        """End the run of a build; None when it is asked to end, is over, or when there is none.

        Args:
            overseer: who looks after the build.
            image: as it was read.
            build: what is called back.
            run: who works on it, as far as that is known.

        Raises:
            BuilderError: the builder cannot be asked now.
            KubeError: the API server does not answer.
        """
        order = order_of(image, build)
        try:
            found = await self._run(overseer, image, build, run)
            if found is not None:
                await overseer.cancel(order, found)
            elif self._may_be_there(overseer, image, order):
                return NotSeen()
        except TargetMissing:
            return None
        except (NotOffered, RunUnidentified) as error:
            return GoesOn(error.reason, f"its run may go on: {error}")
        return None

    async def ensure_ended(self, overseer: Overseer, image: ManagedImage, build: Build) -> Waiting | None:
        """Call back the run of a build that was given up unheard; why it still has to be waited for.

        Raises:
            BuilderError, KubeError: as `cancel` says.
        """
        if not _is_of_spec(image, build):
            return None  # where it ran is not known any more
        run = Run(build.run.id, build.run.url) if build.run is not None else None
        left = await self.cancel(overseer, image, build, run)
        if not isinstance(left, GoesOn) or run is None:
            return None
        progress = await overseer.look(order_of(image, build), run)
        if not isinstance(progress, contract.Pending | contract.Running):
            return None
        message = f"Build {build.number} was given up, and {left.message}; another one begins when it is over"
        return Waiting(left.reason, message, _PAUSE, is_trouble=True)

    async def _run(
        self, overseer: Overseer, image: ManagedImage, build: Build, run: Run | None
    ) -> Run | None:
        """The run of the order, where there may be one."""
        if run is not None:
            return run
        order = order_of(image, build)
        is_unsent = self._dispatches.is_unsent(_key(image), correlation_of(order))
        return None if is_unsent and not overseer.starts_once else await overseer.find(order)

    def _may_be_there(self, overseer: Overseer, image: ManagedImage, order: BuildOrder) -> bool:
        """Whether a run that is not to be found may have been started a moment ago."""
        if overseer.starts_once:
            return False
        return bool(self._dispatches.left(_key(image), correlation_of(order), self._clock.now()))


def given_up(image: ManagedImage) -> Build | None:
    """The newest build, if its last attempt ended only when its time was over: its run may go on."""
    builds: Sequence[Build] = image.status.builds
    newest = builds[0] if builds else None
    if newest is None or newest.finished_at is None or image.spec.build is None:
        return None
    if newest.method != BUILD or newest.phase in _GOOD:
        return None
    limit = parse_duration(image.spec.build.timeout) + SLACK
    return newest if newest.finished_at - newest.started_at >= limit else None


def _is_of_spec(image: ManagedImage, build: Build) -> bool:
    return image.spec.build is not None and build.configuration == configuration_of(image.spec)


def _key(image: ManagedImage) -> Key:
    return managed_image_key(image.metadata.namespace, image.metadata.name)
