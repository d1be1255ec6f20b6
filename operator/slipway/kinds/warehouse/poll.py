"""Asking a registry what a subscription wants to know: one HEAD for a tag, a whole listing for a range."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from slipway.api import warehouse as api
from slipway.api.conditions import Reason
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.registry.access import AccessProblem, RegistryAccess, problem_outcome
from slipway.kinds.warehouse.filters import InvalidPattern
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.policies.ranges import InvalidRange
from slipway.kinds.warehouse.selection import Choice, Selector
from slipway.oci.client import RegistryClient
from slipway.oci.errors import (
    InvalidReference,
    ManifestNotFound,
    RateLimited,
    RegistryError,
    RepositoryNotFound,
)
from slipway.oci.reference import ImageReference

__all__ = ["poll"]

_MANY_TAGS: Final = 500
"""From here on choosing takes milliseconds, and is done in a thread so that other objects go on."""


async def poll(access: RegistryAccess, namespace: str, subscription: api.Subscription) -> Finding:
    """Look at what one subscription watches; whatever stands in the way becomes trouble, never an exception.

    Raises:
        KubeError: when the API server does not give the Secret.
    """
    image = subscription.image
    if image is None:
        message = f"subscription {subscription.name} needs the field image: add it"
        return Trouble(subscription.name, Stalled(Reason.INVALID_SPEC, message))
    try:
        selector, reference = Selector.of(image), ImageReference.parse(image.repository)
        registry = image.registry_ref.name if image.registry_ref else None
        client = (await access.client_for(namespace, reference, registry)).client
        return await _Look(subscription.name, image, reference, selector, client).make()
    except (InvalidRange, InvalidPattern, AccessProblem, RegistryError) as error:
        return Trouble(subscription.name, _outcome_of(error), refused_for=_refusal(error))


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one repository."""

    name: str
    image: api.ImageSubscription
    reference: ImageReference
    selector: Selector
    client: RegistryClient

    async def make(self) -> Finding:
        followed = self.selector.policy.follows
        if followed is not None:
            return await self._follow(followed)
        return await self._choose((await self.client.list_tags(self.reference.repository)).names)

    async def _follow(self, tag: str) -> Finding:
        try:
            return await self._found(tag, None)
        except ManifestNotFound:
            await self._require_repository()
            message = f"{self.image.repository} has no tag {tag}: push it, or correct policy.digest.tag"
            return Trouble(self.name, Waiting(Reason.TAG_NOT_FOUND, message))

    async def _require_repository(self) -> None:
        """Many registries say the same of a tag and of a whole repository that are not there; the list tells.

        Raises:
            RepositoryNotFound: when it is the repository.
        """
        try:
            await self.client.list_tags(self.reference.repository)
        except RepositoryNotFound:
            raise
        except RegistryError:
            # Whoever may read a tag need not be allowed to list: then it stays with the tag.
            return

    async def _choose(self, tags: Sequence[str]) -> Finding:
        if not tags:
            message = f"{self.image.repository} has no tags: push an image, or correct repository"
            return Trouble(self.name, Waiting(Reason.NO_TAGS, message))
        choice = await self._selected(tags)
        if choice.tag is None:
            return Trouble(self.name, Waiting(Reason.NO_TAG_MATCHES, self._no_match(choice)), choice)
        try:
            return await self._found(choice.tag, choice)
        except ManifestNotFound:
            # The next best is no substitute: a registry that lags behind its list would cause a downgrade.
            message = (
                f"{self.image.repository} lists tag {choice.tag} but has no manifest for it: "
                "push it again, or delete it"
            )
            return Trouble(self.name, Waiting(Reason.MANIFEST_NOT_FOUND, message))

    async def _selected(self, tags: Sequence[str]) -> Choice:
        if len(tags) < _MANY_TAGS:
            return self.selector.choose(tags)
        return await asyncio.to_thread(self.selector.choose, tags)

    async def _found(self, tag: str, choice: Choice | None) -> Found:
        """The digest of the chosen tag alone: a HEAD, which no registry counts as a pull."""
        descriptor = await self.client.head_manifest(self.reference.repository, tag)
        return Found(self.name, self.image.repository, tag, descriptor.digest, choice)

    def _no_match(self, choice: Choice) -> str:
        return (
            f"none of the {choice.tags} tags of {self.image.repository} is {self.selector.policy.wish} "
            f"({choice.account}): push one, or change the policy or the tags filter"
        )


def _outcome_of(error: InvalidRange | InvalidPattern | AccessProblem | RegistryError) -> Waiting | Stalled:
    match error:
        case InvalidRange():
            return Stalled(Reason.INVALID_RANGE, f"policy.semver.range: {error}")
        case InvalidPattern():
            return Stalled(Reason.INVALID_PATTERN, f"tags: {error}")
        case InvalidReference():
            return Stalled(Reason.INVALID_REFERENCE, f"repository: {error}")
        case AccessProblem():
            return error.outcome
        case _:
            return problem_outcome(error)


def _refusal(error: Exception) -> timedelta | None:
    """How long the registry does not want to be asked."""
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return None
