"""A look at the build under way: its run, and what it pushed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Overseer, Run
from slipway.build.builders.errors import RunUnidentified
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.build.evidence import Doubt, is_marked, is_unchanged, verify_adopted
from slipway.build.rebase.load import load_image
from slipway.build.rebase.place import Place
from slipway.build.rebase.refusal import RebaseRefusedError
from slipway.engine.key import Key
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders import overseer_for
from slipway.kinds.managedimage.builds import repository_of
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.disputes import find_disputes
from slipway.kinds.managedimage.facts import KnownBase, NotStarted, Pushed, Running, Sight, TagTaken
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.problems import PROBLEMS, unclear
from slipway.kinds.managedimage.reading import Reading
from slipway.kinds.managedimage.told import is_told_by_itself, read_told
from slipway.kinds.managedimage.view import managed_image_key
from slipway.oci.errors import (
    ContentTooLarge,
    DigestMismatch,
    ManifestNotFound,
    NotFound,
    UnsupportedManifest,
)

__all__ = ["look_at_build"]


async def look_at_build(
    context: Context,
    image: ManagedImage,
    build: Build,
    bases: tuple[KnownBase, ...],
    dispatches: Dispatches,
) -> Sight:
    """How the build under way goes; where it is over, what it pushed and what that proves.

    Raises:
        KubeError: when the API server does not answer.
    """
    try:
        overseer = await overseer_for(context, image, build)
        reading = Reading(context, image)
        return await _Looking(context, image, build, bases, overseer, dispatches, reading).look()
    except PROBLEMS as problem:
        order = order_of(image, build)
        is_unsent = dispatches.is_unsent(_key(order), correlation_of(order))
        return replace(unclear(problem), is_unsent=is_unsent)


@dataclass(frozen=True, slots=True)
class _Looking:
    """One look at one build."""

    context: Context
    image: ManagedImage
    build: Build
    bases: tuple[KnownBase, ...]
    overseer: Overseer
    dispatches: Dispatches
    reading: Reading

    async def look(self) -> Sight:
        """How the build goes."""
        order = order_of(self.image, self.build)
        known = self.build.run
        if known is not None:
            return await self._follow(order, Run(known.id, known.url))
        try:
            run = await self._find(order)
        except RunUnidentified:
            # What is proven to be of the build needs no run to be told by.
            found = await self._without_run(order)
            if isinstance(found, Pushed):
                return found
            raise
        return await self._without_run(order) if run is None else await self._follow(order, run)

    async def _without_run(self, order: BuildOrder) -> Sight:
        """What the tag of the build tells: an earlier attempt, or a run that is gone, may have pushed it.

        So may have a stranger, before anything was started; what is not proven to be of the build is not.
        """
        if not self._is_in_place():
            return self._not_started(order)
        try:
            digest = await self._tagged(await self._place())
        except ManifestNotFound:
            return self._not_started(order)
        is_ours = self._was_sent(order) or await self._is_marked(digest)
        return (await self._result(None, digest) if is_ours else None) or TagTaken()

    def _was_sent(self, order: BuildOrder) -> bool:
        """Whether this process gave the order, which it does only while the tag is free."""
        return self.dispatches.was_sent(_key(order), correlation_of(order))

    def _not_started(self, order: BuildOrder) -> NotStarted:
        return NotStarted(self.dispatches.refusal(_key(order), correlation_of(order)))

    async def _is_marked(self, digest: str) -> bool:
        try:
            return is_marked(await load_image(await self._place(), digest), self.build.key)
        except (RebaseRefusedError, NotFound, UnsupportedManifest, DigestMismatch, ContentTooLarge):
            return False  # nothing that a build pushes

    async def _find(self, order: BuildOrder) -> Run | None:
        """The run, where there may be one: nobody is asked for what was surely not given to them."""
        is_unsent = self.dispatches.is_unsent(_key(order), correlation_of(order))
        return None if is_unsent else await self.overseer.find(order)

    async def _follow(self, order: BuildOrder, run: Run) -> Sight:
        match run.progress or await self.overseer.look(order, run):
            case contract.Succeeded(digest):
                return await self._result(run, digest) or Running(run, self._missing())
            case contract.Unknown() as unknown:
                return await self._result(run, None) or Running(run, unknown)
            case progress:
                return Running(run, progress)

    def _missing(self) -> contract.Failed:
        message = f"The build says that it succeeded, and the registry has no {self.build.reference}"
        return contract.Failed(Reason.RESULT_MISSING, message, is_infrastructure=True)

    async def _result(self, run: Run | None, told: str | None) -> Pushed | None:
        """What was pushed and what that proves; None where there is nothing that is looked for."""
        if not self._is_in_place():
            return None
        place = await self._place()
        try:
            digest = told or await self._tagged(place)
            doubt = await self._doubt(place, digest)
            is_unchanged = await self._is_unchanged(place, digest)
            if is_told_by_itself(self.image):
                said = await read_told(self.context, self.image, digest)
                return Pushed(digest, doubt, is_unchanged, said.disputes, run, said)
            disputes = await find_disputes(self.reading, self.build, digest)
            return Pushed(digest, doubt, is_unchanged, disputes, run)
        except ManifestNotFound:
            return None

    def _is_in_place(self) -> bool:
        """Whether the spec still names the place of the build: what is elsewhere is not of it."""
        return repository_of(self.build.reference) == self.image.spec.image.repository

    async def _place(self) -> Place:
        return await self.reading.image_place()

    async def _tagged(self, place: Place) -> str:
        """What the tag of the build points to."""
        return (await place.client.head_manifest(place.path, self.build.reference.rpartition(":")[2])).digest

    async def _doubt(self, place: Place, digest: str) -> Doubt | None:
        """Why the result is not proven to stand on the base that it was built with."""
        if self.image.spec.verify.base_adopted == "Ignore":
            return None
        for used in self.build.bases:
            if not self._is_stood_on(used.reference):
                continue
            base = next((known for known in self.bases if known.reference == used.reference), None)
            registry = base.registry if base else None
            where = await self.reading.base_place(used.reference, registry)
            doubt = await verify_adopted(place, digest, where, used.digest)
            if doubt is not None:
                return doubt
        return None

    def _is_stood_on(self, reference: str) -> bool:
        """Whether the layers of the image begin with those of this base."""
        uses = next((known.uses for known in self.image.status.bases if known.reference == reference), ())
        return not uses or any(use.kind == "Final" for use in uses)

    async def _is_unchanged(self, place: Place, digest: str) -> bool:
        """Whether it is the image of before, but for times."""
        before = self.image.status.image
        if before is None or repository_of(before.reference) != self.image.spec.image.repository:
            return False
        if before.digest == digest:
            return True
        try:
            return is_unchanged(await load_image(place, before.digest), await load_image(place, digest))
        except (ManifestNotFound, RebaseRefusedError):
            return False


def _key(order: BuildOrder) -> Key:
    return managed_image_key(order.namespace, order.image_name)
