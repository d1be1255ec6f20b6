"""Archives are written, and objects are held and let go."""

from __future__ import annotations

from slipway.kinds.context import Context
from slipway.kinds.managedimage.departure import (
    ArchiveAction,
    FinalizersAction,
    Leaving,
    Refusal,
    Unheld,
)
from slipway.kinds.managedimage.leaving import after_archiving
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kube.errors import AlreadyExists, Conflict, KubeError, NamespaceTerminating, Unreachable
from slipway.kube.resources import CONFIGMAPS

__all__ = ["Archivist"]


class Archivist:
    """Does what plans about leaving call for: first the archive, then the finalizer.

    After a crash between the two the archive is found as it is to be.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    async def apply(self, facts: Leaving | Unheld, plan: ImagePlan) -> ImagePlan:
        """Bring about what a plan calls for.

        Raises:
            Conflict: the object, or the archive, is another one than was read.
            KubeError: the finalizers could not be changed; it is tried again.
        """
        if isinstance(facts, Leaving) and isinstance(plan.actions, ArchiveAction):
            refusal = await self._write(facts, plan.actions)
            plan = after_archiving(facts, refusal, self._context.clock.now())
        if isinstance(plan.actions, FinalizersAction):
            await self._context.children.finalizers.give(facts.observed, plan.actions.finalizers)
        return plan

    async def _write(self, facts: Leaving, action: ArchiveAction) -> Refusal | None:
        try:
            await self._put(facts, action)
        except (Conflict, Unreachable):
            # Nobody refused anything: the archive may have been written.
            raise
        except AlreadyExists as error:
            # Whose it is has to be looked at.
            raise Conflict(error.message, status=error.status) from error
        except NamespaceTerminating as error:
            return Refusal(error.message, namespace_goes=True)
        except KubeError as error:
            return Refusal(error.message)
        return None

    async def _put(self, facts: Leaving, action: ArchiveAction) -> None:
        kube, namespace = self._context.kube, facts.observed.key.namespace
        if action.replaces is None:
            await kube.create(CONFIGMAPS, namespace, action.archive)
            return
        # The UID keeps the write from whatever took the place of our archive meanwhile.
        metadata = {**action.archive["metadata"], "uid": action.replaces}
        body = {**action.archive, "metadata": metadata}
        await kube.apply(CONFIGMAPS, namespace, metadata["name"], body)
