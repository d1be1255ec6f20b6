"""An attempt is given to its builder, and it is kept in mind whether it may have been taken."""

from __future__ import annotations

from typing import Final

from slipway.build.builders.contract import Builder, Overseer, Run
from slipway.build.builders.errors import BuilderError
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.clock import Clock
from slipway.engine.key import Key
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.problems import unclear
from slipway.kube.errors import Forbidden, Invalid, KubeError, NameConflict, TooManyRequests

__all__ = ["Starter"]

_NOT_TAKEN: Final = (Forbidden, Invalid, TooManyRequests, NameConflict)
"""After these answers of the API server there is surely no Job; after all others, there may be one."""


class Starter:
    """Starts runs, each at most once."""

    def __init__(self, clock: Clock, dispatches: Dispatches) -> None:
        self._clock = clock
        self._dispatches = dispatches

    def may_be_there(self, key: Key, overseer: Overseer, order: BuildOrder) -> bool:
        """Whether a run that is not to be found may have been started: then it has to be looked for first."""
        if overseer.starts_once:
            return False
        return bool(self._dispatches.left(key, correlation_of(order), self._clock.now()))

    def is_idle(self, key: Key, order: BuildOrder) -> bool:
        """Whether surely nobody has been given this attempt."""
        return self._dispatches.is_unsent(key, correlation_of(order))

    async def start(self, key: Key, builder: Builder, order: BuildOrder) -> Run | None:
        """Start a run; None when it was taken, but is to be found only later.

        Raises:
            BuilderError, KubeError: it was not taken, or nobody knows; `is_idle` tells which.
        """
        was_idle = self.is_idle(key, order)
        self._sent(key, order)
        try:
            run = await builder.start(order)
        except BuilderError as error:
            # A refusal says nothing of what may have been sent before.
            self._not_taken(key, order, error, surely=was_idle and not error.may_have_arrived)
            raise
        except KubeError as error:
            self._not_taken(key, order, error, surely=await _is_not_there(builder, order, error))
            raise
        self._sent(key, order)
        return run

    def _sent(self, key: Key, order: BuildOrder) -> None:
        self._dispatches.sent(key, correlation_of(order), self._clock.now())

    def _not_taken(
        self, key: Key, order: BuildOrder, error: BuilderError | KubeError, *, surely: bool
    ) -> None:
        if surely:
            self._dispatches.unsent(key, correlation_of(order))
        else:
            self._sent(key, order)  # the answer was long in coming, or lost at the end of that time
        self._dispatches.refused(key, correlation_of(order), unclear(error))


async def _is_not_there(builder: Builder, order: BuildOrder, error: KubeError) -> bool:
    """Whether no Job was made; False as well where the API server does not tell."""
    if isinstance(error, _NOT_TAKEN):
        return True
    try:
        return await builder.find(order) is None
    except KubeError:
        return False
