"""What to do about a ManagedImage: pure, an ordered list of verdicts, of which the first to speak counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from slipway.engine.outcome import Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import EventNote, Plan
from slipway.engine.requests import RECONCILE, Request
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import (
    Built,
    Facts,
    KnownBase,
    NumberTaken,
    RebaseAction,
    RebaseResult,
    Refused,
    Source,
)
from slipway.kinds.sizes import fitted

__all__ = ["REBUILD", "ImagePlan", "conclude", "decide", "needs_registry"]

ImagePlan: TypeAlias = "Plan[RebaseAction | None]"

REBUILD: Final = "rebuild"
"""The verb by which a person asks for a build: with policy Manual, or after one that failed."""

_AT_ONCE: Final = timedelta(0)


@dataclass(frozen=True)
class Situation:
    """The facts, with what most verdicts ask of them."""

    facts: Facts
    now: datetime

    @property
    def spec(self) -> ManagedImageSpec:
        return self.facts.image.spec

    @cached_property
    def status(self) -> ManagedImageStatus:
        """The status as read, with what the Warehouse and the registry say now put in."""
        return _with_news(self.facts, self.now)

    @property
    def base(self) -> KnownBase:
        assert isinstance(self.facts.base, KnownBase)
        return self.facts.base

    @property
    def source(self) -> Source:
        assert isinstance(self.facts.source, Source)
        return self.facts.source

    def request(self, verb: str) -> Request | None:
        return next((request for request in reversed(self.facts.requests) if request.verb == verb), None)

    @cached_property
    def key(self) -> str:
        """The key of the build that these facts call for, when nobody asks to repeat a failed one."""
        return self.key_with(None)

    def key_with(self, request: str | None) -> str:
        return builds.key_of(
            self.spec.image.repository,
            (self.base.reference, self.base.digest),
            self.source.digest,
            allow_run=self.spec.build.rebase.allow_run,
            request=request,
        )


def needs_registry(facts: Facts) -> bool:
    """Whether the source build has to be looked at before anything can be decided.

    Not while a build is under way (it goes on with what it was begun with) nor while nothing has changed.
    """
    status, base = facts.image.status, facts.base
    if not isinstance(base, KnownBase) or builds.under_way(status.builds):
        return False
    stands_on = status.bases[0].built_digest if status.bases else None
    is_made_of = builds.source_of(status)
    return (
        status.observed_generation != facts.observed.generation
        or (status.source is None or status.source.digest != is_made_of)
        or stands_on != base.digest
        or bool(facts.requests)
    )


def decide(facts: Facts, now: datetime) -> ImagePlan:
    """The plan for one ManagedImage at one moment."""
    situation = Situation(facts, now)
    return next(plan for verdict in _VERDICTS if (plan := verdict(situation)) is not None)


# --- the verdicts


def _go_on_building(at: Situation) -> ImagePlan | None:
    build = builds.under_way(at.facts.image.status.builds)
    if build is None:
        return None
    return Plan(
        status=_json(at.facts.image.status),
        outcome=Waiting(Reason.BUILDING, f"Build {build.number} is under way", _AT_ONCE),
        actions=_rebase(at, build),
    )


def _stay_suspended(at: Situation) -> ImagePlan | None:
    if not at.spec.suspend:
        return None
    status = at.facts.image.status.model_copy(update={"phase": ManagedImagePhase.SUSPENDED})
    message = "Suspended: no build is begun until spec.suspend is false"
    return Plan(status=_json(status), outcome=Settled(Reason.SUSPENDED, message, None), actions=None)


def _wait_for_base(at: Situation) -> ImagePlan | None:
    if isinstance(at.facts.base, KnownBase):
        return None
    assert at.facts.base is not None
    return _plan(at, at.status, at.facts.base, ManagedImagePhase.WAITING)


def _wait_for_source(at: Situation) -> ImagePlan | None:
    if at.facts.source is None or isinstance(at.facts.source, Source):
        return None
    phase = ManagedImagePhase.FAILED if isinstance(at.facts.source, Stalled) else ManagedImagePhase.WAITING
    return _plan(at, at.status, at.facts.source, phase)


def _nothing_changed(at: Situation) -> ImagePlan | None:
    return _current(at, at.status) if at.facts.source is None else None


def _source_is_current(at: Situation) -> ImagePlan | None:
    if at.source.base_digest != at.base.digest:
        return None
    reference = f"{at.spec.image.repository}:{at.spec.build.rebase.from_.tag}"
    image = at.status.image
    if image is None or (image.reference, image.digest) != (reference, at.source.digest):
        image = BuiltImage(reference=reference, digest=at.source.digest, created_at=at.now)
    return _current(at, _promoted(at, image))


def _build_is_there(at: Situation) -> ImagePlan | None:
    build = builds.succeeded(at.status.builds, at.source.digest, at.base.digest)
    return None if build is None else _current(at, _promoted(at, _image_of(at, build)))


def _build_failed_before(at: Situation) -> ImagePlan | None:
    tried = at.status.rebuild.tried if at.status.rebuild else ()
    if at.key not in tried or at.request(REBUILD) is not None:
        return None
    failed = next((build for build in at.status.builds if build.phase == BuildPhase.FAILED), None)
    outcome = Stalled(Reason.BUILD_FAILED, _failure(failed))
    return _plan(at, _due(at), outcome, ManagedImagePhase.FAILED)


def _wait_for_person(at: Situation) -> ImagePlan | None:
    if at.spec.rebuild.policy != "Manual" or at.request(REBUILD) is not None:
        return None
    message = (
        f"{_short_reason(at)}; rebuild.policy is Manual: annotate with "
        f"slipway.dev/rebuild={format_time(at.now)} (the time of asking) to rebuild"
    )
    return _plan(at, _due(at), Settled(Reason.OUTDATED, message, None), ManagedImagePhase.OUTDATED)


def _begin_build(at: Situation) -> ImagePlan:
    asked = at.request(REBUILD)
    tried = at.status.rebuild.tried if at.status.rebuild else ()
    key = at.key_with(format_time(asked.at)) if asked and at.key in tried else at.key
    due = _due(at)
    reasons = due.rebuild.reasons if due.rebuild else ()
    build = builds.begin(
        at.source.next_number,
        key,
        reasons=reasons,
        source=at.source.digest,
        base=at.base.digest,
        now=at.now,
    )
    status = due.model_copy(update={"builds": (build, *due.builds)})
    note = EventNote(Reason.BUILD_STARTED, f"Began build {build.number}: {_short_reason(at)}")
    outcome = Waiting(Reason.BUILDING, f"Build {build.number} is under way", _AT_ONCE)
    return _plan(at, status, outcome, ManagedImagePhase.BUILDING, (note,), handled="Started")


_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    _go_on_building,  # a build that was begun is finished first, whatever changed since
    _stay_suspended,  # nothing new is begun
    _wait_for_base,  # no Warehouse, or it has found nothing yet
    _wait_for_source,  # the registry does not answer, or the source build cannot be judged
    _nothing_changed,  # the image stands on the newest base, and nobody asked for a look
    _source_is_current,  # the pipeline's own build stands on the newest base
    _build_is_there,  # these inputs were built already: promoted, not repeated
    _build_failed_before,  # these inputs failed by themselves: a person must change something
    _wait_for_person,  # policy Manual, and nobody asked yet
    _begin_build,  # recorded first, done in the next run
)


# --- the end of a build


def conclude(facts: Facts, plan: ImagePlan, result: RebaseResult, now: datetime) -> ImagePlan:
    """The plan after its rebase was done: the build under way gets its end, and the image its place."""
    build = builds.under_way(facts.image.status.builds)
    assert build is not None
    situation = Situation(facts, now)
    match result:
        case Built(digest):
            return _conclude_built(situation, build, digest)
        case Refused(reason, message):
            return _conclude_refused(situation, build, reason, message)
        case NumberTaken(next_number):
            return _renumber(plan, situation, build, next_number)


def _conclude_built(at: Situation, build: Build, digest: str) -> ImagePlan:
    ended = builds.end(build, BuildPhase.SUCCEEDED, at.now, digest=digest)
    status = _ended(at, build, ended)
    status = status.model_copy(update={"image": _image_of(at, ended), "bases": _built_on(status, build)})
    status = status.model_copy(update={"rebuild": _nothing_due(status)})
    pushed = f"Build {build.number} pushed {_image_of(at, ended).reference} ({_short(digest)})"
    note = EventNote(Reason.BUILD_SUCCEEDED, f"{pushed} on base {_short(build.base_digest or '')}")
    base = at.facts.base
    if isinstance(base, KnownBase) and base.digest == build.base_digest and not at.facts.requests:
        return _current(at, status, (note,))
    # The base has moved on, or somebody has asked for something: the next run says what follows from that.
    return _plan(at, status, Waiting(Reason.BUILDING, pushed, _AT_ONCE), ManagedImagePhase.BUILDING, (note,))


def _conclude_refused(at: Situation, build: Build, reason: str, message: str) -> ImagePlan:
    ended = builds.end(build, BuildPhase.FAILED, at.now, message=message)
    status = _ended(at, build, ended)
    rebuild = status.rebuild or RebuildStatus()
    tried = builds.remember_tried(rebuild.tried, build.key)
    status = status.model_copy(update={"rebuild": rebuild.model_copy(update={"tried": tried})})
    note = EventNote(
        Reason.BUILD_FAILED, f"Build {build.number} was refused ({reason}): {message}", "Warning"
    )
    return _plan(at, status, Stalled(reason, _failure(ended)), ManagedImagePhase.FAILED, (note,))


def _renumber(plan: ImagePlan, at: Situation, build: Build, next_number: int) -> ImagePlan:
    renumbered = build.model_copy(update={"number": next_number})
    kept = builds.replace(at.facts.image.status.builds, renumbered, build.number)
    message = f"The tag of build {build.number} was taken meanwhile; it goes on as build {next_number}"
    status = at.facts.image.status.model_copy(update={"builds": kept})
    return replace(
        plan, status=_json(status), outcome=Waiting(Reason.BUILDING, message, _AT_ONCE), actions=None
    )


def _ended(at: Situation, build: Build, ended: Build) -> ManagedImageStatus:
    status = at.facts.image.status
    kept = builds.trim(builds.replace(status.builds, ended, build.number), at.spec.build.history)
    return status.model_copy(update={"builds": kept})


# --- parts of the status


def _with_news(facts: Facts, now: datetime) -> ManagedImageStatus:
    status = facts.image.status
    update: dict[str, object] = {}
    if isinstance(facts.source, Source):
        update["source"] = SourceStatus(digest=facts.source.digest, base_digest=facts.source.base_digest)
    if isinstance(facts.base, KnownBase):
        update["bases"] = (_base_status(status, facts.base, now),)
    return status.model_copy(update=update)


def _base_status(status: ManagedImageStatus, base: KnownBase, now: datetime) -> BaseStatus:
    """What is known of the base. What the image stands on stays, under whichever name the base goes now."""
    news = {"reference": base.reference, "latest_digest": base.digest, "warehouse": base.warehouse}
    if not status.bases:
        return BaseStatus.model_validate(news)
    moved = status.bases[0].latest_digest != base.digest
    return status.bases[0].model_copy(update={**news, "changed_at": now} if moved else news)


def _promoted(at: Situation, image: BuiltImage) -> ManagedImageStatus:
    """The status with an image that stands on the newest base."""
    on_base = tuple(
        known.model_copy(update={"built_digest": at.base.digest, "changed_at": None})
        for known in at.status.bases
    )
    status = at.status.model_copy(update={"image": image, "bases": on_base})
    return status.model_copy(update={"rebuild": _nothing_due(status)})


def _built_on(status: ManagedImageStatus, build: Build) -> tuple[BaseStatus, ...]:
    return tuple(known.model_copy(update={"built_digest": build.base_digest}) for known in status.bases)


def _nothing_due(status: ManagedImageStatus) -> RebuildStatus | None:
    tried = status.rebuild.tried if status.rebuild else ()
    return RebuildStatus(tried=tried) if tried else None


def _due(at: Situation) -> ManagedImageStatus:
    """The status with the reasons why a build is due, each since it was first seen."""
    known = {reason.type: reason for reason in (at.status.rebuild.reasons if at.status.rebuild else ())}
    reasons = tuple(
        reason.model_copy(update={"since": known[reason.type].since})
        if reason.type in known and known[reason.type].detail == reason.detail
        else reason
        for reason in _reasons(at)
    )
    tried = at.status.rebuild.tried if at.status.rebuild else ()
    return at.status.model_copy(update={"rebuild": RebuildStatus(reasons=reasons, tried=tried)})


def _reasons(at: Situation) -> tuple[RebuildReason, ...]:
    reasons = []
    built_on = next((known.built_digest for known in at.status.bases), None) or at.source.base_digest
    if built_on != at.base.digest:
        detail = f"{at.base.reference} moved from {_short(built_on)} to {_short(at.base.digest)}"
        reasons.append(RebuildReason(type="Base", detail=detail, since=at.now))
    is_made_of = builds.source_of(at.facts.image.status)
    if is_made_of not in {None, at.source.digest}:
        detail = f"the source build moved from {_short(is_made_of or '')} to {_short(at.source.digest)}"
        reasons.append(RebuildReason(type="Source", detail=detail, since=at.now))
    asked = at.request(REBUILD)
    if asked is not None:
        reasons.append(
            RebuildReason(type="Request", detail=f"asked for at {format_time(asked.at)}", since=at.now)
        )
    return tuple(reasons) or (RebuildReason(type="Configuration", detail="the spec changed", since=at.now),)


def _image_of(at: Situation, build: Build) -> BuiltImage:
    tag = TagTemplate.parse(at.spec.image.tag).render(build.number)
    known = at.facts.image.status.image
    if known is not None and known.build == build.number and known.digest == build.digest:
        return known
    return BuiltImage(
        reference=f"{at.spec.image.repository}:{tag}",
        digest=build.digest or "",
        created_at=build.finished_at,
        build=build.number,
    )


def _rebase(at: Situation, build: Build) -> RebaseAction:
    """The build as it was begun: its own digests count, not what the spec and the registry say by now."""
    spec, status = at.spec, at.facts.image.status
    (base,) = status.bases
    assert status.source is not None
    return RebaseAction(
        tag=TagTemplate.parse(spec.image.tag).render(build.number),
        floating_tags=spec.image.floating_tags,
        source_digest=build.source_digest or "",
        old_base_digest=status.source.base_digest,
        base_reference=base.reference,
        base_digest=build.base_digest or "",
        allow_run=spec.build.rebase.allow_run,
    )


# --- plans


def _current(at: Situation, status: ManagedImageStatus, notes: tuple[EventNote, ...] = ()) -> ImagePlan:
    assert status.image is not None
    message = f"{status.image.reference} stands on {at.base.reference} ({_short(at.base.digest)})"
    outcome = Settled(Reason.CURRENT, message, None)
    return _plan(at, status, outcome, ManagedImagePhase.CURRENT, notes, handled="AlreadyCurrent")


def _plan(
    at: Situation,
    status: ManagedImageStatus,
    outcome: Outcome,
    phase: ManagedImagePhase,
    notes: tuple[EventNote, ...] = (),
    *,
    handled: str | None = None,
) -> ImagePlan:
    """A plan without an effect; `handled` says what became of the new requests, where something did."""
    if handled is not None:
        status = status.model_copy(update={"handled_requests": _handled(at, handled)})
    status = status.model_copy(update={"phase": phase})
    outcome = replace(outcome, message="; ".join((outcome.message, *at.facts.request_problems)))
    return Plan(status=_json(status), outcome=outcome, actions=None, events=(*_moves(at), *notes))


def _handled(at: Situation, result: str) -> tuple[HandledRequest, ...]:
    """The latest request of each verb with what became of it."""
    kept = {request.verb: request for request in at.facts.image.status.handled_requests}
    for request in at.facts.requests:
        became = "Looked" if request.verb == RECONCILE else result
        kept[request.verb] = HandledRequest(verb=request.verb, at=request.at, result=became)
    return tuple(kept[verb] for verb in sorted(kept))


def _moves(at: Situation) -> tuple[EventNote, ...]:
    base, bases = at.facts.base, at.facts.image.status.bases
    before = bases[0].latest_digest if bases else None
    if not isinstance(base, KnownBase) or before in {None, base.digest}:
        return ()
    moved = f"from {_short(before or '')} to {_short(base.digest)}"
    message = f"Base {base.reference} moved {moved} (Warehouse {base.warehouse})"
    return (EventNote(Reason.BASE_MOVED, message),)


def _short_reason(at: Situation) -> str:
    return "; ".join(reason.detail for reason in _reasons(at))


def _failure(build: Build | None) -> str:
    if build is None:
        return "These inputs were built before and failed; annotate with slipway.dev/rebuild to try again"
    return f"Build {build.number}: {build.message}"


def _short(digest: str) -> str:
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}"


def _json(status: ManagedImageStatus) -> Mapping[str, Any]:
    body = status.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"conditions", "observed_generation"}
    )
    return fitted(body, builds.trimmable(status.image.build if status.image else None))
