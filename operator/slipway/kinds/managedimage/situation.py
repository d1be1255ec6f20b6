"""The facts about a ManagedImage with what most verdicts ask of them, and the status that follows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeAlias

from slipway.api.base import HandledRequest
from slipway.api.conditions import Reason
from slipway.api.managedimage import (
    BaseStatus,
    Build,
    BuildBase,
    BuildPhase,
    BuildSpec,
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
from slipway.kinds.managedimage.facts import Action, Facts, KnownBase, Source, UnknownBase
from slipway.kinds.managedimage.topics import base_topic, same_image, same_repository
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
    def build(self) -> BuildSpec:
        """How builds are made; every image with role Managed says it."""
        assert self.spec.build is not None
        return self.spec.build

    @property
    def missing(self) -> UnknownBase | None:
        """The first base whose digest nobody tells."""
        return next((base for base in self.facts.bases if isinstance(base, UnknownBase)), None)

    @property
    def known(self) -> tuple[KnownBase, ...]:
        """The bases whose digests are told."""
        return tuple(base for base in self.facts.bases if isinstance(base, KnownBase))

    @property
    def base(self) -> KnownBase:
        """The one base of a rebase; ask only once a verdict has made sure that it is known."""
        (base,) = self.known
        return base

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
        if self.facts.bases:
            update["bases"] = self._bases_now()
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
            allow_run=self.build.rebase.allow_run,
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
            bases=(BuildBase(reference=self.base.reference, digest=self.base.digest),),
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

    def promoted(self, image: BuiltImage, stands_on: Sequence[BuildBase]) -> ManagedImageStatus:
        """The status with an image that stands on these bases; nothing is due any more."""
        digests = {base_topic("", base.reference): base.digest for base in stands_on}
        bases = tuple(
            _standing_on(known, digests.get(base_topic("", known.reference))) for known in self.status.bases
        )
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
        bases = self.before.bases
        return any(
            bool(bases) and not same_repository(bases[0].reference, base.reference) for base in self.known
        )

    def _bases_now(self) -> tuple[BaseStatus, ...]:
        """What is known of each base; of one that nobody tells now, what was known before."""
        found = {}
        for number, base in enumerate(self.facts.bases):
            before = self._known_before(number, base.reference)
            if isinstance(base, KnownBase):
                found[base.reference] = self._base_status(base, before)
            elif before is not None:
                found[before.reference] = before
        return tuple(found.values())

    def _known_before(self, number: int, reference: str) -> BaseStatus | None:
        """What was known of a base, whatever it was called; a single one is that of before in any case."""
        bases = self.before.bases
        if len(bases) == len(self.facts.bases) == 1:
            return bases[number]
        return next((known for known in bases if same_image(known.reference, reference)), None)

    def _base_status(self, base: KnownBase, before: BaseStatus | None) -> BaseStatus:
        """What is known of a base; what the image stands on stays, whoever tells of the base now."""
        news = {
            "reference": base.reference,
            "latest_digest": base.digest,
            "warehouse": base.warehouse,
            "producer": base.producer,
        }
        if before is None:
            return BaseStatus.model_validate(news)
        moved = before.latest_digest != base.digest
        return before.model_copy(update={**news, "changed_at": self.now} if moved else news)

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
    return fitted(body, *builds.trimmable(status.image.build if status.image else None))


def short(digest: str) -> str:
    """A digest as messages name it."""
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}"


def _standing_on(known: BaseStatus, digest: str | None) -> BaseStatus:
    changed_at = None if known.latest_digest == digest else known.changed_at
    return known.model_copy(update={"built_digest": digest, "changed_at": changed_at})


def _handled(at: Situation, answered: Mapping[str, str]) -> tuple[HandledRequest, ...]:
    kept = {request.verb: request for request in at.before.handled_requests}
    for request in at.facts.requests:
        if request.verb in answered:
            result = answered[request.verb]
            kept[request.verb] = HandledRequest(
                verb=request.verb, at=request.at, result=result, by=request.by
            )
    return tuple(kept[verb] for verb in sorted(kept))


def _moves(at: Situation) -> tuple[EventNote, ...]:
    return tuple(_move(known, base) for base in at.known for known in _moved(at, base))


def _moved(at: Situation, base: KnownBase) -> list[BaseStatus]:
    """What was known of a base that has another digest now."""
    alike = (known for known in at.before.bases if same_image(known.reference, base.reference))
    return [known for known in alike if known.latest_digest not in {None, base.digest}]


def _move(before: BaseStatus, base: KnownBase) -> EventNote:
    moved = f"from {short(before.latest_digest or '')} to {short(base.digest)}"
    return EventNote(Reason.BASE_MOVED, f"Base {base.reference} moved {moved} ({base.teller})")


def _reasons_before(status: ManagedImageStatus) -> tuple[RebuildReason, ...]:
    return status.rebuild.reasons if status.rebuild else ()
