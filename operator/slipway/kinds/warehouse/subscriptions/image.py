"""Subscriptions of type Image: the tag that a policy chooses, and the digest it points at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from slipway.api import warehouse as api
from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactImage
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.context import Context
from slipway.kinds.warehouse.examination import examine
from slipway.kinds.warehouse.explanation import Explanation, explain, in_words
from slipway.kinds.warehouse.findings import Finding, Found, Ripening, Trouble
from slipway.kinds.warehouse.images import picked_before, recorded, rules_of, sightings, to_seen, was_scanned
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.subscriptions.asking import Asking
from slipway.kinds.warehouse.subscriptions.driving import drive
from slipway.kinds.warehouse.subscriptions.throttling import why_throttled
from slipway.kinds.warehouse.subscriptions.trouble import trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment
from slipway.kinds.warehouse.verdicts import (
    Examined,
    Kept,
    ManifestMissing,
    NothingFits,
    Picked,
    Situation,
    TooManyTags,
)
from slipway.oci.errors import (
    PullLimitReached,
    RegistryError,
    RepositoryNotFound,
)
from slipway.oci.reference import ImageReference
from slipway.oci.results import TagsList

__all__ = ["ImageWatch"]


@dataclass(frozen=True, slots=True)
class ImageWatch:
    """Looks at one repository."""

    context: Context
    namespace: str
    name: str
    spec: api.ImageSubscription
    minimum_age: timedelta

    @property
    def place(self) -> str:
        """The repository."""
        return self.spec.repository

    async def dependency(self, *, troubled: bool) -> Dependency:
        """The Registry that it goes through, as it is now."""
        registries = self.context.registries
        way = registries.way(self.namespace, self.spec.repository, self._registry, with_secrets=troubled)
        return Dependency(*await way)

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """List, choose, and ask what the chosen tag points at; what rests on the same answers stays."""
        if moment.last is not None and await self._still_holds(moment.last, moment):
            return moment.last
        return await (await self._prepared(moment, before)).make()

    async def explain(self, tag: str, moment: Moment, before: Artifact | None) -> Explanation:
        """Why a tag is chosen, or is not, by a look as `look` makes it."""
        return await (await self._prepared(moment, before)).explain(tag)

    async def _prepared(self, moment: Moment, before: Artifact | None) -> _Look:
        return _Look(self, Selector.of(self.spec), await self._asking(moment), moment, before)

    async def _still_holds(self, last: Found, moment: Moment) -> bool:
        if last.evidence is None:
            return False
        asking = await self._asking(moment)
        return await asking.confirms(last.evidence) and why_throttled(asking.access) == last.throttled

    async def _asking(self, moment: Moment) -> Asking:
        reference = ImageReference.parse(self.spec.repository)
        access = await self.context.registries.client_for(
            self.namespace, reference, self._registry, moment.secrets_since
        )
        return Asking(self.context.lookups, access, reference.repository, moment)

    @property
    def _registry(self) -> str | None:
        return self.spec.registry_ref.name if self.spec.registry_ref is not None else None


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one repository."""

    watch: ImageWatch
    selector: Selector
    asking: Asking
    moment: Moment
    before: Artifact | None

    async def make(self) -> Finding:
        """The finding; that the pulls are used up is told with what is known of the quota."""
        try:
            return await self._found_out()
        except PullLimitReached as error:
            return replace(trouble_of(self.watch.name, error), throttled=why_throttled(self.asking.access))

    async def _found_out(self) -> Finding:
        followed = self.selector.policy.follows
        if followed is not None:
            return await self._finding(None, await self._examined(TagsList(self.asking.path, (followed,))))
        listing = await self.asking.tags()
        if not listing.names:
            message = f"{self._repository} has no tags: push an image, or correct repository"
            return self._trouble(Waiting(Reason.NO_TAGS, message))
        return await self._finding(listing, await self._examined(listing))

    async def explain(self, tag: str) -> Explanation:
        followed = self.selector.policy.follows
        if followed is None:
            listing = await self.asking.tags()
            return explain(tag, self.selector, listing, await self._examined(listing))
        examined = await self._examined(TagsList(self.asking.path, (followed,)))
        return explain(tag, self.selector, await self._listing_beside(followed, tag), examined)

    async def _listing_beside(self, followed: str, tag: str) -> TagsList:
        """All tags; whoever may read the one that is followed need not be allowed to list them."""
        try:
            return await self.asking.tags()
        except RegistryError:
            return TagsList(self.asking.path, tuple(dict.fromkeys((followed, tag))))

    # --- the pure flow, and what it wants to know

    async def _examined(self, listing: TagsList) -> Examined:
        image = self.before.image if self.before is not None else None
        seen = sightings(self.before.seen if self.before is not None else ())
        situation = Situation(self.moment.now, picked_before(image), seen, was_scanned(self.before))
        rules = rules_of(self.watch.spec, self.watch.minimum_age)
        flow = examine(self.selector, listing, rules, situation)
        return await drive(flow, len(listing), lambda question: self.asking.answer(question, listing))

    # --- what it came to

    async def _finding(self, listing: TagsList | None, examined: Examined) -> Finding:
        ripening = Ripening(to_seen(examined.seen), examined.mature_at)
        match examined.verdict:
            case Picked() as picked:
                return await self._found(picked, listing, examined, ripening)
            case Kept(current) as kept if kept.listed:
                return await self._found(current, listing, examined, ripening)
            case Kept(current):
                message = (
                    f"{self._repository} has no tag {current.tag} any longer, and nothing newer: "
                    f"{current.digest} stays"
                )
                return self._trouble(Waiting(Reason.TAG_DELETED, message), examined, ripening)
            case ManifestMissing(tag):
                return self._trouble(await self._missing(tag), examined, ripening)
            case NothingFits():
                return self._trouble(
                    Waiting(Reason.NO_TAG_MATCHES, self._no_match(examined)), examined, ripening
                )
            case TooManyTags(passing, limit):
                message = (
                    f"{passing} tags of {self._repository} pass the filter, and each would have to be asked "
                    f"for its time: narrow tags.include to at most {limit}, or choose another policy"
                )
                return self._trouble(Stalled(Reason.TOO_MANY_TAGS, message), examined)

    async def _found(
        self, picked: Picked, listing: TagsList | None, examined: Examined, ripening: Ripening
    ) -> Found:
        image = await self._artifact(picked)
        return Found(
            name=self.watch.name,
            content=image,
            choice=None if listing is None else examined.choice,
            ripening=ripening,
            throttled=why_throttled(self.asking.access),
            moved_to=examined.moved_to,
            evidence=None if self.watch.minimum_age else self.asking.evidence(listing),
        )

    def _trouble(
        self,
        outcome: Waiting | Stalled,
        examined: Examined | None = None,
        ripening: Ripening | None = None,
    ) -> Trouble:
        choice = examined.choice if examined is not None and not self.selector.policy.follows else None
        return Trouble(
            self.watch.name, outcome, choice, ripening, throttled=why_throttled(self.asking.access)
        )

    async def _artifact(self, picked: Picked) -> ArtifactImage:
        """What is told of the chosen image: what is known already, else what its manifest says."""
        known = self.before.image if self.before is not None else None
        is_described = known is not None and known.digest == picked.digest and bool(known.platforms)
        info = None if is_described else await self.asking.description(picked.digest)
        return recorded(self._repository, picked, known if is_described else None, info)

    async def _missing(self, tag: str) -> Waiting:
        if self.selector.policy.follows is None:
            # The next best is no substitute: a registry that lags behind its list would cause a downgrade.
            message = (
                f"{self._repository} lists tag {tag} but has no manifest for it: push it again, or delete it"
            )
            return Waiting(Reason.MANIFEST_NOT_FOUND, message)
        await self._require_repository()
        known = self.before.image if self.before is not None else None
        stays = f"; {known.digest} stays" if known is not None and known.digest else ""
        message = f"{self._repository} has no tag {tag}: push it, or correct policy.digest.tag{stays}"
        return Waiting(Reason.TAG_NOT_FOUND, message)

    async def _require_repository(self) -> None:
        """Many registries say the same of a tag and of a whole repository that are not there; the list tells.

        Raises:
            RepositoryNotFound: when it is the repository.
        """
        try:
            await self.asking.tags()
        except RepositoryNotFound:
            raise
        except RegistryError:
            # Whoever may read a tag need not be allowed to list: then it stays with the tag.
            return

    def _no_match(self, examined: Examined) -> str:
        choice = examined.choice
        if examined.refusals:
            return (
                f"{len(examined.refusals)} of the {choice.tags} tags of {self._repository} would do by name, "
                f"and none may be taken: {in_words(examined.refusals.values())} (of all: {choice.account}): "
                "push one that may, or change platforms or minimumAge"
            )
        return (
            f"none of the {choice.tags} tags of {self._repository} is {self.selector.policy.wish} "
            f"({choice.account}): push one, or change the policy or the tags filter"
        )

    @property
    def _repository(self) -> str:
        return self.watch.spec.repository
