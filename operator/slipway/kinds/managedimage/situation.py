"""The facts about a ManagedImage with what most verdicts ask of them, and the status that follows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeAlias

from slipway.api.base import HandledRequest
from slipway.api.conditions import Reason
from slipway.api.managedimage import (
    BaseStatus,
    Build,
    BuildPhase,
    BuiltImage,
    ManagedImagePhase,
    ManagedImageSpec,
    ManagedImageStatus,
    RebuildReason,
    RebuildStatus,
    SourceStatus,
)
from slipway.build.tags import TagTemplate
from slipway.clock import format_time
from slipway.engine.outcome import EventNote, Outcome, Settled
from slipway.engine.reconcile import Plan
from slipway.engine.requests import RECONCILE, Request
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.bases import same_repository
from slipway.kinds.managedimage.facts import Action, Facts, KnownBase, Source
from slipway.kinds.sizes import fitted

__all__ = ["AT_ONCE", "REBUILD", "ImagePlan", "Situation", "as_json", "current", "plan", "short"]

ImagePlan: TypeAlias = "Plan[Action | None]"

REBUILD: Final = "rebuild"
"""The verb by which a person asks for a build: with policy Manual, or after one that failed."""

AT_ONCE: Final = timedelta(0)

_NOT_BUILT: Final = "the present spec has no build of this base and source build"


@dataclass(frozen=True)
class Situation:
    """One moment of one ManagedImage."""

    facts: Facts
    now: datetime

    @property
    def spec(self) -> ManagedImageSpec:
        """What the user wants."""
        return self.facts.image.spec

    @property
    def before(self) -> ManagedImageStatus:
        """The status as it was read."""
        return self.facts.image.status

    @property
    def base(self) -> KnownBase:
        """The base; ask only once a verdict has made sure that it is known."""
        assert isinstance(self.facts.base, KnownBase)
        return self.facts.base

    @property
    def source(self) -> Source:
        """The source build; ask only once a verdict has made sure that it was found."""
        assert isinstance(self.facts.source, Source)
        return self.facts.source

    @property
    def spec_changed(self) -> bool:
        """Whether the spec is another one than the status speaks of."""
        return self.before.observed_generation != self.facts.observed.generation

    @property
    def tried(self) -> tuple[str, ...]:
        """Keys of builds that failed by themselves."""
        return self.before.rebuild.tried if self.before.rebuild else ()

    @cached_property
    def status(self) -> ManagedImageStatus:
        """The status as read, with what the Warehouse and the registry say now put in."""
        update: dict[str, object] = {}
        if isinstance(self.facts.source, Source):
            source = self.facts.source
            update["source"] = SourceStatus(digest=source.digest, base_digest=source.base_digest)
        elif self._base_is_another():
            update["source"] = None  # what it stands on was found among the digests of the former base
        if isinstance(self.facts.base, KnownBase):
            update["bases"] = (self._base_status(self.facts.base),)
        return self.before.model_copy(update=update)

    def request(self, verb: str) -> Request | None:
        """The newest request of this verb that is not handled."""
        return next((request for request in reversed(self.facts.requests) if request.verb == verb), None)

    def answered(self, verb: str) -> datetime | None:
        """The time of the request of this verb that was handled last."""
        return next((request.at for request in self.before.handled_requests if request.verb == verb), None)

    def key(self, source: str, base: str, request: str | None = None) -> str:
        """The key of a build of these digests under the present spec."""
        return builds.key_of(
            self.spec.image.repository,
            (self.base.reference, base),
            source,
            allow_run=self.spec.build.rebase.allow_run,
            request=request,
        )

    @cached_property
    def wanted(self) -> Build:
        """The build that these facts call for, as it would be begun."""
        key, asked = self.key(self.source.digest, self.base.digest), self.request(REBUILD)
        if asked is not None and key in self.tried:
            key = self.key(self.source.digest, self.base.digest, format_time(asked.at))
        number = self.source.next_number
        return Build(
            number=number,
            key=key,
            phase=BuildPhase.BUILDING,
            reference=self._reference(number),
            reasons=self.reasons,
            started_at=self.now,
            source_digest=self.source.digest,
            base_digest=self.base.digest,
        )

    @property
    def begun(self) -> Build:
        """The wanted build; one of the same key that came to nothing is taken up again under its number."""
        earlier = builds.with_key(self.before.builds, self.wanted.key)
        return self.wanted if earlier is None else self.renumbered(self.wanted, earlier.number)

    def renumbered(self, build: Build, number: int) -> Build:
        """A build under another number, and so under another tag."""
        return build.model_copy(update={"number": number, "reference": self._reference(number)})

    @cached_property
    def reasons(self) -> tuple[RebuildReason, ...]:
        """Why a build is due, each since it was first seen."""
        known = {(reason.type, reason.detail): reason for reason in _reasons_before(self.before)}
        return tuple(known.get((reason.type, reason.detail), reason) for reason in self._reasons_now())

    def due(self) -> ManagedImageStatus:
        """The status with the reasons why a build is due."""
        return self.status.model_copy(
            update={"rebuild": RebuildStatus(reasons=self.reasons, tried=self.tried)}
        )

    def promoted(self, image: BuiltImage, base_digest: str) -> ManagedImageStatus:
        """The status with an image that stands on this base; nothing is due any more."""
        bases = tuple(_standing_on(known, base_digest) for known in self.status.bases)
        rebuild = RebuildStatus(tried=self.tried) if self.tried else None
        return self.status.model_copy(update={"image": image, "bases": bases, "rebuild": rebuild})

    def image_of(self, build: Build) -> BuiltImage:
        """What a succeeded build offers."""
        known = self.before.image
        if known is not None and (known.build, known.digest) == (build.number, build.digest):
            return known
        return BuiltImage(
            reference=build.reference,
            digest=build.digest or "",
            created_at=build.finished_at,
            build=build.number,
        )

    def _reference(self, number: int) -> str:
        tag = TagTemplate.parse(self.spec.image.tag).render(number)
        return f"{self.spec.image.repository}:{tag}"

    def _base_is_another(self) -> bool:
        base, bases = self.facts.base, self.before.bases
        return (
            isinstance(base, KnownBase)
            and bool(bases)
            and not same_repository(bases[0].reference, base.reference)
        )

    def _base_status(self, base: KnownBase) -> BaseStatus:
        """What is known of the base; what the image stands on stays, whatever the base is called now."""
        news = {"reference": base.reference, "latest_digest": base.digest, "warehouse": base.warehouse}
        if not self.before.bases:
            return BaseStatus.model_validate(news)
        moved = self.before.bases[0].latest_digest != base.digest
        return self.before.bases[0].model_copy(update={**news, "changed_at": self.now} if moved else news)

    def _reasons_now(self) -> list[RebuildReason]:
        found = [*self._base_reason(), *self._source_reason(), *self._request_reason()]
        return found or [RebuildReason(type="Configuration", detail=_NOT_BUILT, since=self.now)]

    def _base_reason(self) -> list[RebuildReason]:
        built_on = self.before.bases[0].built_digest if self.before.bases else None
        built_on = built_on or self.source.base_digest
        if built_on == self.base.digest:
            return []
        detail = f"{self.base.reference} moved from {short(built_on)} to {short(self.base.digest)}"
        return [RebuildReason(type="Base", detail=detail, since=self.now)]

    def _source_reason(self) -> list[RebuildReason]:
        is_made_of = builds.source_of(self.before)
        if is_made_of is None or is_made_of == self.source.digest:
            return []
        detail = f"the source build moved from {short(is_made_of)} to {short(self.source.digest)}"
        return [RebuildReason(type="Source", detail=detail, since=self.now)]

    def _request_reason(self) -> list[RebuildReason]:
        asked = self.request(REBUILD)
        if asked is None:
            return []
        detail = f"asked for at {format_time(asked.at)}"
        return [RebuildReason(type="Request", detail=detail, since=self.now)]


def current(at: Situation, status: ManagedImageStatus, *notes: EventNote) -> ImagePlan:
    """The plan for an image that stands on the newest base; without an effect."""
    assert status.image is not None
    message = f"{status.image.reference} stands on {at.base.reference} ({short(at.base.digest)})"
    outcome = Settled(Reason.CURRENT, message)
    return plan(at, status, outcome, ManagedImagePhase.CURRENT, notes, rebuild="AlreadyCurrent")


def plan(
    at: Situation,
    status: ManagedImageStatus,
    outcome: Outcome,
    phase: ManagedImagePhase,
    notes: tuple[EventNote, ...] = (),
    *,
    rebuild: str | None = None,
) -> ImagePlan:
    """A plan without an effect.

    Args:
        at: what it follows from.
        status: what there is to show beside the phase.
        outcome: what the run comes to.
        phase: in one word.
        notes: what happened.
        rebuild: what became of a request to rebuild; without it the request stays.
    """
    answered = {RECONCILE: "Looked", **({REBUILD: rebuild} if rebuild else {})}
    status = status.model_copy(update={"phase": phase, "handled_requests": _handled(at, answered)})
    events = (*at.facts.complaints, *_moves(at), *notes)
    return Plan(status=as_json(status), outcome=outcome, actions=None, events=events)


def as_json(status: ManagedImageStatus) -> Mapping[str, Any]:
    """A status as it is written, small enough for the API server."""
    body = status.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"conditions", "observed_generation"}
    )
    return fitted(body, builds.trimmable(status.image.build if status.image else None))


def short(digest: str) -> str:
    """A digest as messages name it."""
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}"


def _standing_on(known: BaseStatus, digest: str) -> BaseStatus:
    changed_at = None if known.latest_digest == digest else known.changed_at
    return known.model_copy(update={"built_digest": digest, "changed_at": changed_at})


def _handled(at: Situation, answered: Mapping[str, str]) -> tuple[HandledRequest, ...]:
    kept = {request.verb: request for request in at.before.handled_requests}
    for request in at.facts.requests:
        if request.verb in answered:
            result = answered[request.verb]
            kept[request.verb] = HandledRequest(verb=request.verb, at=request.at, result=result)
    return tuple(kept[verb] for verb in sorted(kept))


def _moves(at: Situation) -> tuple[EventNote, ...]:
    base, bases = at.facts.base, at.before.bases
    before = bases[0].latest_digest if bases else None
    if not isinstance(base, KnownBase) or before is None or before == base.digest:
        return ()
    moved = f"from {short(before)} to {short(base.digest)}"
    message = f"Base {base.reference} moved {moved} (Warehouse {base.warehouse})"
    return (EventNote(Reason.BASE_MOVED, message),)


def _reasons_before(status: ManagedImageStatus) -> tuple[RebuildReason, ...]:
    return status.rebuild.reasons if status.rebuild else ()
