"""Rebases are carried out, and the tags of what is promoted are moved."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

from slipway.api.managedimage import ManagedImage
from slipway.build.evidence.adopted import verify_adopted
from slipway.build.rebase.execute import RebaseOrder, TagTakenError, prepare, publish
from slipway.build.rebase.floating import point_tags
from slipway.build.rebase.place import Place, Places
from slipway.build.rebase.recipe import Recipe
from slipway.build.rebase.refusal import Refusal
from slipway.engine.outcome import Waiting
from slipway.git.errors import GitError
from slipway.kinds.context import Context
from slipway.kinds.managedimage.conclude import conclude, is_overtaken, result_is_gone
from slipway.kinds.managedimage.dockerfile import read_recipe
from slipway.kinds.managedimage.facts import (
    Built,
    Facts,
    GivenUp,
    NumberTaken,
    PromoteAction,
    RebaseAction,
    RebaseResult,
    Refused,
)
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.source import base_place, image_client, image_place, next_number
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.credentials import SecretUnavailable
from slipway.oci.errors import (
    ContentTooLarge,
    DigestMismatch,
    ManifestNotFound,
    NotFound,
    RegistryError,
    UnsupportedManifest,
)

__all__ = ["Rebaser"]

_RETRY: Final = timedelta(seconds=60)
"""When a git host that did not answer is asked again."""

_TURN: Final = timedelta(seconds=1)
"""When a build that found no room looks again."""


class Rebaser:
    """Does the rebases that plans call for, a few at a time: layers may take minutes, and others wait too."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._room = asyncio.Semaphore(max(1, context.settings.workers // 4))

    async def apply(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        """Bring about what a plan calls for, if anything, and conclude the plan from what came of it.

        A crash at any point is harmless: a build stays recorded, and what is promoted is recorded only
        afterwards. The next run does the same again, which finds what is in the registry already.

        Raises:
            AccessProblem, RegistryError, KubeError: what failed is no fault of the build; it is tried again.
        """
        match plan.actions:
            case RebaseAction():
                return await self._rebase(facts, plan, plan.actions)
            case PromoteAction():
                return await self._promote(facts, plan, plan.actions)
            case _:
                return plan

    async def _rebase(self, facts: Facts, plan: ImagePlan, action: RebaseAction) -> ImagePlan:
        if self._room.locked():
            assert isinstance(plan.outcome, Waiting)
            return replace(plan, outcome=replace(plan.outcome, until=_TURN), actions=None)
        try:
            async with self._room:
                result = await self._result(facts, action)
        except (GitError, SecretUnavailable) as error:
            waiting = Waiting(error.reason, str(error), _RETRY, is_trouble=True)
            return replace(plan, outcome=waiting, actions=None)
        return conclude(facts, plan, result, self._context.clock.now())

    async def _promote(self, facts: Facts, plan: ImagePlan, action: PromoteAction) -> ImagePlan:
        place = image_place(await image_client(self._context, facts.image), facts.image)
        try:
            # Tags that are moved, or are there already, show that the manifest is.
            if not action.floating_tags:
                await place.client.head_manifest(place.path, action.digest)
            await point_tags(place, action.floating_tags, action.digest)
        except ManifestNotFound:
            if action.build is None:
                raise
            return result_is_gone(facts, action.build, self._context.clock.now())
        return plan

    async def _result(self, facts: Facts, action: RebaseAction) -> RebaseResult:
        try:
            return await _rebase(self._context, facts.image, action)
        except (NotFound, UnsupportedManifest, DigestMismatch, ContentTooLarge) as error:
            # The digests of a build never change, so neither would the answer.
            return Refused(error.reason, str(error))
        except (AccessProblem, RegistryError, GitError, SecretUnavailable) as error:
            if is_overtaken(facts):
                return GivenUp(error.reason, str(error))
            raise


async def _rebase(context: Context, image: ManagedImage, action: RebaseAction) -> RebaseResult:
    client = await image_client(context, image)
    target = image_place(client, image)
    places = Places(target, await _base_place(context, image, action), target)
    recipe = None if action.allow_run else await read_recipe(context, image, action.commit)
    planned = await prepare(_order(action, recipe), places)
    if isinstance(planned, Refusal):
        return Refused(planned.reason, planned.message)
    try:
        digest = await publish(planned, places, action.tag, action.floating_tags)
    except TagTakenError:
        return NumberTaken(await next_number(image, client))
    return await _proven(places, digest, action)


async def _base_place(context: Context, image: ManagedImage, action: RebaseAction) -> Place:
    return await base_place(context, image, action.base_reference, action.base_registry)


async def _proven(places: Places, digest: str, action: RebaseAction) -> RebaseResult:
    """The result once the registry itself shows that it stands on the new base."""
    doubt = await verify_adopted(places.target, digest, places.base, action.base_digest)
    return Refused(doubt.reason, doubt.message) if doubt else Built(digest)


def _order(action: RebaseAction, recipe: Recipe | None) -> RebaseOrder:
    return RebaseOrder(
        source_digest=action.source_digest,
        old_base_digest=action.old_base_digest,
        new_base_digest=action.base_digest,
        base_name=action.base_reference,
        allow_run=action.allow_run,
        recipe=recipe,
    )
