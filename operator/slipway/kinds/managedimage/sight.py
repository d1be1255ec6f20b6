"""A look at the build under way: its run, and what it pushed."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Builder, Run
from slipway.build.builders.errors import RunUnidentified
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.build.evidence import Doubt, is_unchanged, verify_adopted
from slipway.build.rebase.load import load_image
from slipway.build.rebase.place import Place
from slipway.build.rebase.refusal import RebaseRefusedError
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders import builder_for
from slipway.kinds.managedimage.builds import repository_of
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.disputes import find_disputes
from slipway.kinds.managedimage.facts import KnownBase, NotStarted, Pushed, Running, Sight
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.problems import PROBLEMS, unclear
from slipway.kinds.managedimage.source import base_place, image_client, image_place
from slipway.kinds.managedimage.view import managed_image_key
from slipway.oci.errors import ManifestNotFound

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
        builder = await builder_for(context, image, build)
        return await _Looking(context, image, build, bases, builder, dispatches).look()
    except PROBLEMS as problem:
        return unclear(problem)


@dataclass(frozen=True, slots=True)
class _Looking:
    """One look at one build."""

    context: Context
    image: ManagedImage
    build: Build
    bases: tuple[KnownBase, ...]
    builder: Builder
    dispatches: Dispatches

    async def look(self) -> Sight:
        """How the build goes."""
        order = order_of(self.image, self.build)
        known = self.build.run
        if known is not None:
            return await self._follow(order, Run(known.id, known.url))
        try:
            run = await self._find(order)
        except RunUnidentified:
            result = await self._result(None, None)  # what was pushed needs no run to be told by
            if result is None:
                raise
            return result
        if run is not None:
            return await self._follow(order, run)
        # An earlier attempt, or a run that is gone without a trace, may have pushed all the same.
        return await self._result(None, None) or NotStarted()

    async def _find(self, order: BuildOrder) -> Run | None:
        """The run, where there may be one: servers are not asked for what was surely not sent to them."""
        key = managed_image_key(order.namespace, order.image_name)
        if not self.builder.starts_once and self.dispatches.is_unsent(key, correlation_of(order)):
            return None
        return await self.builder.find(order)

    async def _follow(self, order: BuildOrder, run: Run) -> Sight:
        match await self.builder.look(order, run):
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
        if repository_of(self.build.reference) != self.image.spec.image.repository:
            return None  # the spec names another place by now, and what is there is not of this build
        place = image_place(await image_client(self.context, self.image), self.image)
        try:
            digest = told or await self._tagged(place)
            doubt = await self._doubt(place, digest)
            is_unchanged = await self._is_unchanged(place, digest)
            disputes = await find_disputes(self.context, self.image, self.build, digest)
            return Pushed(digest, doubt, is_unchanged, disputes, run)
        except ManifestNotFound:
            return None

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
            where = await base_place(self.context, self.image, used.reference, registry)
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
